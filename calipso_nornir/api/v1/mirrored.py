# SPDX-License-Identifier: Apache-2.0
"""/grafana/query/…: operations of the older API a second time, below the address that Grafana knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX: Final = "/grafana/query"


def mirrored(routers: Iterable[APIRouter]) -> APIRouter:
    """Return routes that do the same as those of other routers. OpenAPI describes each operation only once."""
    again = APIRouter()
    for one in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        again.add_api_route(
            f"{PREFIX}{one.path}",
            one.endpoint,
            methods=sorted(one.methods or ()),
            status_code=one.status_code,
            response_class=one.response_class,
            include_in_schema=False,
        )
    return again
