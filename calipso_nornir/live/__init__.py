# SPDX-License-Identifier: Apache-2.0
"""Live: notifications keep the picture true between scans (decision 22)."""
