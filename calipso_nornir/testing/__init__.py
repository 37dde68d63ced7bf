# SPDX-License-Identifier: Apache-2.0
"""Shipped for third parties: what a plug-in's or a parser's own tests are made of.

- ``drive`` runs a fetcher on canned answers, without engine, source or store;
- ``CannedSource`` answers a whole scan in place of the real world;
- ``thing`` and ``view`` make objects and views of them by hand, ``connect`` runs link finders on one, ``told`` words
  the links;
- ``calipso_nornir.testing.parser_cases`` runs golden pairs of parsers.
"""

from __future__ import annotations

from calipso_nornir.testing.canned import CannedSource
from calipso_nornir.testing.driving import AT, Driven, drive
from calipso_nornir.testing.views import ENVIRONMENT, connect, thing, told, view

__all__ = ["AT", "ENVIRONMENT", "CannedSource", "Driven", "connect", "drive", "thing", "told", "view"]
