# SPDX-License-Identifier: Apache-2.0
"""Floor 3: fetchers. Each is a generator that yields queries and is sent answers; none does I/O."""
