# SPDX-License-Identifier: Apache-2.0
"""One writer for each environment: a lease in the environment's marker, kept up by a thread.

All times are the server's (``$$NOW``), so clocks of the writers' machines do not matter. A writer
that was suspended for longer than its lease finds that out by its own monotonic clock before
the next thing it does.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Final

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from calipso_nornir.errors import StoreBusy

if TYPE_CHECKING:
    from calipso_nornir.store.mongo.connection import PlainCollection

_log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.05
_BEATS: Final = 4
"""Renewals in the length of a lease: one or two may fail before it is lost."""


class Lease:
    """The right to write one environment, until ``release`` or until it was not renewed for ``seconds``."""

    def __init__(self, markers: PlainCollection, environment: str, *, uri: str, seconds: float) -> None:
        self.token = uuid.uuid4().hex[:12]
        self._markers = markers
        self._environment = environment
        self._uri = uri
        self._seconds = seconds
        self._valid_until = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of {environment}", daemon=True)

    def take(self, *, wait_s: float) -> dict[str, Any]:
        """Take it and return the marker; raise StoreBusy when another holds it for longer than ``wait_s`` seconds."""
        try:
            initial = {"generation": 0, "state": "clean"}
            self._markers.update_one({"_id": self._environment}, {"$setOnInsert": initial}, upsert=True)
        except DuplicateKeyError:  # made by another in this moment
            pass
        deadline = time.monotonic() + wait_s
        while True:
            # No lease at all counts as an old one: nothing is less than any date (BSON comparison order).
            free = {"_id": self._environment, "$expr": {"$lt": ["$lease.until", "$$NOW"]}}
            marker = self._renew(free)
            if marker is not None:
                self._thread.start()
                return marker
            if time.monotonic() >= deadline:
                raise StoreBusy(self._uri, self._environment, self._owner())
            time.sleep(_PAUSE_S)

    def require(self) -> None:
        """Raise StoreBusy when it was lost."""
        if time.monotonic() >= self._valid_until:
            raise StoreBusy(self._uri, self._environment, self._owner())

    @property
    def mine(self) -> dict[str, Any]:
        """What finds the marker only while the lease is this one."""
        return {"_id": self._environment, "lease.token": self.token}

    def release(self) -> None:
        """Let another writer begin."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._markers.update_one(self.mine, {"$unset": {"lease": ""}})

    def _renew(self, which: dict[str, Any]) -> dict[str, Any] | None:
        asked = time.monotonic()
        lease = {
            "token": self.token,
            "owner": {"$literal": f"process {os.getpid()} on {socket.gethostname()}"},
            "until": {"$add": ["$$NOW", round(self._seconds * 1000)]},
        }
        marker: dict[str, Any] | None = self._markers.find_one_and_update(
            which, [{"$set": {"lease": lease}}], return_document=ReturnDocument.AFTER
        )
        if marker is not None:
            self._valid_until = asked + self._seconds
        return marker

    def _beat(self) -> None:
        while not self._stop.wait(self._seconds / _BEATS):
            try:
                if self._renew(self.mine) is None:
                    _log.error("%s: the lease for writing environment %s was lost", self._uri, self._environment)
                    self._valid_until = 0.0
                    return
            except PyMongoError as error:  # the next beat may succeed; ``require`` notices when none does in time
                _log.warning("%s: the lease for writing environment %s: %s", self._uri, self._environment, error)

    def _owner(self) -> str:
        marker = self._markers.find_one({"_id": self._environment}) or {}
        lease: dict[str, Any] = marker.get("lease") or {}
        return str(lease.get("owner", "another process"))
