# SPDX-License-Identifier: Apache-2.0
"""Commands on hosts, over SSH: one connection per host and scan, one framed script per host and round."""

from __future__ import annotations

from calipso_nornir.sources.cli.limits import Limits
from calipso_nornir.sources.cli.prefixes import Prefixes
from calipso_nornir.sources.cli.source import CliSource

__all__ = ["CliSource", "Limits", "Prefixes"]
