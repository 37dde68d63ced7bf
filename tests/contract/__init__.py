# SPDX-License-Identifier: Apache-2.0
"""Tests against the real components on the other side."""
