# SPDX-License-Identifier: Apache-2.0
"""The links of an environment, indexed for walking from object to object in both directions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calipso_nornir.model.links import Link, LinkType
    from calipso_nornir.model.refs import ObjectRef


class Hop(NamedTuple):
    """One link as it is walked: where it leads, and for which values of each constraint attribute it is there."""

    link_id: str
    link: Link
    to: ObjectRef
    limits: tuple[frozenset[Any] | None, ...]
    """Per constraint attribute: the link's values, None when it has no such attribute."""
    from_source: bool
    """Whether it goes the way that the link points."""
    ends: bool
    """Whether the way ends there: the link is cut off."""
    outward: str | None
    """Type of the link's end nearer to the way out of the host, where the link tells it."""


class _ByStart(defaultdict["ObjectRef", "list[Hop]"]):
    def __init__(self) -> None:
        super().__init__(list)


class Graph:
    """Hops by link type and starting object. ``attributes`` are the constraint attributes, in order."""

    def __init__(self, links: Iterable[Link], attributes: Sequence[str]) -> None:
        self.attributes = tuple(attributes)
        self._hops: defaultdict[tuple[str, str], defaultdict[ObjectRef, list[Hop]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for link in links:
            self.add(link)

    def add(self, link: Link) -> None:
        """Add a link, to be walked in both directions."""
        for start, hop in self.hops_of(link):
            self._hops[start.type, hop.to.type][start].append(hop)

    def hops_of(self, link: Link) -> tuple[tuple[ObjectRef, Hop], tuple[ObjectRef, Hop]]:
        """Return the two hops of a link, each with where it starts."""
        told = link.attributes
        limits = tuple(values_of(told[name]) if name in told else None for name in self.attributes)
        link_id, source, target, outward = link.document_id, link.source, link.target, link.outward
        forth = Hop(link_id, link, target, limits, from_source=True, ends=link.cut_off, outward=outward)
        back = Hop(link_id, link, source, limits, from_source=False, ends=False, outward=outward)
        return (source, forth), (target, back)

    def hops(self, link_type: LinkType, start: ObjectRef) -> Sequence[Hop]:
        """Return the hops from one object to objects of the type's other end, whichever way the links point."""
        by_start = self._hops.get((link_type.source, link_type.target))
        return by_start.get(start, ()) if by_start is not None else ()

    def outgoing(self, start: ObjectRef) -> Iterator[Hop]:
        """Yield the hops along links that point away from an object."""
        for (source_type, _), by_start in self._hops.items():
            if source_type == start.type:
                yield from (hop for hop in by_start.get(start, ()) if hop.link.source == start)


def values_of(value: Any) -> frozenset[Any]:  # noqa: ANN401 - attributes are JSON of any shape
    """Return one value, or a list of them, as a set; what cannot be in a set goes by its text."""
    values = value if isinstance(value, (list, tuple)) else (value,)
    try:
        return frozenset(values)
    except TypeError:
        return frozenset(one if isinstance(one, Hashable) else repr(one) for one in values)


def by_ends(link: Link) -> tuple[str, str, str, str]:
    """Order links the same whether they were found or come from the store: a clique tells its links in this order."""
    return link.source.type, link.source.id, link.target.type, link.target.id
