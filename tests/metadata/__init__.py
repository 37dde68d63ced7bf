# SPDX-License-Identifier: Apache-2.0
"""Tests of the metadata: what is wrong with it, what lies over it, its schemas."""
