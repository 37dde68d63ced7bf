# SPDX-License-Identifier: Apache-2.0
"""Live updates: notifications keep the picture up to date between scans (decision 22)."""
