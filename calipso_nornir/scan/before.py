# SPDX-License-Identifier: Apache-2.0
"""The stored state before this scan, read when needed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.finding import Equal, Find, OneOf, found_by

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef, Witness
    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.scan.focus import Focus


class Before:
    """The stored picture, by type, by witness, and by other fields that the store indexes.

    With ``forget`` it is empty. A small scan reads ``by_index``, each object when it is needed; other scans read all
    objects of a type at once.
    """

    def __init__(self, view: StoreView, *, forget: bool = False, by_index: bool = False) -> None:
        self.environment = view.environment
        self._view = view
        self._forget = forget
        self._by_index = by_index
        self._known: dict[ObjectRef, InventoryObject | None] = {}
        self._by_type: dict[str, dict[ObjectRef, InventoryObject]] = {}
        self._by_witness: dict[str, dict[Witness, list[InventoryObject]]] = {}
        self._by_value: dict[tuple[str, tuple[tuple[str, Any], ...]], list[InventoryObject]] = {}

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object as it was."""
        if self._forget:
            return None
        if not self._by_index:
            self.of_type(ref.type)
        if ref.type in self._by_type:
            return self._by_type[ref.type].get(ref)
        if ref not in self._known:
            self._known[ref] = self._view.get(ref)
        return self._known[ref]

    def read(self) -> set[ObjectRef]:
        """Return the objects that were read, or that were looked up and do not exist."""
        return {*self._known, *(ref for known in self._by_type.values() for ref in known)}

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type as they were."""
        if type_ not in self._by_type:
            known = () if self._forget else self._view.of_type(type_)
            self._by_type[type_] = {one.ref: one for one in known}
        return list(self._by_type[type_].values())

    def found_by(self, type_: str, witness: Witness) -> Sequence[InventoryObject]:
        """Return the objects of a type that a fetching had found."""
        if self._forget:
            return []
        if self._by_index and type_ not in self._by_type:
            return self._noted(self._view.find(Find(where=(found_by(witness), Equal("type", type_)))))
        if type_ not in self._by_witness:
            index: defaultdict[Witness, list[InventoryObject]] = defaultdict(list)
            for one in self.of_type(type_):
                for who in one.found_by:
                    index[who].append(one)
            self._by_witness[type_] = dict(index)
        return self._by_witness[type_].get(witness, [])

    def concerning(self, type_: str, witness: Witness, focus: Focus | None) -> Sequence[InventoryObject]:
        """Return the objects of a type that a fetching had found and that its focus concerns."""
        if focus is None or focus.attribute is None:
            found = self.found_by(type_, witness)
            return found if focus is None else [one for one in found if focus.covers(one, self.ancestors)]
        if focus.by_id:
            known = self.get(focus.ref)
            return [known] if known is not None and known.type == type_ and witness in known.found_by else []
        return [one for one in self.where(type_, {focus.attribute: focus.ref.id}) if witness in one.found_by]

    def where(self, type_: str, equal: Mapping[str, Any]) -> Sequence[InventoryObject]:
        """Return the objects of a type whose attributes had these values."""
        if self._forget:
            return []
        if not equal or type_ in self._by_type:
            return [one for one in self.of_type(type_) if all(one.get(key) == value for key, value in equal.items())]
        key = (type_, tuple(sorted(equal.items())))
        if key not in self._by_value:
            conditions = [Equal(name, value) for name, value in equal.items()]
            self._by_value[key] = self._noted(self._view.find(Find(where=(*conditions, Equal("type", type_)))))
        return self._by_value[key]

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return the objects directly below an object."""
        return () if self._forget else self._noted(self._view.children(ref))

    def ancestors(self, one: InventoryObject) -> list[InventoryObject]:
        """Return the ancestors of an object, the topmost first, without the environment itself."""
        above: list[InventoryObject] = []
        while one.parent is not None and (found := self.get(one.parent)) is not None:
            above.insert(0, found)
            one = found
        return above

    def digests(self, document_ids: Iterable[str]) -> dict[str, str]:
        """Return ``_id`` -> digest of those objects that existed."""
        if self._forget:
            return {}
        found = self._view.find_documents(Find(where=(OneOf("_id", tuple(document_ids)),)))
        return {one["_id"]: one["digest"] for one in found}

    # --- links and cliques

    def links(self, type_: str, hosts: Collection[str] | None = None) -> Sequence[Link]:
        """Return the links of a type, all or those on some hosts."""
        if hosts is None:
            return self._view.links(type_)
        on = OneOf("host", tuple(sorted(hosts)))
        return self._view.find_links(Find(kind="links", where=(on, Equal("link_type", type_))))

    def links_of(self, ref: ObjectRef) -> Sequence[Link]:
        """Return the links with an object at either end."""
        return self._view.links_of(ref)

    def clique(self, focal_point: ObjectRef) -> Clique | None:
        """Return the clique of a focal point."""
        return next(iter(self._view.cliques(focal_point)), None)

    def cliques_with(self, link_ids: Iterable[str]) -> Sequence[Clique]:
        """Return the cliques that contain one of these links."""
        return self._view.cliques_with(link_ids)

    def _noted(self, found: Iterable[InventoryObject]) -> list[InventoryObject]:
        noted = list(found)
        self._known.update({one.ref: one for one in noted})
        return noted
