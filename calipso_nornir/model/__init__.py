# SPDX-License-Identifier: Apache-2.0
"""Floor 0: the words everything else speaks in. Standard library only, no I/O."""
