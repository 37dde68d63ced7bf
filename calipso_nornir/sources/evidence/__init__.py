# SPDX-License-Identifier: Apache-2.0
"""Answers a scan from files that somebody has collected: outputs of commands, one folder a host, or sosreports."""
