# SPDX-License-Identifier: Apache-2.0
"""Tests of what is shipped: built, installed into an environment of its own, and used from there."""
