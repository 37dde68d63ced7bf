# SPDX-License-Identifier: Apache-2.0
"""The surroundings of a small scan: known objects on which scanned ones depend join the picture unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.model.objects import root_of
from calipso_nornir.scan.working import ObjectState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.working import Working


class Surroundings:
    """The known objects that a small scan does not examine.

    ``looked_at`` returns whether a fetching of this scan examines an object: if it is not found again, it is gone.
    """

    def __init__(self, working: Working, before: Before, looked_at: Callable[[InventoryObject], bool]) -> None:
        self._working = working
        self._before = before
        self._looked_at = looked_at

    def bring(self, ref: ObjectRef) -> bool:
        """Add one object, with its ancestors; return whether it is now in the picture."""
        if ref in self._working:
            return True
        root = root_of(self._working.environment)
        known = root if ref == root.ref else self._before.get(ref)
        if known is None or self._looked_at(known):
            return False
        if known.parent is not None and not self.bring(known.parent):
            return False
        self._working.put(known, ObjectState.CONTEXT)
        return True

    def bring_all(self, type_: str, equal: Mapping[str, Any]) -> None:
        """Add all objects of a type whose attributes had these values."""
        for one in self._before.where(type_, equal):
            self.bring(one.ref)
