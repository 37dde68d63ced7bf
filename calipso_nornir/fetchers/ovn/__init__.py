# SPDX-License-Identifier: Apache-2.0
"""Fetchers that read OVN's databases."""
