# SPDX-License-Identifier: Apache-2.0
"""Tests of what is shipped: it is built, installed into an environment of its own, and used from there."""
