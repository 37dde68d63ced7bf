# SPDX-License-Identifier: Apache-2.0
"""Builds cliques: from each focal point along the link types of its clique type. Pure, in memory.

Per link type X-Y, in order: every link between an X reached so far and a Y, whichever way the link points,
is taken, unless the focal point's constraints exclude it; the Y is then reached, too. A link type without any
link is passed over: the next ones may still lead on (discovery.md section 5.3 and 11, item 12).

Of a focal point with several networks, each is followed by itself: what was reached by the links of one is not left by
those of another. Else a server of two networks whose interface in one is unplugged would seem to have a way out there,
because the other one passes the same virtual switch.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.model.cliques import Clique
from calipso_nornir.scan.graph import values_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.cliques import CliqueType
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.graph import Graph, Hop

Values: TypeAlias = "tuple[frozenset[Any], ...]"
"""Per constraint of the focal point: the values that an object was reached with."""


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
    """Build one clique; None when no link type leads anywhere. It is confirmed when the last of its links was."""
    wanted = {name: focal_point.get(name) for name in constraints}
    places = [graph.attributes.index(name) for name in wanted]
    reached: defaultdict[str, dict[ObjectRef, Values]] = defaultdict(dict)
    reached[focal_point.type][focal_point.ref] = tuple(
        values_of(value) if value is not None else frozenset() for value in wanted.values()
    )
    links: dict[str, None] = {}
    confirmed_at = at
    for link_type in clique_type.link_types:
        arrived: dict[ObjectRef, Values] = {}
        for start, values in reached.get(link_type.source, {}).items():
            for hop in graph.hops(link_type, start):
                passed = _passed(hop, values, places)
                if passed is not None:
                    links[hop.link_id] = None
                    confirmed_at = min(confirmed_at, hop.link.scanned_at or at)
                    arrived[hop.to] = _either(arrived.get(hop.to), passed)
        known = reached[link_type.target]
        for node, values in arrived.items():
            known[node] = _either(known.get(node), values)
    if not links:
        return None
    return Clique(
        focal_point=focal_point.ref,
        clique_type=clique_type.name,
        links=tuple(links),
        nodes=tuple(node for nodes in reached.values() for node in nodes),
        constraints=wanted,
        scanned_at=confirmed_at,
    )


def _passed(hop: Hop, values: Values, places: Sequence[int]) -> Values | None:
    """Return the values that a link is passed with: those that it has as well, all where it has no such attribute.

    None when of some attribute there is none in common: the link may not be taken.
    """
    passed = []
    for place, own in zip(places, values, strict=True):
        limit = hop.limits[place]
        common = own if limit is None else own & limit
        if limit is not None and not common:
            return None
        passed.append(common)
    return tuple(passed)


def _either(first: Values | None, second: Values) -> Values:
    """Join the values that an object was reached with on two ways."""
    if first is None or first == second:
        return second
    return tuple(one | other for one, other in zip(first, second, strict=True))


def constraint_attributes(constraints: Mapping[str, Sequence[str]]) -> list[str]:
    """Return every attribute that some focal point type is constrained by, ordered."""
    return sorted({name for names in constraints.values() for name in names})
