# SPDX-License-Identifier: Apache-2.0
"""Cliques: what an object is connected to, stored or built when it is asked for."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.around import MOST_LINKS, clique_around
from calipso_nornir.analysis.clique_routes import routes_of
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.picture import CliqueShown
from calipso_nornir.api.tags import Tagged
from calipso_nornir.api.v2.pictures import SeenObject
from calipso_nornir.api.v2.showing import STATUS, shown, shown_link, shown_object
from calipso_nornir.monitoring.clique_status import clique_status
from calipso_nornir.store.documents import clique_document

router = APIRouter(prefix="/environments/{environment}", tags=["cliques"])


@router.get("/cliques/{type}/{id:path}")
@needs(Role.VIEWER)
def clique(
    api: Api,
    seen: SeenObject,
    tagging: Tagged,
    *,
    limit: Annotated[int, Query(ge=1, le=MOST_LINKS, description="The most links to return.")] = 1000,
) -> CliqueShown:
    """Show the clique of an object: its links and nodes, and how many there are; 404 for one that has none."""
    with seen.looking() as (store, view, one):
        around = clique_around(store, view, one.ref, catalog=api.catalog, limit=limit)
        if around is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"{one.type} {one.id} has no clique")
        routes = routes_of(store, view, around.clique)
        nodes = [routes.objects[ref] for ref in around.clique.nodes if ref in routes.objects]
        answer = {
            "clique": shown(clique_document(around.clique)),
            STATUS: found.document() if (found := clique_status(nodes, routes.links)) is not None else None,
            "links": [shown_link(link) for link in routes.links],
            "nodes": [shown_object(node) for node in nodes],
            "links_in_all": around.links,
            "nodes_in_all": around.nodes,
        }
        tagging.shows(view.revision, answer)  # metadata and the description of the environment decide, too
        return answer
