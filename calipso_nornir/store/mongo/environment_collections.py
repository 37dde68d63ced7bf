# SPDX-License-Identifier: Apache-2.0
"""The collections of one environment, and the marker that says which revision of it is valid.

A commit writes its documents with the number of the revision that it will create; then one update of the marker makes
that number valid, atomically. A reader at revision R sees current documents that are not newer than R, and past ones
that were valid at R. It reads current documents first: any that is replaced meanwhile has already been copied to the
past.

======================================  =====================  ============================================
state                                   marker                 next reader or writer
======================================  =====================  ============================================
no writer is active                     revision R             reads at R
a writer commits                        R, lock                reads at R; other writers wait
the writer died                         R, expired lock        reads at R; the next writer restores what the
                                                               dead one replaced, and skips its number
the writer has finished                 R + 1                  reads at R + 1
a small commit was made                 R + 1, its changes     reads at R + 1, the changes from the marker
======================================  =====================  ============================================

A small commit is one update of the marker: the next number and the changed documents themselves. They are copied into
the collections some commits later, under the lock. This can be repeated, because a document only ever replaces an
older version.

A removed document is first replaced by one that contains only ``_gone``, and is deleted some commits later: a writer
that was suspended, and lost its lock, must never delete what others have written since.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

from calipso_nornir.store.mongo.connection import RAW_OPTIONS
from calipso_nornir.store.mongo.redo import Redo, restored
from calipso_nornir.store.names import COMMITS, REVISIONS, collection_name, past

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.connection import PlainCollection, PlainDatabase, RawCollection

_log = logging.getLogger(__name__)

QUICK: Final = WriteConcern(w=1)
"""For everything that is written before the marker. The marker is written with ``j`` and majority, which includes all
earlier writes."""
LAG_S: Final = 20.0
"""How long a new primary may take to learn which data a majority has. An older marker that persists for longer is
accepted: the database has been restored to an earlier state."""
_PAUSE_S: Final = 0.05

REVISION: Final = "_revision"
UNTIL: Final = "_until"
OF: Final = "_of"
GONE: Final = "_gone"
OWN_FIELDS: Final = (REVISION, UNTIL, OF)


@dataclass(frozen=True, slots=True)
class Marker:
    """Says which revision is valid.

    Attributes:
        revision: the newest revision.
        skipped: the number of a commit that was never finished; it is not used again.
        floor: changes up to this revision may no longer be known.
        has_status: whether anything has, or had, a status.
        lock: a writer's lock, as it was found.
        token: identifies the last commit; it changes with each commit that is made or undone.
        pending: changes of small commits, oldest first, that may not be in the collections yet.
        commits: the number of those small commits.
        recent: log entries of the last commits, oldest first.
    """

    revision: int = 0
    skipped: int = 0
    floor: int = 0
    has_status: bool = False
    lock: dict[str, Any] | None = None
    token: str | None = None
    pending: tuple[Redo, ...] = ()
    commits: int = 0
    recent: tuple[dict[str, Any], ...] = field(default=())

    @classmethod
    def of(cls, document: dict[str, Any] | None) -> Marker:
        """Return the marker of a document."""
        if document is None:
            return cls()
        return cls(
            revision=document.get("revision", 0),
            skipped=document.get("skipped", 0),
            floor=document.get("floor", 0),
            has_status=document.get("has_status", False),
            lock=document.get("lock"),
            token=document.get("token"),
            pending=restored(commits := document.get("pending", ())),
            commits=len(commits),
            recent=tuple(document.get("recent", ())),
        )

    @property
    def following(self) -> int:
        """The number of the next commit."""
        return max(self.revision, self.skipped) + 1

    @property
    def settled(self) -> int:
        """The newest revision that is completely in the collections."""
        return self.pending[0].revision - 1 if self.pending else self.revision


class Places:
    """The collections of one environment."""

    def __init__(self, database: PlainDatabase, *, inventory: str, environment: str) -> None:
        self.database = database
        self.inventory = inventory
        self.environment = environment
        self.markers: PlainCollection = database[collection_name(inventory, REVISIONS)]
        """Written with majority and journal."""
        self._confirmed: PlainCollection = self.markers.with_options(read_concern=ReadConcern("majority"))
        self._newest = 0
        self._made: dict[str, PlainCollection] = {}
        self.quick_markers: PlainCollection = self.markers.with_options(write_concern=QUICK)

    def marker(self, *, recent: bool = False) -> Marker:
        """Read the marker from the server's own data, with or without the log entries of the last commits.

        This is for writers, whose updates take effect only if the marker is still as they read it.
        """
        return _read(self.markers, self.environment, recent=recent)

    def valid(self, *, recent: bool = False) -> Marker:
        """Read the marker for readers: the one that a majority has, never older than one that was read before.

        Data that only one server has is lost in a fail-over. At first, a new primary may not know what a majority has;
        the read is then repeated.
        """
        deadline = time.monotonic() + LAG_S
        while (marker := _read(self._confirmed, self.environment, recent=recent)).revision < self._newest:
            if not self._may_lag() or time.monotonic() >= deadline:
                _log.warning("%s went back from revision %s to %s", self.environment, self._newest, marker.revision)
                break
            time.sleep(_PAUSE_S)
        self._newest = marker.revision
        return marker

    def all_markers(self) -> dict[str, Marker]:
        """Read the markers of all environments as readers may see them."""
        return {document["_id"]: Marker.of(document) for document in self._confirmed.find()}

    def made(self, revision: int) -> None:
        """Record a revision that this process has made and a majority has."""
        self._newest = max(self._newest, revision)

    def confirm(self) -> None:
        """Wait until a majority has all that the server has.

        An update that changes nothing waits for the newest operation (MongoDB manual, "Write Concern").
        """
        self.markers.update_one({"_id": self.environment}, {"$max": {"revision": 0}})

    def _may_lag(self) -> bool:
        """Return whether there is more than one server; without a replica set there is nothing to wait for."""
        servers = self.database.client.topology_description.server_descriptions().values()
        return any(one.server_type_name != "Standalone" for one in servers if one.is_server_type_known)

    def current(self, kind: Kind) -> PlainCollection:
        """Return the collection of a kind of document."""
        return self._quick(kind)

    def past(self, kind: Kind) -> PlainCollection:
        """Return the collection of documents that were replaced or removed."""
        return self._quick(past(kind))

    def log(self) -> PlainCollection:
        """Return the log of commits."""
        return self._quick(COMMITS)

    def _quick(self, name: str) -> PlainCollection:
        """Return a collection; it is cached, because creating it costs a tenth of a small commit's time."""
        if name not in self._made:
            full_name = collection_name(self.inventory, name)
            self._made[name] = self.database.get_collection(full_name, write_concern=QUICK)
        return self._made[name]

    @staticmethod
    def raw(collection: PlainCollection) -> RawCollection:
        """Return a collection whose documents are not decoded."""
        return collection.with_options(codec_options=RAW_OPTIONS)


def _read(markers: PlainCollection, environment: str, *, recent: bool) -> Marker:
    return Marker.of(markers.find_one({"_id": environment}, None if recent else {"recent": 0}))
