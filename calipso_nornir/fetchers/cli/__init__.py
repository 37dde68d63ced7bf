# SPDX-License-Identifier: Apache-2.0
"""Fetchers that read what the hosts' own tools report."""
