# SPDX-License-Identifier: Apache-2.0
"""Monitoring systems that run the checks and bring the results: each is told what to run, and read as it speaks."""
