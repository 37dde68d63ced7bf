# SPDX-License-Identifier: Apache-2.0
"""Tools for third parties' tests of their plug-ins and parsers.

- ``drive`` runs a fetcher on canned answers, without engine, source or store;
- ``CannedSource`` answers the queries of a whole scan;
- ``thing`` makes an object and ``view`` a view of objects, ``connect`` runs link finders on a view, and ``told``
  returns links as text;
- ``calipso_nornir.testing.parser_cases`` runs golden pairs of parsers.
"""

from __future__ import annotations

from calipso_nornir.testing.canned import CannedSource
from calipso_nornir.testing.driving import AT, Driven, drive
from calipso_nornir.testing.views import ENVIRONMENT, connect, thing, told, view

__all__ = ["AT", "ENVIRONMENT", "CannedSource", "Driven", "connect", "drive", "thing", "told", "view"]
