# SPDX-License-Identifier: Apache-2.0
"""The focus of a fetching in a small scan: some of the objects that its step may find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef

    Ancestors = Callable[[InventoryObject], list[InventoryObject]]
    """Returns the ancestors of an object, the topmost first."""


@dataclass(frozen=True, slots=True)
class Focus:
    """The objects that concern one object that is scanned again.

    Attributes:
        ref: the object that is scanned again.
        attribute: the attribute of found objects that holds its id; "id" for the object itself; None for what is
            below it.
        narrowing: whether queries ask only for what belongs to the focus.
    """

    ref: ObjectRef
    attribute: str | None = "id"
    narrowing: bool = False

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
        return self.attribute is None or attribute == self.ref.id

    def covers(self, one: InventoryObject, ancestors: Ancestors) -> bool:
        """Return whether a placed object belongs to the focus."""
        if self.attribute is None:
            return any(above.ref == self.ref for above in ancestors(one))
        return self.may_cover(one.id, one.get(self.attribute))
