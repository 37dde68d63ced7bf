# SPDX-License-Identifier: Apache-2.0
"""Shipped for third parties: what a plug-in's or a parser's own tests are made of."""
