# SPDX-License-Identifier: Apache-2.0
"""Webhooks: changes of the picture, sent to URLs as signed messages, at least once each."""
