# SPDX-License-Identifier: Apache-2.0
"""Real clouds in small: whole scans of shapes that public reports show, each with what is right and why."""
