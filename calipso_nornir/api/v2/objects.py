# SPDX-License-Identifier: Apache-2.0
"""Objects of the inventory: pages of them, one, what hangs below one, and search."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.shapes.picture import ObjectShown
from calipso_nornir.api.v2.listing import Listed, ListedLong
from calipso_nornir.api.v2.pages import ObjectPage, Paged
from calipso_nornir.api.v2.pictures import SeenTagged, SeenTaggedObject
from calipso_nornir.api.v2.showing import shown_object
from calipso_nornir.metadata.catalog import Catalog
from calipso_nornir.store.documents import OBJECT_FIELDS

router = APIRouter(prefix="/environments/{environment}", tags=["objects"])
_FRAME: Final = dict.fromkeys(OBJECT_FIELDS - {"digest"}, "text") | {
    "show_in_tree": "boolean",
    "on_demand": "boolean",
    "last_scanned": "time",
    "evidence": "list",
    "found_by": "list",
}


@router.get("/objects")
@needs(Role.VIEWER)
def objects(request: Request, api: Api, seen: SeenTagged, paged: Paged) -> ObjectPage:
    """List objects. Every further parameter is a field with its value: ``?type=vnic&host=cmp1``.

    A repeated field has one of the values. ``name__prefix``, ``mtu__from`` and ``mtu__below`` compare otherwise; a
    field with a list holds the value. MAC and IP addresses count however they are written.
    """
    known = fields_of_objects(api.catalog, request.query_params.getlist("type"))
    with seen.looking() as (_, view):
        return paged.page(view, "inventory", known=known, into=ObjectPage)


@router.get("/search")
@needs(Role.VIEWER)
def search(
    seen: SeenTagged,
    listed: Listed,
    q: Annotated[str, Query(min_length=1, max_length=200, description="Part of a name, id or attribute.")],
) -> list[ObjectShown]:
    """Find objects by a text in their name, id or an attribute, whatever its case; addresses however written.

    Those with the text in their name or id come first.
    """
    with seen.looking() as (_, view):
        return listed.searched(view, q)


@router.get("/objects/{type}/{id:path}/children")
@needs(Role.VIEWER)
def children(seen: SeenTaggedObject, listed: ListedLong) -> list[ObjectShown]:
    """List what hangs directly below an object, ordered by type and name."""
    with seen.looking() as focus:
        return listed.children(focus.view, focus.object.ref)


@router.get("/objects/{type}/{id:path}")
@needs(Role.VIEWER)
def one_object(seen: SeenTaggedObject) -> ObjectShown:
    """Show one object with its evidence."""
    with seen.looking() as focus:
        return shown_object(focus.object)


def fields_of_objects(catalog: Catalog, wanted: list[str]) -> dict[str, str]:
    """Return the fields that objects may have, by the declared attributes of their types, or of all."""
    chosen = [catalog.object_types[one] for one in wanted if one in catalog.object_types]
    types = chosen or list(catalog.object_types.values())
    return {attribute.name: attribute.type for one in types for attribute in one.attributes} | _FRAME
