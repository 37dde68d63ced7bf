# SPDX-License-Identifier: Apache-2.0
"""Reads from links and cliques what failing objects and links depend on."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from calipso_nornir.model.links import Link
from calipso_nornir.model.status import OK
from calipso_nornir.monitoring.causes import LINK_ABOVE, FailingThing
from calipso_nornir.monitoring.judging import checks_of, own_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.metadata.monitoring import Monitoring
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import StoreView

FEW: Final = 200
"""Up to this many things are looked up one by one; for more, all links and cliques are read at once."""


class Dependencies:
    """Reads links and cliques of things, and their conditions."""

    def __init__(self, view: StoreView, rules: Monitoring, *, many: bool) -> None:
        self._view = view
        self._rules = rules
        self._links: dict[ObjectRef, list[Link]] | None = None
        self._cliques: dict[ObjectRef, Clique] | None = None
        if many:
            links: defaultdict[ObjectRef, list[Link]] = defaultdict(list)
            for link in view.links():
                for end in {link.source, link.target}:
                    links[end].append(link)
            self._links, self._cliques = links, {one.focal_point: one for one in view.cliques()}

    def links_at(self, ref: ObjectRef) -> Sequence[Link]:
        """Return the links with an object at either end."""
        return self._view.links_of(ref) if self._links is None else self._links.get(ref, [])

    def condition(self, status: Status, thing: InventoryObject | Link) -> FailingThing:
        """Return the condition of one object or link."""
        if isinstance(thing, Link):
            ends = [self._rules.height(end.type) for end in (thing.source, thing.target)]
            known = [one for one in ends if one is not None]
            height: float | None = max(known) + LINK_ABOVE if known else None
            host = thing.host
        else:
            height = self._rules.height(thing.type)
            host = thing.id if thing.type == "host" else thing.get("host")
        value = own_value(status, any_of=thing.type in self._rules.any_of) if checks_of(status) else status.value
        failing = [one for one in checks_of(status) if one["status"] != OK]
        own = not failing or any((thing.type, one["check"]) in self._rules.own for one in failing)
        return FailingThing(
            of=status.of,
            type=thing.type,
            height=height,
            host=host if isinstance(host, str) else None,
            value=value,
            own=own,
            link=isinstance(thing, Link),
        )

    def below(self, thing: InventoryObject | Link) -> frozenset[str]:
        """Return what a thing may depend on: a link on its ends, an object on its clique or else on its neighbours."""
        if isinstance(thing, Link):
            return frozenset({thing.source.document_id, thing.target.document_id})
        clique = self._clique(thing.ref)
        if clique is not None:
            return frozenset(clique.links) | {node.document_id for node in clique.nodes}
        links = self.links_at(thing.ref)
        near = {end for link in links for end in (link.source, link.target)} - {thing.ref}
        between = {
            link.document_id
            for end in near
            if self._is_below(end, thing.ref)
            for link in self.links_at(end)
            if {link.source, link.target} <= near
        }
        return frozenset({link.document_id for link in links} | {end.document_id for end in near} | between)

    def beside(self, one: InventoryObject) -> frozenset[str]:
        """Return the objects of the same type that an object needs."""
        return frozenset(
            link.target.document_id
            for link in self.links_at(one.ref)
            if link.source == one.ref and link.target.type == one.type
        )

    def _clique(self, ref: ObjectRef) -> Clique | None:
        if self._cliques is not None:
            return self._cliques.get(ref)
        return next(iter(self._view.cliques(ref)), None)

    def _is_below(self, ref: ObjectRef, other: ObjectRef) -> bool:
        low, high = self._rules.height(ref.type), self._rules.height(other.type)
        return low is not None and high is not None and low < high
