# SPDX-License-Identifier: Apache-2.0
"""Objects of the inventory: pages of them, one, what hangs below one, and search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.v2.pages import After, At, Fields, Limit, Page, Sort, conditions, page
from calipso_nornir.api.v2.pictures import looking, object_there
from calipso_nornir.store.documents import OBJECT_FIELDS, object_document

if TYPE_CHECKING:
    from calipso_nornir.metadata.catalog import Catalog

router = APIRouter(prefix="/environments/{environment}", tags=["objects"])
_OWN: Final = ("sort", "after", "limit", "fields", "at")
_FRAME: Final = dict.fromkeys(OBJECT_FIELDS - {"digest"}, "text") | {"show_in_tree": "boolean"}


@router.get("/objects")
@needs(Role.VIEWER)
def objects(  # noqa: PLR0913 - the parameters of the query
    request: Request,
    environment: str,
    *,
    sort: Sort = None,
    after: After = None,
    limit: Limit = 100,
    fields: Fields = None,
    at: At = None,
) -> Page:
    """List objects. Every further parameter is a field that has to have this value: ``?type=vnic&host=cmp1``."""
    known = _known(request.app.state.settings.catalog, request.query_params.get("type"))
    where = conditions(request.query_params.multi_items(), known, but=_OWN)
    with looking(request, environment, at) as (_, view):
        return page(view, "inventory", where, known=known, sort=sort, after=after, limit=limit, fields=fields)


@router.get("/search")
@needs(Role.VIEWER)
def search(
    request: Request,
    environment: str,
    q: Annotated[str, Query(min_length=1, max_length=200, description="Part of a name, id or attribute.")],
    *,
    limit: Limit = 100,
    at: At = None,
) -> list[dict[str, Any]]:
    """Find objects by a text in their name, id or an attribute, whatever its case."""
    with looking(request, environment, at) as (_, view):
        return [_shown(object_document(one)) for one in view.search(q, limit=limit)]


@router.get("/objects/{type}/{id:path}/children")
@needs(Role.VIEWER)
def children(
    request: Request,
    environment: str,
    type: str,  # noqa: A002 - the name in the path
    id: str,  # noqa: A002 - as above
    *,
    at: At = None,
) -> list[dict[str, Any]]:
    """List what hangs directly below an object."""
    with looking(request, environment, at) as (_, view):
        one = object_there(view, type, id)
        return [_shown(object_document(child)) for child in view.children(one.ref)]


@router.get("/objects/{type}/{id:path}")
@needs(Role.VIEWER)
def one_object(
    request: Request,
    environment: str,
    type: str,  # noqa: A002 - the name in the path
    id: str,  # noqa: A002 - as above
    *,
    at: At = None,
) -> dict[str, Any]:
    """Show one object with its evidence."""
    with looking(request, environment, at) as (_, view):
        return _shown(object_document(object_there(view, type, id)))


def _known(catalog: Catalog, type_: str | None) -> dict[str, str]:
    """Return the fields that objects may have, by the declared attributes of their type, or of all."""
    chosen = catalog.object_types.get(type_ or "")
    types = [chosen] if chosen is not None else list(catalog.object_types.values())
    return {attribute.name: attribute.type for one in types for attribute in one.attributes} | _FRAME


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "digest"}
