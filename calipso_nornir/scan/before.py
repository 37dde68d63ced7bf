# SPDX-License-Identifier: Apache-2.0
"""What the store knew before this scan, read as far as it is needed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import StoreView
    from calipso_nornir.model.refs import ObjectRef, Witness


class Before:
    """The last complete generation, by type and by who found what. An emptied one knows nothing."""

    def __init__(self, view: StoreView, *, forget: bool = False) -> None:
        self.environment = view.environment
        self._view = view
        self._forget = forget
        self._known: dict[ObjectRef, InventoryObject | None] = {}
        self._by_type: dict[str, dict[ObjectRef, InventoryObject]] = {}
        self._by_witness: dict[str, dict[Witness, list[InventoryObject]]] = {}

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object as it was."""
        if self._forget:
            return None
        if ref.type in self._by_type:
            return self._by_type[ref.type].get(ref)
        if ref not in self._known:
            self._known[ref] = self._view.get(ref)
        return self._known[ref]

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type as they were."""
        if type_ not in self._by_type:
            known = () if self._forget else self._view.of_type(type_)
            self._by_type[type_] = {one.ref: one for one in known}
        return list(self._by_type[type_].values())

    def found_by(self, type_: str, witness: Witness) -> Sequence[InventoryObject]:
        """Return the objects of a type that a fetching had found."""
        if type_ not in self._by_witness:
            index: defaultdict[Witness, list[InventoryObject]] = defaultdict(list)
            for one in self.of_type(type_):
                for who in one.found_by:
                    index[who].append(one)
            self._by_witness[type_] = dict(index)
        return self._by_witness[type_].get(witness, [])

    def where(self, type_: str, equal: Mapping[str, Any]) -> Sequence[InventoryObject]:
        """Return the objects of a type whose attributes had these values."""
        return [one for one in self.of_type(type_) if all(one.get(key) == value for key, value in equal.items())]

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return what hung directly below an object."""
        return () if self._forget else self._view.children(ref)

    def ancestors(self, one: InventoryObject) -> list[InventoryObject]:
        """Return what an object hung below, the topmost first; the environment itself is no object."""
        above: list[InventoryObject] = []
        while one.parent is not None and (found := self.get(one.parent)) is not None:
            above.insert(0, found)
            one = found
        return above

    def below(self, ref: ObjectRef) -> Iterator[InventoryObject]:
        """Yield everything that hung below an object, parents first."""
        if self._forget:
            return
        todo = [ref]
        while todo:
            for one in self._view.children(todo.pop()):
                yield one
                todo.append(one.ref)
