# SPDX-License-Identifier: Apache-2.0
"""Derives implicit links (A-C from A-B and B-C …) for the requested link types.

They are kept separately and never replace a link that was found. The search follows found links in their own direction,
is bounded, visits no object twice on one path, and never joins links for different values of a constraint attribute.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.links import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from calipso_nornir.model.links import LinkType
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.graph import Graph, Hop

MAX_HOPS = 12
"""Maximum length of a path; all paths through the shipped link types are shorter."""

Limits = tuple["frozenset[Any] | None", ...]


def derive_links(
    graph: Graph, link_type: LinkType, sources: Iterable[InventoryObject], *, at: datetime
) -> Iterator[Link]:
    """Yield one implicit link per source and target that two hops or more connect."""
    for source in sources:
        for target, (way, limits) in sorted(_reachable(graph, source.ref, link_type.target).items()):
            confirmed_at = min([at, *(hop.link.scanned_at for hop in way if hop.link.scanned_at is not None)])
            yield replace(_link(graph, source.ref, target, way, limits), scanned_at=confirmed_at)


def _reachable(graph: Graph, start: ObjectRef, wanted: str) -> dict[ObjectRef, tuple[tuple[Hop, ...], Limits]]:
    """Search breadth first, so that the evidence is the shortest path."""
    found: dict[ObjectRef, tuple[tuple[Hop, ...], Limits]] = {}
    free: Limits = (None,) * len(graph.attributes)
    edge: list[tuple[ObjectRef, tuple[Hop, ...], Limits]] = [(start, (), free)]
    seen: set[tuple[ObjectRef, Limits]] = {(start, free)}
    for _ in range(MAX_HOPS):
        further: list[tuple[ObjectRef, tuple[Hop, ...], Limits]] = []
        for node, way, limits in edge:
            for hop in graph.outgoing(node):
                narrowed = _narrowed(limits, hop.limits)
                if narrowed is None or hop.to == start or (hop.to, narrowed) in seen:
                    continue
                if any(one.to == hop.to for one in way):
                    continue
                seen.add((hop.to, narrowed))
                longer = (*way, hop)
                further.append((hop.to, longer, narrowed))
                if hop.to.type == wanted and len(longer) > 1:
                    known = found.get(hop.to)
                    found[hop.to] = (known[0], _widened(known[1], narrowed)) if known else (longer, narrowed)
        edge = further
    return found


def _narrowed(first: Limits, second: Limits) -> Limits | None:
    both = tuple(b if a is None else a if b is None else a & b for a, b in zip(first, second, strict=True))
    return None if any(limit is not None and not limit for limit in both) else both


def _widened(first: Limits, second: Limits) -> Limits:
    return tuple(None if a is None or b is None else a | b for a, b in zip(first, second, strict=True))


def _link(graph: Graph, source: ObjectRef, target: ObjectRef, way: tuple[Hop, ...], limits: Limits) -> Link:
    hosts = {hop.link.host for hop in way}
    switches = {hop.link.switch for hop in way}
    told = " > ".join([str(source), *(str(hop.to) for hop in way)])
    return Link(
        source=source,
        target=target,
        name="",
        state="down" if any(hop.link.state == "down" for hop in way) else "up",
        host=hosts.pop() if len(hosts) == 1 else None,
        switch=switches.pop() if len(switches) == 1 else None,
        implicit=True,
        attributes={
            name: sorted(limit, key=str)
            for name, limit in zip(graph.attributes, limits, strict=True)
            if limit is not None
        },
        evidence=(Evidence("derived", told),),
    )
