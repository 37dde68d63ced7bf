# SPDX-License-Identifier: Apache-2.0
"""Builds cliques: from each focal point along the link types of its clique type. Pure, in memory.

Per link type X-Y, in order: every link between an X reached so far and a Y, whichever way the link points,
is taken, unless the focal point's constraints exclude it; the Y is then reached, too. A link type without any link is
skipped: the next ones may still lead on (discovery.md section 5.3 and 11, item 12).

If a focal point has several networks, each is followed separately: from what was reached by the links of one network,
links of another are not followed. Otherwise, a server in two networks, with its interface in one of them unplugged,
would seem to have a way out of that network, because the other network passes through the same virtual switch.

Links between objects of one type are followed repeatedly, in one direction: bridges may form a chain. A link that is
cut off is part of the clique when it is reached from its source, but leads no further. If a clique type names a link
type in both directions, links that say which end is outward are followed one way only: of the bridges at a virtual
switch, a server's clique contains its own and the one that frames leave by, not those of its neighbours.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.model.cliques import new_clique
from calipso_nornir.scan.graph import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.cliques import Clique, CliqueType
    from calipso_nornir.model.links import LinkType
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.graph import Graph, Hop

Values: TypeAlias = "tuple[frozenset[Any], ...]"
"""For each constraint attribute, the values with which an object was reached."""

FEW = 4
"""Number of hops that are examined one by one; for more, an index is made."""


def build_cliques(
    graph: Graph,
    focal_points: Iterable[InventoryObject],
    clique_type: CliqueType,
    *,
    constraints: Sequence[str],
    at: datetime,
) -> Iterator[Clique]:
    """Yield the clique of every focal point that has one; a focal point without links has none."""
    ways = _Ways(graph, clique_type, constraints)
    for focal_point in focal_points:
        clique = _build(ways, focal_point, at)
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
    """Build one clique; None if no link type leads anywhere. Its time of confirmation is that of its oldest link."""
    return _build(_Ways(graph, clique_type, constraints), focal_point, at)


def _build(ways: _Ways, focal_point: InventoryObject, at: datetime) -> Clique | None:
    wanted = {name: focal_point.get(name) for name in ways.constraints}
    reached: defaultdict[str, dict[ObjectRef, Values]] = defaultdict(dict)
    reached[focal_point.type][focal_point.ref] = tuple(
        values_of(value) if value is not None else frozenset() for value in wanted.values()
    )
    walk = _Walk(ways.places)
    for way in ways.all:
        walk.along(way, reached)
    if not walk.hops:
        return None
    nodes = [node for nodes in reached.values() for node in nodes]
    return new_clique(
        focal_point=focal_point.ref,
        clique_type=ways.name,
        links=tuple(walk.hops),
        nodes=tuple(dict.fromkeys([*nodes, *walk.ends]) if walk.ends else nodes),
        constraints=wanted,
        scanned_at=min([hop.link.scanned_at or at for hop in walk.hops.values()]),
    )


class _Ways:
    """Where the links of a clique type lead: the part that all its focal points have in common."""

    def __init__(self, graph: Graph, clique_type: CliqueType, constraints: Sequence[str]) -> None:
        self.name = clique_type.name
        self.constraints = tuple(dict.fromkeys(constraints))
        self.places = [graph.attributes.index(name) for name in self.constraints]
        both, outward = clique_type.both_ways, clique_type.outward
        self.all = [
            _Way(one, graph.hops_by(one), self.places, outward=outward if one in both else None)
            for one in clique_type.link_types
            if graph.has(one)
        ]


class _Way:
    """Where links of one type lead; ``outward`` is the direction to follow if the clique type names both directions."""

    def __init__(
        self,
        link_type: LinkType,
        hops: Callable[[ObjectRef], Sequence[Hop] | None],
        places: Sequence[int],
        *,
        outward: bool | None,
    ) -> None:
        self.source, self.target = link_type.source, link_type.target
        self._hops = hops
        self._places = places
        self._outward = outward
        self._exits: dict[ObjectRef, _Exits] = {}

    def hops(self, start: ObjectRef, values: Values) -> Sequence[Hop]:
        """Return the hops from an object. If there are many, those that these values exclude are left out."""
        hops = self._hops(start)
        if hops is None:
            return ()
        if len(hops) <= FEW:
            return hops if self._outward is None else [hop for hop in hops if self._leads_on(hop)]
        exits = self._exits.get(start)
        if exits is None:
            leading = [hop for hop in hops if self._leads_on(hop)]
            exits = self._exits[start] = _Exits(leading, self._places)
        return exits.for_values(values)

    def _leads_on(self, hop: Hop) -> bool:
        """Return whether a hop goes in the clique's direction."""
        if self._outward is None or hop.outward is None:
            return True
        outward = hop.from_source if self.source == self.target else hop.outward == hop.to.type
        return outward == self._outward


