# SPDX-License-Identifier: Apache-2.0
"""Discovers what a cloud's virtual network really is, and keeps that picture true."""
