# SPDX-License-Identifier: Apache-2.0
"""Floor 3: fetchers. Each has a generator that yields queries and receives answers; none does I/O."""
