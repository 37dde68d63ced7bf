# SPDX-License-Identifier: Apache-2.0
"""Tests of the metadata: their faults, overlays and schemas."""
