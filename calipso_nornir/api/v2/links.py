# SPDX-License-Identifier: Apache-2.0
"""Links: pages of them, and those of one object."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.v2.pages import After, At, Fields, Limit, Page, Sort, conditions, page
from calipso_nornir.api.v2.pictures import looking, object_there
from calipso_nornir.store.documents import link_document

router = APIRouter(prefix="/environments/{environment}", tags=["links"])
_OWN: Final = ("sort", "after", "limit", "fields", "at")
_KNOWN: Final = dict.fromkeys(
    (
        "_id",
        "environment",
        "link_type",
        "link_name",
        "state",
        "host",
        "source",
        "source_id",
        "source_type",
        "target",
        "target_id",
        "target_type",
        "last_scanned",
        "attributes",
        "evidence",
    ),
    "text",
)


@router.get("/links")
@needs(Role.VIEWER)
def links(  # noqa: PLR0913 - the parameters of the query
    request: Request,
    environment: str,
    *,
    sort: Sort = None,
    after: After = None,
    limit: Limit = 100,
    fields: Fields = None,
    at: At = None,
) -> Page:
    """List links. Every further parameter is a field that has to have this value: ``?state=down``."""
    where = conditions(request.query_params.multi_items(), _KNOWN, but=_OWN)
    with looking(request, environment, at) as (_, view):
        return page(view, "links", where, known=_KNOWN, sort=sort, after=after, limit=limit, fields=fields)


@router.get("/links/of/{type}/{id:path}")
@needs(Role.VIEWER)
def links_of(
    request: Request,
    environment: str,
    type: str,  # noqa: A002 - the name in the path
    id: str,  # noqa: A002 - as above
    *,
    at: At = None,
) -> list[dict[str, Any]]:
    """List the links with an object at either end."""
    with looking(request, environment, at) as (_, view):
        found = view.links_of(object_there(view, type, id).ref)
        return [{name: value for name, value in link_document(one).items() if name != "digest"} for one in found]
