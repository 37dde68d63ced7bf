# SPDX-License-Identifier: Apache-2.0
"""Whole scans: what the shipped recordings of the real lab have to give."""
