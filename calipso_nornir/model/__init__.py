# SPDX-License-Identifier: Apache-2.0
"""Floor 0: the values and protocols that everything else uses. Standard library only, no I/O."""
