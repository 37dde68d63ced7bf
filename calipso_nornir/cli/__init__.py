# SPDX-License-Identifier: Apache-2.0
"""The command line: ``calipso``."""

from __future__ import annotations

from calipso_nornir.cli.main import main

__all__ = ["main"]
