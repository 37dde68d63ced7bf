# SPDX-License-Identifier: Apache-2.0
"""Cliques: what an object is connected to, stored or built when it is asked for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.around import MOST_LINKS, clique_around
from calipso_nornir.analysis.routes import routes_of
from calipso_nornir.api.guard import needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pages import At
from calipso_nornir.api.v2.pictures import looking, object_there
from calipso_nornir.store.documents import clique_document, link_document, object_document

router = APIRouter(prefix="/environments/{environment}", tags=["cliques"])


@router.get("/cliques/{type}/{id:path}")
@needs(Role.VIEWER)
def clique(  # noqa: PLR0913 - the parameters of the query
    request: Request,
    environment: str,
    type: str,  # noqa: A002 - the name in the path
    id: str,  # noqa: A002 - as above
    *,
    limit: Annotated[int, Query(ge=1, le=MOST_LINKS, description="The most links to return.")] = 1000,
    at: At = None,
) -> dict[str, Any]:
    """Show the clique of an object: its links and nodes, and how many there are; 404 for one that has none."""
    with looking(request, environment, at) as (store, view):
        one = object_there(view, type, id)
        around = clique_around(store, view, one.ref, catalog=request.app.state.settings.catalog, limit=limit)
        if around is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"{type} {id} has no clique")
        routes = routes_of(store, view, around.clique)
        nodes = [routes.objects[ref] for ref in around.clique.nodes if ref in routes.objects]
        return {
            "clique": _shown(clique_document(around.clique)),
            "links": [_shown(link_document(link)) for link in routes.links],
            "nodes": [_shown(object_document(node)) for node in nodes],
            "links_in_all": around.links,
            "nodes_in_all": around.nodes,
        }


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "digest"}
