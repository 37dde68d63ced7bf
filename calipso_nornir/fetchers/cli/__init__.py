# SPDX-License-Identifier: Apache-2.0
"""Fetchers of what the hosts' own tools report."""
