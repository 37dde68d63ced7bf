# SPDX-License-Identifier: Apache-2.0
"""The focus of a fetching in a small scan: some of the objects that its step may find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from calipso_nornir.model import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef

    Ancestors = Callable[[InventoryObject], list[InventoryObject]]
    """Returns the ancestors of an object, the topmost first."""

MANY: Final = "[]"
"""Ends the name of an attribute that is a list, in ``Fetcher.asked_by``."""


@dataclass(frozen=True, slots=True)
class Focus:
    """The objects that concern one object that is scanned again.

    Attributes:
        ref: the object that is scanned again.
        attribute: the attribute of found objects that holds its id; "id" for the object itself; None for what is
            below it.
        narrowing: whether queries ask only for what belongs to the focus.
        of_many: whether the attribute is a list of names, and found objects concern all that it names.
    """

    ref: ObjectRef
    attribute: str | None = "id"
    narrowing: bool = False
    of_many: bool = False

    @classmethod
    def related(cls, ref: ObjectRef, relation: str) -> Self:
        """Return the focus on what an attribute, as fetchers declare it in ``asked_by``, relates to an object."""
        attribute = relation.removesuffix(MANY)
        of_many = attribute != relation
        return cls(ref, attribute, narrowing=not of_many, of_many=of_many)

    @property
    def by_id(self) -> bool:
        """Whether the focus is the object itself."""
        return self.attribute == "id"

    def may_cover(self, id_: str, attribute: object) -> bool:
        """Return whether a found object that has not been placed yet may belong to the focus.

        ``attribute`` is the value of the focus's own attribute.
        """
        if self.by_id:
            return id_ == self.ref.id
        if self.of_many:
            names = attribute if isinstance(attribute, list) else ()
            return self.ref.id in [ids.plain(name) for name in names if name and isinstance(name, str)]
        return self.attribute is None or attribute == self.ref.id

    def covers(self, one: InventoryObject, ancestors: Ancestors) -> bool:
        """Return whether a placed object belongs to the focus."""
        if self.attribute is None:
            return any(above.ref == self.ref for above in ancestors(one))
        return self.may_cover(one.id, one.get(self.attribute))
