# SPDX-License-Identifier: Apache-2.0
"""Golden pairs of the parsers, equal rows from JSON and text, hostile texts."""
