# SPDX-License-Identifier: Apache-2.0
"""Links: pages of them, and those of one object."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.shapes.picture import LinkShown
from calipso_nornir.api.v2.listing import ListedLong
from calipso_nornir.api.v2.pages import LinkPage, Paged
from calipso_nornir.api.v2.pictures import SeenTagged, SeenTaggedObject

router = APIRouter(prefix="/environments/{environment}", tags=["links"])
_KNOWN: Final[dict[str, str]] = dict.fromkeys(
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
    ),
    "text",
) | {"last_scanned": "time", "attributes": "object", "evidence": "list"}


@router.get("/links")
@needs(Role.VIEWER)
def links(seen: SeenTagged, paged: Paged) -> LinkPage:
    """List links. Every further parameter is a field that has to have this value: ``?state=down``."""
    with seen.looking() as (_, view):
        return paged.page(view, "links", known=_KNOWN, into=LinkPage)


@router.get("/links/of/{type}/{id:path}")
@needs(Role.VIEWER)
def links_of(seen: SeenTaggedObject, listed: ListedLong) -> list[LinkShown]:
    """List the links with an object at either end, ordered by `_id`."""
    with seen.looking() as focus:
        return listed.links_of(focus.view, focus.object.ref)
