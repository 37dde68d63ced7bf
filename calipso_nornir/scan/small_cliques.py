# SPDX-License-Identifier: Apache-2.0
"""Rebuilds cliques after a small scan: only those that can have changed.

A clique changes only if its focal point changes, or if a link of one of its clique type's link types, at an object that
the clique had reached, is new, gone or different.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calipso_nornir.model.links import LinkType, ends_of
from calipso_nornir.model.when import TYPES
from calipso_nornir.scan.cliques import build_clique
from calipso_nornir.scan.graph import Graph

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.cliques import Clique, CliqueType
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.conditional import CliqueChoice
    from calipso_nornir.scan.graph import Hop
    from calipso_nornir.scan.neighbourhood import Neighbourhood
    from calipso_nornir.scan.small_links import Changed


class LinksAround(Graph):
    """A graph that reads the links of an object when it is reached."""

    def __init__(self, before: Before, found: Iterable[Link], gone: Collection[str], attributes: Sequence[str]) -> None:
        super().__init__((), attributes)
        self._before = before
        self._gone = set(gone)
        self._found: defaultdict[ObjectRef, list[Link]] = defaultdict(list)
        self._new: set[str] = set()
        for link in found:
            self._new.add(link.document_id)
            for end in {link.source, link.target}:
                self._found[end].append(link)
        self._around: dict[ObjectRef, dict[tuple[str, str], list[Hop]]] = {}

    def links_of(self, ref: ObjectRef) -> list[Link]:
        """Return the links with an object at either end, as they are now."""
        known = [one for one in self._before.links_of(ref) if one.document_id not in self._gone | self._new]
        return sorted([*known, *self._found.get(ref, ())], key=ends_of)

    def has(self, link_type: LinkType) -> bool:  # noqa: ARG002 - it is not known until the links are read
        """Return whether there may be a link between objects of two types."""
        return True

    def hops_by(self, link_type: LinkType) -> Callable[[ObjectRef], Sequence[Hop]]:
        """Return a function for the hops of a type from an object."""
        ends = (link_type.source, link_type.target)
        return lambda start: self._hops_around(start).get(ends, ())

    def _hops_around(self, start: ObjectRef) -> Mapping[tuple[str, str], Sequence[Hop]]:
        if start not in self._around:
            here: defaultdict[tuple[str, str], list[Hop]] = defaultdict(list)
            for link in self.links_of(start):
                for end, to, forth in ((link.source, link.target, True), (link.target, link.source, False)):
                    if end == start:
                        here[start.type, to.type].append(self.hop(link, forth=forth))
            self._around[start] = dict(here)
        return self._around[start]


class SmallCliques:
    """Rebuilds the cliques that can have changed; ``gone`` are the focal points that no longer have one."""

    def __init__(
        self,
        before: Before,
        view: Neighbourhood,
        graph: LinksAround,
        choice: CliqueChoice,
        *,
        constraints: Mapping[str, Sequence[str]],
    ) -> None:
        self._before = before
        self._view = view
        self._graph = graph
        self._choice = choice
        self._constraints = constraints

    def build(self, changed: Changed, at: datetime) -> tuple[list[Clique], list[ObjectRef]]:
        """Return the cliques that contain what has changed, as they are now, and the focal points without one."""
        built: list[Clique] = []
        gone: list[ObjectRef] = []
        for ref in sorted(self._affected(changed)):
            focal_point = self._view.get(ref)
            clique_type = self._choice.of(focal_point) if focal_point is not None else None
            clique = None
            if focal_point is not None and clique_type is not None and clique_type.stored:
                names = self._constraints.get(ref.type, ())
                clique = build_clique(self._graph, focal_point, clique_type, constraints=names, at=at)
            if clique is not None:
                built.append(clique)
            elif self._before.clique(ref) is not None:
                gone.append(ref)
        return built, gone

    def _affected(self, changed: Changed) -> set[ObjectRef]:
        types = [one for one in self._choice.possible() if one.stored]
        focal_types = {one.focal_point_type for one in types}
        affected = {one.ref for pair in changed.objects for one in pair if one is not None and one.type in focal_types}
        if any(one.when for one in types):
            affected |= self._on_hosts_of(changed, focal_types)
        starts: set[ObjectRef] = set()
        for pair in changed.links:
            for link in pair:
                if link is not None:
                    starts |= _starts(link, types)
        for start in starts:
            if start.type in focal_types:
                affected.add(start)
            links = self._before.links_of(start)
            affected |= (
                {one.focal_point for one in self._before.cliques_with(link.document_id for link in links)}
                if links
                else set()
            )
        return affected

    def _on_hosts_of(self, changed: Changed, focal_types: Collection[str]) -> set[ObjectRef]:
        """Return the focal points on hosts that changed, or whose agents changed: conditions may depend on them."""
        subjects = set(TYPES.values())
        objects: list[InventoryObject] = [one for pair in changed.objects for one in pair if one is not None]
        hosts = {one["host"] for one in objects if one.type in subjects and one.get("host")}
        return {one.ref for type_ in focal_types for host in hosts for one in self._before.where(type_, {"host": host})}


def _starts(link: Link, types: Iterable[CliqueType]) -> set[ObjectRef]:
    """Return the ends of a link from which a clique of one of the types may pass it."""
    forward = LinkType(link.source.type, link.target.type)
    wanted = {link_type for one in types for link_type in one.link_types}
    ends = [(forward, link.source), (forward.reverse, link.target)]
    return {end for link_type, end in ends if link_type in wanted}
