# SPDX-License-Identifier: Apache-2.0
"""Fetchers that read the OpenStack API and what the database adds to it."""
