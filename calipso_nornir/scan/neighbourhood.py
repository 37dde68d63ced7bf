# SPDX-License-Identifier: Apache-2.0
"""The part of the picture from which links and cliques are derived again: what was scanned, and its surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.scan.working import ObjectState, Working

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.before import Before


class Neighbourhood(Working):
    """A picture that reads what it lacks from the store, when needed.

    ``hosts``: those that a link finder sees; None for all. Objects of types that are not ``on_hosts`` are all visible.
    """

    def __init__(
        self,
        scanned: Working,
        before: Before,
        *,
        gone: Collection[ObjectRef],
        hosts: Collection[str] | None = None,
        on_hosts: Collection[str] = (),
    ) -> None:
        super().__init__(scanned.environment)
        self._scanned = scanned
        self._before = before
        self._gone = gone
        self._hosts = hosts
        self._on_hosts = on_hosts
        self._whole: set[str] = set()
        self._found_links: set[str] = set()
        """Types of links that were found again; their old links are ignored."""

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, wherever it is."""
        one = self._scanned.get(ref)
        if one is None and ref not in self._gone:
            one = self._before.get(ref)
        return one

    def getter(self) -> Callable[[ObjectRef], InventoryObject | None]:
        """Return ``get``: it reads what it lacks."""
        return self.get

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return the objects of a type, on the visible hosts, ordered by id."""
        if type_ not in self._whole:
            self._whole.add(type_)
            for one in self._from_before(type_):
                if one.ref not in self._scanned and one.ref not in self._gone:
                    self.put(one, ObjectState.CONTEXT)
            for one in self._scanned.of_type(type_):
                if not self._narrows(type_) or one.get("host") in (self._hosts or ()):
                    self.put(one, self._scanned.state(one.ref) or ObjectState.CONTEXT)
        return super().of_type(type_)

    def look_up(self, type_: str, equal: Mapping[str, Any]) -> list[InventoryObject]:
        """Return objects of a type whose attributes have these values, ordered by id."""
        self.of_type(type_)
        return super().look_up(type_, equal)

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return the objects directly below an object, ordered by type and name."""
        here = {one.ref: one for one in self._scanned.children(ref)}
        for one in self._before.children(ref):
            if one.ref not in self._scanned and one.ref not in self._gone:
                here[one.ref] = one
        return sorted(here.values(), key=lambda one: (one.type, one.name, one.id))

    def links(
        self,
        type_: str | None = None,
        *,
        source: ObjectRef | None = None,
        target: ObjectRef | None = None,
    ) -> Sequence[Link]:
        """Return the links of a type on the visible hosts: those found again, else the old ones."""
        if type_ is not None and type_ not in self._found_links:
            self.found_again([type_], self._before.links(type_, self._hosts))
        return super().links(type_, source=source, target=target)

    def found_again(self, types: Iterable[str], links: Iterable[Link]) -> None:
        """Record the links of some types, as they are now."""
        self._found_links.update(types)
        self.put_links(links)

    def state(self, ref: ObjectRef) -> ObjectState | None:
        """Return how an object came into the picture; None when it is not in it."""
        return self._scanned.state(ref) or (ObjectState.CONTEXT if ref in self else None)

    def is_doubted(self, ref: ObjectRef) -> bool:
        """Return whether an object, or something it depends on, could not be examined."""
        return self._scanned.is_doubted(ref)

    def __contains__(self, ref: object) -> bool:
        return self.get(ref) is not None  # type: ignore[arg-type]  # a reference; nobody asks for anything else

    def _narrows(self, type_: str) -> bool:
        return self._hosts is not None and type_ in self._on_hosts

    def _from_before(self, type_: str) -> Iterable[InventoryObject]:
        if not self._narrows(type_):
            return self._before.of_type(type_)
        return [one for host in sorted(self._hosts or ()) for one in self._before.where(type_, {"host": host})]
