# SPDX-License-Identifier: Apache-2.0
"""Operations of the older API's successors that are not served here: they say so, and what serves in their place."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from calipso_nornir.api.guard import Needs, say_needs
from calipso_nornir.api.problems import FORM, Problem
from calipso_nornir.api.v1.answers import problem

router = APIRouter()

ABSENT: Final = {
    "GET /graph": "its graphs were drawn for one user interface: GET /api/v2/environments/NAME/graph/TYPE/ID",
    "GET /grafana": "the Grafana data source is not part of this release: GET /metrics, and /api/v2 for the inventory",
    "POST /grafana/search": "the Grafana data source is not part of this release: GET /metrics, and /api/v2",
    "POST /grafana/query": "the Grafana data source is not part of this release: GET /metrics, and /api/v2",
    "GET /grafana/query/{endpoint}": "the same without /grafana/query is served",
    "POST /grafana/query/{endpoint}": "the same without /grafana/query is served",
}
"""Operation → what to use in its place."""


def _declare(what: str, instead: str) -> None:
    method, _, path = what.partition(" ")

    def gone() -> None:
        """Tell that this is not served (410), and what serves in its place."""
        raise Problem(HTTPStatus.GONE, f"{path} is not served: {instead}")

    say_needs(gone, Needs())
    setattr(gone, FORM, problem)
    router.add_api_route(path, gone, methods=[method], include_in_schema=False)


for _what, _instead in ABSENT.items():
    _declare(_what, _instead)
