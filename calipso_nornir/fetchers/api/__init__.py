# SPDX-License-Identifier: Apache-2.0
"""Fetchers that read the OpenStack API, and the facts that only OpenStack's database has."""
