# SPDX-License-Identifier: Apache-2.0
"""Builds cliques: from each focal point along the link types of its clique type. Pure, in memory.

Per link type X-Y, in order: every link between an X reached so far and a Y, whichever way the link points,
is taken, unless the focal point's constraints exclude it; the Y is then reached, too. A link type without any
link is passed over: the next ones may still lead on (discovery.md section 5.3 and 11, item 12).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.cliques import Clique
from calipso_nornir.scan.graph import values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.cliques import CliqueType
    from calipso_nornir.model.objects import InventoryObject, ObjectRef
    from calipso_nornir.scan.graph import Graph, Hop


def build_cliques(
    graph: Graph,
    focal_points: Iterable[InventoryObject],
    clique_type: CliqueType,
    *,
    constraints: Sequence[str],
    at: datetime,
) -> Iterator[Clique]:
    """Yield the clique of every focal point that has one; without links there is none."""
    for focal_point in focal_points:
        clique = build_clique(graph, focal_point, clique_type, constraints=constraints, at=at)
        if clique is not None:
            yield clique


def build_clique(
    graph: Graph,
    focal_point: InventoryObject,
    clique_type: CliqueType,
    *,
    constraints: Sequence[str],
    at: datetime,
) -> Clique | None:
    """Build one clique; None when no link type leads anywhere."""
    wanted = {name: focal_point.get(name) for name in constraints}
    allowed = [
        (graph.attributes.index(name), values_of(value) if value is not None else frozenset())
        for name, value in wanted.items()
    ]
    reached: defaultdict[str, dict[ObjectRef, None]] = defaultdict(dict)
    reached[focal_point.type][focal_point.ref] = None
    links: dict[str, None] = {}
    for link_type in clique_type.link_types:
        arrived: dict[ObjectRef, None] = {}
        for start in reached.get(link_type.source, ()):
            for hop in graph.hops(link_type, start):
                if hop.link_id not in links and _allowed(hop, allowed):
                    links[hop.link_id] = None
                    arrived[hop.to] = None
        reached[link_type.target].update(arrived)
    if not links:
        return None
    return Clique(
        focal_point=focal_point.ref,
        clique_type=clique_type.name,
        links=tuple(links),
        nodes=tuple(node for nodes in reached.values() for node in nodes),
        constraints=wanted,
        scanned_at=at,
    )


def _allowed(hop: Hop, allowed: Sequence[tuple[int, frozenset[Any]]]) -> bool:
    """Tell whether a link is within all constraints: it has none of the attribute, or one of the allowed values."""
    for place, values in allowed:
        limit = hop.limits[place]
        if limit is not None and limit.isdisjoint(values):
            return False
    return True


def constraint_attributes(constraints: Mapping[str, Sequence[str]]) -> list[str]:
    """Return every attribute that some focal point type is constrained by, ordered."""
    return sorted({name for names in constraints.values() for name in names})
