# SPDX-License-Identifier: Apache-2.0
"""One commit at a time: a lock in the environment's marker, held for the milliseconds that a commit takes.

All times are the server's (``$$NOW``), so clocks of the writers' machines do not matter. A writer that is suspended
for longer than the lock lasts does no harm: everything that it writes asks, within the server, for its lock.
"""

from __future__ import annotations

import random
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from calipso_nornir.errors import StoreBusy
from calipso_nornir.store.mongo.environment_collections import Marker
from calipso_nornir.store.process import this_process

if TYPE_CHECKING:
    from calipso_nornir.store.mongo.environment_collections import Places

_SHORTEST_PAUSE_S: Final = 0.001
_LONGEST_PAUSE_S: Final = 0.01
_RENEWALS: Final = 4
"""In the length of a lock."""


class LockLost(Exception):
    """Another has taken the lock over; nothing that was written under it counts."""


class Lock:
    """The right to make the next revision."""

    def __init__(self, places: Places, *, uri: str, seconds: float) -> None:
        self.token = uuid.uuid4().hex[:16]
        self._places = places
        self._uri = uri
        self._seconds = seconds
        self._renewed_at = 0.0
        self._fields: dict[str, int] | None = {"recent": 0}

    @property
    def mine(self) -> dict[str, Any]:
        """What finds the marker only while the lock is this one."""
        return {"_id": self._places.environment, "lock.token": self.token}

    @property
    def longest_ms(self) -> int:
        """How long the server may take over one step: when it is frozen, it gives the step up before the lock ends."""
        return max(1, round(self._seconds * 500))

    def take(self, *, wait_s: float) -> Marker:
        """Take it, and return the marker as it was; raise StoreBusy when others hold it for longer than that."""
        deadline = time.monotonic() + wait_s
        pause = _SHORTEST_PAUSE_S
        while True:
            before = self._tried()
            if before is not None:
                self._renewed_at = time.monotonic()
                return Marker.of(before)
            if time.monotonic() >= deadline:
                owner = (self._places.marker().lock or {}).get("owner", "another process")
                raise StoreBusy(self._uri, self._places.environment, str(owner))
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - to get out of step, not to keep a secret
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def repeated(self) -> None:
        """Note that an attempt may have succeeded without an answer: from now on the marker is read whole."""
        self._fields = None

    def require(self) -> None:
        """Make it last on; raise LockLost when another has it."""
        if time.monotonic() - self._renewed_at < self._seconds / _RENEWALS:
            return
        lock = [{"$set": {"lock": self._wanted()}}]
        found = self._places.quick_markers.find_one_and_update(self.mine, lock, {"_id": 1})
        if found is None:
            raise LockLost
        self._renewed_at = time.monotonic()

    def release(self) -> None:
        """Let go of it, with nothing to undo."""
        self._places.quick_markers.update_one(self.mine, {"$unset": {"lock": ""}})

    def _tried(self) -> dict[str, Any] | None:
        """Return the marker as it was before the lock was taken, or None when another has it."""
        markers, name = self._places.quick_markers, self._places.environment
        ended = {"$expr": {"$lt": ["$lock.until", "$$NOW"]}}  # none at all is less than any (BSON comparison order)
        free = {"_id": name, "$or": [ended, {"lock.token": self.token}]}
        before = markers.find_one_and_update(
            free, [{"$set": {"lock": self._wanted()}}], self._fields, return_document=ReturnDocument.BEFORE
        )
        if before is None and markers.find_one({"_id": name}, {"_id": 1}) is None:
            with suppress(DuplicateKeyError):  # made by another in this moment
                self._places.markers.insert_one({"_id": name, "revision": 0})
            return self._tried()
        return before

    def _wanted(self) -> dict[str, Any]:
        return {
            "token": self.token,
            "owner": {"$literal": this_process()},
            "until": {"$add": ["$$NOW", round(self._seconds * 1000)]},
        }
