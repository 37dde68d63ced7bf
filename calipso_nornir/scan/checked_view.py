# SPDX-License-Identifier: Apache-2.0
"""The view that a link finder gets, which rejects the names of undeclared types.

Otherwise a typing error (``view.of_type("vnics")``) would give an empty answer, and the finder would never find
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from calipso_nornir.errors import PromiseBroken
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.scan.working import Working

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DeclaredTypes:
    """The names of the types that metadata declare."""

    object_types: Collection[str]
    link_types: Collection[str]


class CheckedView:
    """A picture as one plug-in sees it. Raises PromiseBroken for requests that cannot have an answer."""

    def __init__(self, picture: Working, declared: DeclaredTypes, *, plugin: str) -> None:
        self._picture = picture
        self._declared = declared
        self._plugin = plugin

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._picture.environment

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        self._check_ref("get(…)", ref)
        return self._picture.get(ref)

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, ordered by id."""
        self._check(f'of_type("{type_}")', type_, "an object type", self._declared.object_types)
        return self._picture.of_type(type_)

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return the objects directly below an object, ordered by type and name."""
        self._check_ref("children(…)", ref)
        return self._picture.children(ref)

    def links(
        self,
        type_: str | None = None,
        *,
        source: ObjectRef | None = None,
        target: ObjectRef | None = None,
    ) -> Sequence[Link]:
        """Return the links found so far, of a type, from a source, to a target."""
        if type_ is not None:
            self._check(f'links("{type_}")', type_, "a link type", self._declared.link_types)
        for end, ref in (("source", source), ("target", target)):
            if ref is not None:
                self._check_ref(f"links({end}=…)", ref)
        return self._picture.links(type_, source=source, target=target)

    def once(self, make: Callable[[View], T]) -> T:
        """Return the result of a function of the picture's objects, computed once for all callers."""
        return self._picture.once(make)

    def _check(self, called: str, name: object, what: str, known: Collection[str]) -> None:
        if name not in known:
            problem = f'called view.{called}: "{name}" is not {what}{nearest(str(name), known)}'
            raise PromiseBroken(self._plugin, problem)

    def _check_ref(self, called: str, ref: object) -> None:
        if not isinstance(ref, ObjectRef):
            problem = f"called view.{called} with {ref!r:.200}; a reference is expected: one.ref"
            raise PromiseBroken(self._plugin, problem)
        if ref.type not in self._declared.object_types:
            near = nearest(ref.type, self._declared.object_types)
            raise PromiseBroken(self._plugin, f'called view.{called}: "{ref.type}" is not an object type{near}')
