# SPDX-License-Identifier: Apache-2.0
"""Monitoring systems that run checks: renders each one's configuration, and reads its messages."""
