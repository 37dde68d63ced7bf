# SPDX-License-Identifier: Apache-2.0
"""Floor 1: texts of tools become typed rows. A text of unknown shape is an error, never an empty list."""
