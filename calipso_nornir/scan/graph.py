# SPDX-License-Identifier: Apache-2.0
"""The links of an environment, indexed for walking from object to object in both directions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calipso_nornir.model.links import LinkType, ends_of, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.refs import ObjectRef


class Hop(NamedTuple):
    """One link in one direction: where it leads, and its values of each constraint attribute."""

    link_id: str
    link: Link
    to: ObjectRef
    limits: tuple[frozenset[Any] | None, ...]
    """For each constraint attribute, the link's values; None if it has no such attribute."""
    from_source: bool
    """Whether it follows the link from source to target."""
    ends: bool
    """Whether the path ends there because the link is cut off."""
    outward: str | None
    """Type of the link's end that is nearer to the host's uplinks, if the link has it."""


_HOP: Final[Callable[[Iterable[Any]], Hop]] = partial(tuple.__new__, Hop)  # half the time of Hop


class Graph:
    """Hops by link type and starting object. ``attributes`` are the constraint attributes, in order.

    A link type is indexed when it is first followed, and only in the direction in which it is: most links of a large
    cloud are tunnels, which few clique types follow. Hops are in the order of ``ends_of``.
    """

    def __init__(self, links: Iterable[Link], attributes: Sequence[str]) -> None:
        self.attributes = tuple(attributes)
        self._links: defaultdict[tuple[str, str], list[Link]] = defaultdict(list)
        for types, group in groupby(links, key=types_of):  # links are sorted by type
            self._links[types].extend(group)
        self._hops: dict[tuple[str, str], defaultdict[ObjectRef, list[Hop]]] = {}
        self._single: dict[str, frozenset[Any]] = {}

    def hop(self, link: Link, *, forth: bool) -> Hop:
        """Return one of the two hops of a link: to its target, or back to its source."""
        told, link_id, outward = link.attributes, link.document_id, link.outward
        limits = tuple([self._values(told[name]) if name in told else None for name in self.attributes])
        if forth:
            return _HOP((link_id, link, link.target, limits, True, link.cut_off, outward))
        return _HOP((link_id, link, link.source, limits, False, False, outward))

    def has(self, link_type: LinkType) -> bool:
        """Return whether there may be a link between objects of two types, in either direction."""
        ends = (link_type.source, link_type.target)
        return ends in self._links or ends[::-1] in self._links

    def hops(self, link_type: LinkType, start: ObjectRef) -> Sequence[Hop]:
        """Return the hops from one object to objects of the type's other end, in either direction of the links."""
        return self.hops_by(link_type)(start) or ()

    def hops_by(self, link_type: LinkType) -> Callable[[ObjectRef], Sequence[Hop] | None]:
        """Return a function for the hops of a type from an object, for frequent use; it may give None for none."""
        ends = (link_type.source, link_type.target)
        if ends not in self._hops:
            self._make_index(*ends)
        return self._hops[ends].get

    def outgoing(self, start: ObjectRef) -> Iterator[Hop]:
        """Yield the hops along links that point away from an object."""
        for source, target in self._links:
            if source == start.type:
                yield from (hop for hop in self.hops(LinkType(source, target), start) if hop.link.source == start)

    def _make_index(self, first: str, second: str) -> None:
        """Index the hops from objects of the first type to objects of the second."""
        index = self._hops[first, second] = defaultdict(list)
        for ends in sorted({(first, second), (second, first)}):
            for link in sorted(self._links.get(ends, ()), key=ends_of):
                if ends == (first, second):
                    index[link.source].append(self.hop(link, forth=True))
                if ends == (second, first):
                    index[link.target].append(self.hop(link, forth=False))

    def _values(self, value: Any) -> frozenset[Any]:  # noqa: ANN401 - attributes are JSON of any shape
        """Return one value, or a list of them, as a set; links of one network share theirs."""
        if not isinstance(value, str):
            return values_of(value)
        if value not in self._single:
            self._single[value] = frozenset((value,))
        return self._single[value]


def values_of(value: Any) -> frozenset[Any]:  # noqa: ANN401 - attributes are JSON of any shape
    """Return one value, or a list of them, as a set; unhashable values are represented by their text."""
    values = value if isinstance(value, (list, tuple)) else (value,)
    try:
        return frozenset(values)
    except TypeError:
        return frozenset(one if isinstance(one, Hashable) else repr(one) for one in values)
