# SPDX-License-Identifier: Apache-2.0
"""Ensures one scan of an environment at a time, for any number of scan managers: a running scan holds its slot.

Listeners hold slots of their own, in another collection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.store.liveness import LOST, sign_of_life, status_of

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store

COLLECTION: Final = "scan_slots"
_FREE: Final = {"owner": "", "status": "free"}


class Slots:
    """The slots of a store's environments: one document each, written by atomic updates alone.

    An owner is any unique text. A slot whose owner is dead is free.
    """

    def __init__(self, store: Store, collection: str = COLLECTION) -> None:
        self._slots = store.collection(collection)

    def take(self, environment: str, owner: str) -> bool:
        """Take a slot; return whether it was free."""
        mine = {"environment": environment, "owner": owner, "status": "running", **sign_of_life()}
        if self._slots.insert(environment, mine):
            return True
        there = self._slots.get(environment)
        if there is None or (there["owner"] and status_of(there) != LOST):
            return False
        seen = {name: there.get(name) for name in ("owner", "alive_timestamp")}
        return self._slots.update_if(environment, seen, mine) is not None

    def is_free(self, environment: str) -> bool:
        """Return whether nobody alive holds a slot; somebody may take it the next moment."""
        there = self._slots.get(environment)
        return there is None or not there["owner"] or status_of(there) == LOST

    def keep(self, environment: str, owner: str) -> bool:
        """Write a heartbeat; return whether the slot is still this owner's."""
        return self._slots.update_if(environment, {"owner": owner}, sign_of_life()) is not None

    def give(self, environment: str, owner: str) -> None:
        """Release a slot, if it is still this owner's."""
        self._slots.update_if(environment, {"owner": owner}, _FREE)
