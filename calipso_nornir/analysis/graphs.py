# SPDX-License-Identifier: Apache-2.0
"""Graphs of links, independent of clique types: the neighbourhood of an object, paths, and what depends on an object.

Each step reads, by index, the links of the objects that the previous step reached, so distant objects cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from calipso_nornir.analysis.bulk_reading import objects_of
from calipso_nornir.model.finding import Find, OneOf
from calipso_nornir.model.links import ends_of
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.freshness import freshness_of, newest_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store, StoreView

Direction: TypeAlias = Literal["both", "out", "in"]
Connection: TypeAlias = Literal["connected", "interrupted", "none", "unknown"]
AT_ONCE: Final = 500
FARTHEST: Final = 40
"""Maximum number of links of a path."""
MOST_SEEN: Final = 20_000
"""Maximum number of objects that a search for paths visits."""
_NO_WAY: Final = frozenset({"network"})
"""Types that only group objects: no frame passes through them."""


@dataclass(frozen=True, slots=True)
class GraphAround:
    """Objects around a focal object, nearest first, and all links between them; perhaps truncated."""

    nodes: tuple[InventoryObject, ...]
    links: tuple[Link, ...]
    whole: bool


def graph_around(
    view: StoreView, focal: InventoryObject, *, depth: int = 1, direction: Direction = "both", limit: int = 1000
) -> GraphAround:
    """Return the objects at most ``depth`` links away; with "out", links are followed from source to target only."""
    seen: dict[ObjectRef, InventoryObject] = {focal.ref: focal}
    links: dict[str, Link] = {}
    last, whole = [focal.ref], True
    for _ in range(depth):
        found = _links_at(view, last, direction)
        ends = dict.fromkeys(end for link in found for end in (link.source, link.target) if end not in seen)
        whole = _add(view, ends, seen, limit)
        links.update((link.document_id, link) for link in found if link.source in seen and link.target in seen)
        last = [ref for ref in ends if ref in seen]
        if not last or not whole:
            break
    return GraphAround(tuple(seen.values()), tuple(links.values()), whole)


@dataclass(frozen=True, slots=True)
class Way:
    """One path between two objects: its objects, and the links between them."""

    nodes: tuple[ObjectRef, ...]
    links: tuple[Link, ...]

    @property
    def passes(self) -> bool:
        """Whether none of its links is down or cut off."""
        return all(_passes(link) for link in self.links)


@dataclass(frozen=True, slots=True)
class Ways:
    """What is known about the paths between two objects.

    Attributes:
        answer: "connected": there are paths; "interrupted": every path has a link that is down or cut off; "none":
            there is no path; "unknown": none was found, but not everything could be examined.
        ways: the shortest ones, all of the same length.
        unknown: what could not be examined and may contain a path.
        whole: whether these are all the shortest ones.
    """

    answer: Connection
    ways: tuple[Way, ...]
    unknown: tuple[str, ...] = ()
    whole: bool = True


def ways_between(store: Store, view: StoreView, start: ObjectRef, end: ObjectRef, *, most: int = 10) -> Ways:
    """Return the shortest paths between two objects, along links in either direction.

    Links that are down or cut off are followed only if there is no path without them.
    """
    cut_short = False
    for passing, answer in ((True, "connected"), (False, "interrupted")):
        search = _Search(view, start, end, passing=passing)
        search.run()
        cut_short = cut_short or search.cut_short
        if search.found:
            ways = tuple(search.ways(most + 1))
            return Ways("connected" if answer == "connected" else "interrupted", ways[:most], whole=len(ways) <= most)
    unknown = tuple(_unknown(store, view, (start, end)))
    if cut_short:
        unknown = (*unknown, f"paths of more than {FARTHEST} links, or beyond {MOST_SEEN} objects")
    return Ways("unknown" if unknown else "none", (), unknown)


@dataclass(slots=True)
class _Search:
    """A breadth-first search from the start to the end; it records the links by which each object was reached."""

    view: StoreView
    start: ObjectRef
    end: ObjectRef
    passing: bool
    back: dict[ObjectRef, list[Link]] = field(default_factory=dict)
    found: bool = False
    cut_short: bool = False

    def run(self) -> None:
        self.back[self.start] = []
        last = [self.start]
        self.found = self.start == self.end
        for _ in range(FARTHEST):
            if self.found or not last:
                return
            if len(self.back) > MOST_SEEN:
                break
            last = self._step(last)
            self.found = self.end in self.back
        self.cut_short = bool(last) and not self.found

    def _step(self, last: Sequence[ObjectRef]) -> list[ObjectRef]:
        here = set(last)
        reached: dict[ObjectRef, list[Link]] = {}
        for link in _links_at(self.view, last, "both"):
            if self.passing and not _passes(link):
                continue
            for near, far in ((link.source, link.target), (link.target, link.source)):
                if near in here and far not in self.back:
                    reached.setdefault(far, []).append(link)
        self.back.update(reached)
        return [ref for ref in reached if ref.type not in _NO_WAY]

    def ways(self, most: int) -> Iterator[Way]:
        """Yield a limited number of the shortest paths, in the order of their links."""
        count = 0
        todo: list[tuple[tuple[ObjectRef, ...], tuple[Link, ...]]] = [((self.end,), ())]
        while todo and count < most:
            nodes, links = todo.pop()
            if nodes[0] == self.start:
                count += 1
                yield Way(nodes, links)
                continue
            for link in sorted(self.back[nodes[0]], key=ends_of, reverse=True):
                before = link.source if link.target == nodes[0] else link.target
                todo.append(((before, *nodes), (link, *links)))


@dataclass(frozen=True, slots=True)
class Impact:
    """What depends on an object: what is below it, and the focal points of the cliques that contain its links."""

    below: tuple[ObjectRef, ...]
    over: tuple[ObjectRef, ...]


def impact_of(view: StoreView, one: InventoryObject) -> Impact:
    """Return what may fail with an object."""
    below: list[ObjectRef] = []
    todo = [one.ref]
    while todo:
        children = [child.ref for child in view.children(todo.pop())]
        below += children
        todo += children
    links = {link.document_id for link in _links_at(view, [one.ref, *below], "both")}
    own = {one.ref, *below}
    over = {clique.focal_point for clique in view.cliques_with(sorted(links))} if links else set()
    return Impact(tuple(sorted(below)), tuple(sorted(over - own)))


def _add(view: StoreView, refs: Iterable[ObjectRef], seen: dict[ObjectRef, InventoryObject], limit: int) -> bool:
    """Add objects to those seen, up to a limit; return whether all could be added."""
    for some in chunks(refs, min(limit, AT_ONCE)):
        there = objects_of(view, some) if len(seen) < limit else {}
        for ref in some:
            if len(seen) >= limit:
                return False
            if ref in there:
                seen[ref] = there[ref]
    return True


def _passes(link: Link) -> bool:
    return link.state == "up" and not link.cut_off


def _links_at(view: StoreView, refs: Sequence[ObjectRef], direction: Direction) -> list[Link]:
    """Return the links with one of these objects at an end, each once, in their order."""
    found: dict[str, Link] = {}
    fields = {"out": ("source",), "in": ("target",), "both": ("source", "target")}[direction]
    ids = [ref.document_id for ref in refs]
    for begin in range(0, len(ids), AT_ONCE):
        for name in fields:
            query = Find(kind="links", where=(OneOf(name, tuple(ids[begin : begin + AT_ONCE])),))
            found.update((link.document_id, link) for link in view.find_links(query))
    return sorted(found.values(), key=ends_of)


def _unknown(store: Store, view: StoreView, ends: Iterable[ObjectRef]) -> Iterator[str]:
    """Yield what could not be examined and may contain a path: the failures of the last full scan, and what it kept."""
    fresh = freshness_of(store, view.environment)
    for ref in ends:
        one = view.get(ref)
        since = fresh.unconfirmed_since(one) if one is not None else None
        if since is not None:
            yield f"{ref}, which no scan has confirmed since {since.isoformat()}"
    last = newest_whole(store.collection("scans").find({"environment": view.environment}))
    if last is None:
        yield "the environment: no full scan of it has ended"
        return
    for failure in last.get("failures") or ():
        yield f"{', '.join(failure.get('affected') or ['a part of the cloud'])}: {failure.get('message')}"
