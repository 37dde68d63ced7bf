# SPDX-License-Identifier: Apache-2.0
"""A picture that is read once, for work that needs all of it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.model.refs import ObjectRef


class Whole:
    """A view over another one, which reads each type of objects, and the links, only once."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._by_type: dict[str, dict[ObjectRef, InventoryObject]] = {}
        self._links: dict[str, list[Link]] | None = None
        self._from: defaultdict[tuple[str, ObjectRef], list[Link]] = defaultdict(list)
        self._to: defaultdict[tuple[str, ObjectRef], list[Link]] = defaultdict(list)

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._view.environment

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        return self._objects(ref.type).get(ref)

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type."""
        return list(self._objects(type_).values())

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return the objects directly below an object."""
        return self._view.children(ref)

    def links(
        self, type_: str | None = None, *, source: ObjectRef | None = None, target: ObjectRef | None = None
    ) -> Sequence[Link]:
        """Return the links of a type, from a source, to a target; without arguments, all links."""
        by_type = self._all_links()
        types = by_type if type_ is None else [type_]
        if source is None and target is None:
            return [link for one in types for link in by_type.get(one, ())]
        if source is not None:
            found = [link for one in types for link in self._from.get((one, source), ())]
            return [link for link in found if target in (None, link.target)]
        assert target is not None  # noqa: S101 - narrows the type
        return [link for one in types for link in self._to.get((one, target), ())]

    def _objects(self, type_: str) -> dict[ObjectRef, InventoryObject]:
        if type_ not in self._by_type:
            self._by_type[type_] = {one.ref: one for one in self._view.of_type(type_)}
        return self._by_type[type_]

    def _all_links(self) -> dict[str, list[Link]]:
        if self._links is None:
            self._links = {}
            for link in self._view.links():
                self._links.setdefault(link.type, []).append(link)
                self._from[link.type, link.source].append(link)
                self._to[link.type, link.target].append(link)
        return self._links
