# SPDX-License-Identifier: Apache-2.0
"""Fetchers of what the OpenStack API tells (and the database adds)."""
