# SPDX-License-Identifier: Apache-2.0
"""Floor 4: analysis. Answers questions about a stored picture; asks no source and changes nothing."""
