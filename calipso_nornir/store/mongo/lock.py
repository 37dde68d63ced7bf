# SPDX-License-Identifier: Apache-2.0
"""One commit at a time: a lock in the environment's marker, held for the milliseconds that a commit takes.

All times are the server's (``$$NOW``), so the clocks of the writers' machines do not matter. A writer that is suspended
for longer than the lock lasts does no harm: the server checks its lock in everything that it writes.
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
"""How often a lock is renewed within its duration."""


class LockLost(Exception):
    """Another writer has taken over the lock; what was written under the lost lock is not valid."""


class Lock:
    """The exclusive right to make the next revision."""

    def __init__(self, places: Places, *, uri: str, seconds: float) -> None:
        self.token = uuid.uuid4().hex[:16]
        self._places = places
        self._uri = uri
        self._seconds = seconds
        self._renewed_at = 0.0
        self._fields: dict[str, int] | None = {"recent": 0}

    @property
    def mine(self) -> dict[str, Any]:
        """A filter that finds the marker only while this lock is held."""
        return {"_id": self._places.environment, "lock.token": self.token}

    @property
    def longest_ms(self) -> int:
        """Time limit for one step on the server: even a server that froze abandons the step before the lock expires."""
        return max(1, round(self._seconds * 500))

    def take(self, *, wait_s: float) -> Marker:
        """Take the lock and return the marker as it was; raise StoreBusy if others hold the lock for too long."""
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
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - to get out of step, not for secrecy
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def repeated(self) -> None:
        """Record that an attempt may have succeeded although its answer was lost: then the whole marker is read."""
        self._fields = None

    def require(self) -> None:
        """Renew the lock if necessary; raise LockLost if another writer has it."""
        if time.monotonic() - self._renewed_at < self._seconds / _RENEWALS:
            return
        lock = [{"$set": {"lock": self._wanted()}}]
        found = self._places.quick_markers.find_one_and_update(self.mine, lock, {"_id": 1})
        if found is None:
            raise LockLost
        self._renewed_at = time.monotonic()

    def release(self) -> None:
        """Release the lock; there must be nothing to undo."""
        self._places.quick_markers.update_one(self.mine, {"$unset": {"lock": ""}})

    def _tried(self) -> dict[str, Any] | None:
        """Return the marker as it was before the lock was taken; None if another writer has the lock."""
        markers, name = self._places.quick_markers, self._places.environment
        ended = {"$expr": {"$lt": ["$lock.until", "$$NOW"]}}  # a missing value is less than any (BSON comparison order)
        free = {"_id": name, "$or": [ended, {"lock.token": self.token}]}
        before = markers.find_one_and_update(
            free, [{"$set": {"lock": self._wanted()}}], self._fields, return_document=ReturnDocument.BEFORE
        )
        if before is None and markers.find_one({"_id": name}, {"_id": 1}) is None:
            with suppress(DuplicateKeyError):  # another process has just created it
                self._places.markers.insert_one({"_id": name, "revision": 0})
            return self._tried()
        return before

    def _wanted(self) -> dict[str, Any]:
        return {
            "token": self.token,
            "owner": {"$literal": this_process()},
            "until": {"$add": ["$$NOW", round(self._seconds * 1000)]},
        }
