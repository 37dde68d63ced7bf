# SPDX-License-Identifier: Apache-2.0
"""Monitoring: which check runs where, what its results mean for objects, and who is notified (decision 23)."""
