# SPDX-License-Identifier: Apache-2.0
"""Golden pairs of the parsers, both roads held equal, hostile texts."""
