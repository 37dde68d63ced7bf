# SPDX-License-Identifier: Apache-2.0
"""Tests against the running lab: a real OpenStack."""
