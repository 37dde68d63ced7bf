# SPDX-License-Identifier: Apache-2.0
"""Real clouds in small: whole scans of setups from public reports, each with the right result and its reason."""
