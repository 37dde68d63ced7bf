# SPDX-License-Identifier: Apache-2.0
"""Floor 2: where answers come from. Only sources and stores do I/O."""
