# SPDX-License-Identifier: Apache-2.0
"""Tests against the real component on the other side."""
