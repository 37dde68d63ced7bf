# SPDX-License-Identifier: Apache-2.0
"""Floor 1: turns the output of tools into typed rows. Output of an unknown shape is an error, never an empty list."""
