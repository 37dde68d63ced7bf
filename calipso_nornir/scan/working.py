# SPDX-License-Identifier: Apache-2.0
"""The scan's own picture of the environment, in memory: what link finders and look-ups see."""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.model.refs import ObjectRef

T = TypeVar("T")


class ObjectState(Enum):
    """How an object came into the picture."""

    FOUND = "found"
    """Seen by this scan."""
    KEPT = "kept"
    """Known from before; the steps that could confirm or deny it failed."""
    CONTEXT = "context"
    """Known from before, and not examined by this scan."""


class Working:
    """Objects and links of one environment; a ``View`` with indexes that are kept up to date."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._objects: dict[ObjectRef, InventoryObject] = {}
        self._states: dict[ObjectRef, ObjectState] = {}
        self._doubted: set[ObjectRef] = set()
        self._by_type: defaultdict[str, dict[str, InventoryObject]] = defaultdict(dict)
        self._by_value: dict[tuple[str, str], defaultdict[Any, dict[str, None]]] = {}
        self._children: dict[ObjectRef, list[ObjectRef]] | None = None
        self._links: list[Link] = []
        self._links_of_type: defaultdict[str, list[Link]] = defaultdict(list)
        self._ordered: dict[str, tuple[InventoryObject, ...]] = {}
        self._made: dict[Callable[[View], Any], Any] = {}

    # --- View

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._environment

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        return self._objects.get(ref)

    def getter(self) -> Callable[[ObjectRef], InventoryObject | None]:
        """Return ``get``, for frequent use while nothing changes."""
        return self._objects.get

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, ordered by id."""
        if type_ not in self._ordered:
            known = self._by_type[type_]
            self._ordered[type_] = tuple(known[id_] for id_ in sorted(known))
        return self._ordered[type_]

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return the objects directly below an object, ordered by type and name."""
        if self._children is None:
            below: defaultdict[ObjectRef, list[ObjectRef]] = defaultdict(list)
            for one in self._objects.values():
                if one.parent is not None:
                    below[one.parent].append(one.ref)
            self._children = dict(below)
        found = [self._objects[one] for one in self._children.get(ref, ())]
        return sorted(found, key=lambda one: (one.type, one.name, one.id))

    def links(
        self,
        type_: str | None = None,
        *,
        source: ObjectRef | None = None,
        target: ObjectRef | None = None,
    ) -> Sequence[Link]:
        """Return the links found so far, of a type, from a source, to a target."""
        links = self._links if type_ is None else self._links_of_type.get(type_, ())
        return [link for link in links if source in (None, link.source) and target in (None, link.target)]

    def once(self, make: Callable[[View], T]) -> T:
        """Return the result of a function of this view's objects, computed when it is first needed.

        It must not depend on links, and must not be modified. When an object changes, it is computed again.
        """
        if make not in self._made:
            made = make(self)  # it may add objects, which discards the results
            self._made[make] = made
        known: T = self._made[make]
        return known

    # --- filling it

    def put(self, one: InventoryObject, state: ObjectState) -> None:
        """Insert or replace one object."""
        before = self._objects.get(one.ref)
        self._objects[one.ref] = one
        self._states[one.ref] = state
        self._by_type[one.type][one.id] = one
        self._forget(one.type)
        for (type_, key), index in self._by_value.items():
            if type_ == one.type:
                if before is not None:
                    index[_hashable(before.get(key))].pop(one.id, None)
                index[_hashable(one.get(key))][one.id] = None

    def remove(self, ref: ObjectRef) -> None:
        """Remove one object."""
        one = self._objects.pop(ref, None)
        if one is not None:
            del self._states[ref], self._by_type[ref.type][ref.id]
            self._forget(ref.type)
            for (type_, key), index in self._by_value.items():
                if type_ == one.type:
                    index[_hashable(one.get(key))].pop(one.id, None)

    def _forget(self, type_: str) -> None:
        """Forget the results that were computed from the objects so far."""
        self._children = None
        self._ordered.pop(type_, None)
        self._made.clear()

    def put_links(self, links: Iterable[Link], *, type_: str | None = None) -> None:
        """Add links that were found; if a type is given, all are of this type."""
        known = len(self._links)
        self._links += links
        new = self._links[known:]
        if type_ is not None:
            self._links_of_type[type_] += new
            return
        for link in new:
            self._links_of_type[link.type].append(link)

    def state(self, ref: ObjectRef) -> ObjectState | None:
        """Return how an object came into the picture; None when it is not in it."""
        return self._states.get(ref)

    def doubt(self, ref: ObjectRef) -> None:
        """Record that one witness failed, even if another confirmed the object."""
        self._doubted.add(ref)

    def is_doubted(self, ref: ObjectRef) -> bool:
        """Return whether an object, or something it depends on, could not be examined."""
        return ref in self._doubted or self._states.get(ref) is ObjectState.KEPT

    def __contains__(self, ref: object) -> bool:
        return ref in self._objects

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[InventoryObject]:
        return iter(self._objects.values())

    def in_state(self, state: ObjectState) -> Iterator[InventoryObject]:
        """Yield the objects of one state."""
        return (one for ref, one in self._objects.items() if self._states[ref] is state)

    def look_up(self, type_: str, equal: Mapping[str, Any]) -> list[InventoryObject]:
        """Return objects of a type whose attributes have these values, ordered by id."""
        if not equal:
            return list(self.of_type(type_))
        first, *rest = equal.items()
        known = self._by_type[type_]
        ids = self._index(type_, first[0]).get(_hashable(first[1]), {})
        return [known[id_] for id_ in sorted(ids) if all(known[id_].get(key) == value for key, value in rest)]

    def _index(self, type_: str, key: str) -> Mapping[Any, dict[str, None]]:
        if (type_, key) not in self._by_value:
            index: defaultdict[Any, dict[str, None]] = defaultdict(dict)
            for one in self._by_type[type_].values():
                index[_hashable(one.get(key))][one.id] = None
            self._by_value[type_, key] = index
        return self._by_value[type_, key]


def _hashable(value: Any) -> Any:  # noqa: ANN401 - attributes are JSON of any shape
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
