# SPDX-License-Identifier: Apache-2.0
"""Finds links after a small scan: only finders that read what changed run again, and only on the hosts concerned."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

from calipso_nornir.scan.links import find_links, joined
from calipso_nornir.scan.neighbourhood import Neighbourhood
from calipso_nornir.store.documents import link_document
from calipso_nornir.store.equality import surely_same

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.errors import FetchError
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import LinkFinder
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Document
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.checked_view import DeclaredTypes
    from calipso_nornir.scan.working import Working


@dataclass(slots=True)
class Changed:
    """What has changed: each object or link before and after; None before if it is new, None after if it is gone."""

    objects: list[tuple[InventoryObject | None, InventoryObject | None]] = field(default_factory=list)
    links: list[tuple[Link | None, Link | None]] = field(default_factory=list)

    @property
    def types(self) -> set[str]:
        """The types of the objects and links that changed."""
        pairs: list[tuple[InventoryObject | Link | None, InventoryObject | Link | None]] = [*self.objects, *self.links]
        return {one.type for pair in pairs for one in pair if one is not None}


def is_as_before(one: InventoryObject, old: InventoryObject | None) -> bool:
    """Return whether an object equals its stored state, apart from when it was seen; False if that is not certain.

    Comparing takes a fraction of the time of making a document: an Open vSwitch may have hundreds of ports.
    """
    return (
        old is not None
        and _AS_STORED(one) == _AS_STORED(old)
        and {it.stable for it in one.evidence} == {it.stable for it in old.evidence}
        and surely_same(one.attributes, old.attributes)
    )


_AS_STORED = attrgetter(
    "name",
    "object_name",
    "parent",
    "id_path",
    "name_path",
    "show_in_tree",
    "on_demand",
    "handed_down",
    "owner",
    "found_by",
)


def changed_objects(
    scanned: Working, before: Before, gone: Iterable[ObjectRef], documents: Mapping[ObjectRef, Document]
) -> Changed:
    """Compare scanned objects that may have changed (``documents``) with their known state."""
    digests = before.digests(document["_id"] for document in documents.values())
    changed = Changed()
    for ref, document in documents.items():
        if digests.get(document["_id"]) != document["digest"]:
            changed.objects.append((before.get(ref), scanned.get(ref)))
    changed.objects += [(before.get(ref), None) for ref in sorted(gone)]
    return changed


class SmallLinks:
    """Finds again the links that can have changed; ``found`` are all of these, ``gone`` those that no longer exist."""

    def __init__(  # noqa: PLR0913 - the picture, and what of it a link may be and was
        self,
        finders: Sequence[tuple[str, LinkFinder]],
        scanned: Working,
        before: Before,
        *,
        gone: Collection[ObjectRef],
        on_hosts: Collection[str],
        at: datetime,
        states: Collection[str],
        declared: DeclaredTypes,
        on_trouble: Callable[[FetchError, str], None],
    ) -> None:
        self._finders = finders
        self._scanned = scanned
        self._before = before
        self._gone = gone
        self._on_hosts = on_hosts
        self._at = at
        self._states = states
        self._declared = declared
        self._on_trouble = on_trouble
        self.found: dict[str, Link] = {}
        self.gone: list[str] = []
        self._old: dict[str, Link] = {}
        self._again: dict[str, frozenset[str] | None] = {}
        """Type of links that were found again -> the hosts on which (None: all)."""

    def run(self, changed: Changed) -> None:
        """Run the finders in order; add the links that changed to ``changed``."""
        for name, finder in self._finders:
            reads = getattr(finder, "reads", None)
            if changed.types and (reads is None or changed.types & set(reads)):
                self._run(name, finder, changed, None if reads is None else set(reads))
        self.gone = sorted(self._old.keys() - self.found.keys())

    def _run(self, name: str, finder: LinkFinder, changed: Changed, reads: set[str] | None) -> None:
        hosts = self._hosts(changed, reads) if getattr(finder, "scope", "") == "host" and reads is not None else None
        if hosts is not None and not hosts:
            return
        view = Neighbourhood(self._scanned, self._before, gone=self._gone, hosts=hosts, on_hosts=self._on_hosts)
        for type_, where in self._again.items():
            found = [one for one in self.found.values() if one.type == type_]
            rest = [] if where is None else self._others(type_, where, hosts)
            view.found_again([type_], [*found, *rest])
        old = {one.document_id: one for type_ in finder.link_types for one in self._before.links(type_, hosts)}
        self._old.update(old)
        links = find_links(
            [(name, finder)],
            view,
            before=lambda type_: [one for one in old.values() if one.type == type_],
            at=self._at,
            on_trouble=self._on_trouble,
            states=self._states,
            declared=self._declared,
        )
        for link in links:
            known = self.found.get(link.document_id)
            self.found[link.document_id] = link if known is None else joined(known, link)
        self._again.update(dict.fromkeys(finder.link_types, hosts))
        changed.links += self._differences(finder, old)

    def _hosts(self, changed: Changed, reads: set[str]) -> frozenset[str] | None:
        """Return the hosts on which something changed that a finder reads; None if such a change is on no host."""
        hosts: set[str] = set()
        for pair in changed.objects:
            for one in pair:
                if one is not None and one.type in reads:
                    if one.type not in self._on_hosts:
                        return None
                    hosts.update([one["host"]] if one.get("host") else [])
        hosts.update(link.host for pair in changed.links for link in pair if link and link.type in reads and link.host)
        return frozenset(hosts)

    def _others(self, type_: str, found_on: frozenset[str], hosts: frozenset[str] | None) -> list[Link]:
        """Return the links of a type on hosts where they were not found again."""
        known = self._before.links(type_, None if hosts is None else hosts - found_on)
        return [one for one in known if one.host not in found_on]

    def _differences(self, finder: LinkFinder, old: dict[str, Link]) -> Iterator[tuple[Link | None, Link | None]]:
        for id_, link in self.found.items():
            if link.type in finder.link_types:
                was = old.get(id_)
                if was is None or link_document(was)["digest"] != link_document(link)["digest"]:
                    yield was, link
        for id_, was in old.items():
            if id_ not in self.found:
                yield was, None
