# SPDX-License-Identifier: Apache-2.0
"""Answers a scan from collected files: outputs of commands in a folder for each host, or sosreports."""
