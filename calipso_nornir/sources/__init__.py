# SPDX-License-Identifier: Apache-2.0
"""Floor 2: where answers come from. The only place, with the store, that does I/O."""
