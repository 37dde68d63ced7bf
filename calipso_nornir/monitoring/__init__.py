# SPDX-License-Identifier: Apache-2.0
"""Monitoring: which check runs where, what its results say about objects, and how others are told (decision 23)."""
