# SPDX-License-Identifier: Apache-2.0
"""Whole scans: the documents that the shipped recordings of the real lab must give."""
