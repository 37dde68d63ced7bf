# SPDX-License-Identifier: Apache-2.0
"""Checks before a scan: whether everything that an environment names answers, and whether it suffices."""
