# SPDX-License-Identifier: Apache-2.0
"""Fetchers of what the OpenStack API provides (and the database adds)."""