class _Exits:
    """The many hops from one object, indexed by the value of the constraint if there is only one constraint.

    Focal points with the same values (instances of one network on one host) share the result.
    """

    def __init__(self, hops: Sequence[Hop], places: Sequence[int]) -> None:
        self._hops = hops
        self._is_indexed = len(places) == 1
        self._fitting: dict[Values, Sequence[Hop]] = {}
        self._free: list[int] = []
        self._by_value: defaultdict[Any, list[int]] = defaultdict(list)
        for number, hop in enumerate(hops) if self._is_indexed else ():
            limit = None if hop.ends else hop.limits[places[0]]
            for listed in [self._free] if limit is None else [self._by_value[value] for value in limit]:
                listed.append(number)

    def for_values(self, values: Values) -> Sequence[Hop]:
        """Return the hops that are possible with these values, in order."""
        if not self._is_indexed:
            return self._hops
        known = self._fitting.get(values)
        if known is None:
            fitting = {number for value in values[0] for number in self._by_value.get(value, ())}
            known = self._fitting[values] = [self._hops[number] for number in sorted(fitting.union(self._free))]
        return known


class _Walk:
    """The links of one clique while it is built."""

    def __init__(self, places: Sequence[int]) -> None:
        self._places = places
        self.hops: dict[str, Hop] = {}
        self.ends: dict[ObjectRef, None] = {}
        """Objects behind links that are cut off."""

    def along(self, way: _Way, reached: defaultdict[str, dict[ObjectRef, Values]]) -> None:
        """Follow every link of a type from the objects reached so far, and add its other end to them."""
        starts = reached.get(way.source)
        if not starts:
            return
        if way.source != way.target:
            arrived = reached.get(way.target, {})
            self._take(way, starts, arrived)
            if arrived:  # keep the types in the order in which they were reached
                reached[way.target] = arrived
            return
        begun: dict[ObjectRef, Values] = dict(starts)
        for forward in (True, False):
            onward = begun
            while onward:
                onward = self._step(way, onward, reached[way.target], forward=forward)

    def _step(
        self, way: _Way, starts: Mapping[ObjectRef, Values], known: dict[ObjectRef, Values], *, forward: bool
    ) -> dict[ObjectRef, Values]:
        """Follow the links of one direction from some objects; return what had not been reached with these values."""
        arrived: dict[ObjectRef, Values] = {}
        self._take(way, starts, arrived, forward=forward)
        joined = {node: _either(known.get(node), values) for node, values in arrived.items()}
        new = {node: values for node, values in joined.items() if known.get(node) != values}
        known.update(joined)
        return new

    def _take(
        self,
        way: _Way,
        starts: Mapping[ObjectRef, Values],
        arrived: dict[ObjectRef, Values],
        *,
        forward: bool | None = None,
    ) -> None:
        """Follow the links from some objects (``forward``: in one direction only), and add their other ends."""
        for start, values in starts.items():
            for hop in way.hops(start, values):
                link_id, _, to, _, from_source, ends, _ = hop
                if forward is not None and forward != from_source:
                    continue
                if ends:
                    self.hops[link_id] = hop
                    self.ends[to] = None
                elif (passed := _passed(hop, values, self._places)) is not None:
                    self.hops[link_id] = hop
                    known = arrived.setdefault(to, passed)
                    if known is not passed:
                        arrived[to] = _either(known, passed)


def _passed(hop: Hop, values: Values, places: Sequence[int]) -> Values | None:
    """Return the values with which a link can be passed: those that the link shares, or all if it lacks the attribute.

    None if they have no value in common for some attribute: the link cannot be followed.
    """
    if len(places) == 1:  # a shortcut for all shipped metadata: a cloud has millions of hops
        limit, (own,) = hop.limits[places[0]], values
        if limit is None or own <= limit:
            return values if own or limit is None else None
        common = own & limit
        return (common,) if common else None
    passed = []
    for place, own in zip(places, values, strict=True):
        limit = hop.limits[place]
        common = own if limit is None else own & limit
        if limit is not None and not common:
            return None
        passed.append(common)
    return tuple(passed)


def _either(first: Values | None, second: Values) -> Values:
    """Join the values with which an object was reached on two paths."""
    if first is None or first == second:
        return second
    return tuple(one | other for one, other in zip(first, second, strict=True))


def constraint_attributes(constraints: Mapping[str, Sequence[str]]) -> list[str]:
    """Return every constraint attribute of any focal point type, sorted."""
    return sorted({name for names in constraints.values() for name in names})
