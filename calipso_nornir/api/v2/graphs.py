# SPDX-License-Identifier: Apache-2.0
"""Graphs of links: what is around an object, ways between two objects, what relies on one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.bulk_reading import objects_of
from calipso_nornir.analysis.graphs import Connection, Direction, Way, graph_around, impact_of, ways_between
from calipso_nornir.api.dependencies import at_once
from calipso_nornir.api.guard import needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.picture import EdgeShown, Node, ObjectShown
from calipso_nornir.api.tags import Tagged
from calipso_nornir.api.v2.pictures import Seen, SeenTaggedObject
from calipso_nornir.api.v2.showing import shown_link, shown_object
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.stores import StoreView

router = APIRouter(prefix="/environments/{environment}", tags=["graphs"])
MOST_NODES = 5000
Depth = Annotated[int, Query(ge=1, le=20, description="How many links away.")]
Way_ = Annotated[Direction, Query(description="Which ends of links to follow: from source to target is out.")]
Nodes = Annotated[int, Query(ge=1, le=MOST_NODES, description="The most objects to return.")]


MostWays = Annotated[int, Query(ge=1, le=100, description="The most ways to return.")]


class _Ends:
    """The two ends of ways."""

    def __init__(
        self,
        from_type: Annotated[str, Query(examples=["instance"])],
        from_id: str,
        to_type: Annotated[str, Query(examples=["switch_pnic"])],
        to_id: str,
    ) -> None:
        self._pairs = ((from_type, from_id), (to_type, to_id))

    def there(self, view: StoreView) -> tuple[ObjectRef, ObjectRef]:
        """Return both. Raises Problem, 404."""
        start, end = (there(view, *pair).ref for pair in self._pairs)
        return start, end


Ends: TypeAlias = Annotated[_Ends, at_once(_Ends)]


class Graph(BaseModel):
    """Objects and the links between them."""

    nodes: list[ObjectShown]
    links: list[EdgeShown]
    whole: Annotated[bool, Field(description="False: there is more than the limit.")]
    revision: int


class OnWay(BaseModel):
    """One way, in order."""

    nodes: list[ObjectShown]
    links: list[EdgeShown]
    state: Annotated[Literal["up", "down"], Field(description="down: a link of it is down or cut off.")]


class Ways(BaseModel):
    """What is known about ways between two objects."""

    answer: Annotated[
        Connection, Field(description="unknown: none was found, but not everything could be examined (see `unknown`).")
    ]
    ways: list[OnWay]
    whole: Annotated[bool, Field(description="False: there are more of the same length.")]
    unknown: list[str]
    revision: int


class Relying(BaseModel):
    """What may fail with an object."""

    below: Annotated[list[Node], Field(description="What hangs below it.")]
    over: Annotated[list[Node], Field(description="Objects whose cliques lead over it.")]
    counts: Annotated[dict[str, int], Field(description="How many of each type.")]
    revision: int


@router.get("/graph/{type}/{id:path}")
@needs(Role.VIEWER)
def graph(seen: SeenTaggedObject, *, depth: Depth = 1, direction: Way_ = "both", limit: Nodes = 1000) -> Graph:
    """Show what is at most so many links away from an object, whatever its clique type says, with each state."""
    with seen.looking() as (_, view, one):
        found = graph_around(view, one, depth=depth, direction=direction, limit=limit)
        return Graph(
            nodes=[shown_object(each) for each in found.nodes],
            links=[_edge(each) for each in found.links],
            whole=found.whole,
            revision=view.revision,
        )


@router.get("/paths")
@needs(Role.VIEWER)
def paths(seen: Seen, tagging: Tagged, ends: Ends, limit: MostWays = 10) -> Ways:
    """Find the shortest ways between two objects along links, in either direction of these."""
    with seen.looking() as (store, view):
        found = ways_between(store, view, *ends.there(view), most=limit)
        ways = Ways(
            answer=found.answer,
            ways=[_way(view, one) for one in found.ways],
            whole=found.whole,
            unknown=list(found.unknown),
            revision=view.revision,
        )
        tagging.shows(view.revision, ways.model_dump())  # what scans could not examine decides, too
        return ways


@router.get("/impact/{type}/{id:path}")
@needs(Role.VIEWER)
def impact(seen: SeenTaggedObject) -> Relying:
    """Show what may fail with an object: what hangs below it, and the objects whose cliques lead over its links."""
    with seen.looking() as (_, view, one):
        found = impact_of(view, one)
        refs = (*found.below, *found.over)
        types = sorted({ref.type for ref in refs})
        return Relying(
            below=[Node(type=ref.type, id=ref.id) for ref in found.below],
            over=[Node(type=ref.type, id=ref.id) for ref in found.over],
            counts={type_: sum(ref.type == type_ for ref in refs) for type_ in types},
            revision=view.revision,
        )


def there(view: StoreView, type_: str, id_: str) -> InventoryObject:
    """Return an object. Raises Problem, 404."""
    ref = ObjectRef(view.environment, type_, id_)
    found = view.get(ref)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no {ref} in environment {view.environment}")
    return found


def _way(view: StoreView, way: Way) -> OnWay:
    return OnWay(
        nodes=[shown_object(one) for one in objects_of(view, way.nodes).values()],
        links=[_edge(link) for link in way.links],
        state="up" if way.passes else "down",
    )


def _edge(link: Link) -> dict[str, Any]:
    return {**shown_link(link), "cut_off": link.cut_off}
