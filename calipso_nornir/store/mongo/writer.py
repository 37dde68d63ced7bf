# SPDX-License-Identifier: Apache-2.0
"""Prepares a commit to MongoDB: collects changes, and writes them at the end."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, Final

from pymongo.errors import PyMongoError

from calipso_nornir.errors import Overtaken, StoreBusy
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.document_check import checked, checked_ids
from calipso_nornir.store.mongo.codec import to_raw
from calipso_nornir.store.mongo.commit import Attempt, RawRow
from calipso_nornir.store.mongo.lock import Lock, LockLost
from calipso_nornir.store.mongo.small_commit import NotSmall, Remembered, SmallCommit, Stale, is_small, learnt
from calipso_nornir.store.mongo.trimming import trim
from calipso_nornir.store.mongo.undoing import undo
from calipso_nornir.store.write_operations import Operations, Put, Remove, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bson.objectid import ObjectId

    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.mongo.connection import Riding
    from calipso_nornir.store.mongo.environment_collections import Marker, Places
    from calipso_nornir.store.mongo.reader import MongoReader

_log = logging.getLogger(__name__)

_CHUNK: Final = 1000
_TRIES: Final = 40
"""Attempts at a small commit before the writer takes the lock, and waits its turn for it."""
_PAUSE_S: Final = 0.004
_LOST_LOCKS: Final = 3
"""Attempts after which a writer that keeps losing its lock gives up."""


class MongoWriter:
    """Collects changes; ``commit`` makes them the next revision.

    Args:
        places: the collections of the environment.
        riding: repeats calls that fail while a replica set has no primary.
        reader: returns a reader of the newest revision.
        remembered: what this process knows after its last commit, by environment.
        uri: the store's URI.
        base: the revision from which the changes are computed; None: they do not depend on what is stored.
        cause: why, for the log of commits.
        wait_s: seconds to wait for another commit.
        lock_s: seconds after which a writer that does not renew its lock counts as dead.
    """

    def __init__(  # noqa: PLR0913 - where to write, and what is said about it
        self,
        places: Places,
        riding: Riding,
        reader: Callable[[], MongoReader],
        *,
        remembered: dict[str, Remembered],
        uri: str,
        base: int | None,
        cause: str,
        wait_s: float,
        lock_s: float,
    ) -> None:
        self._places = places
        self._riding = riding
        self._made_reader = reader
        self._remembered = remembered
        self._uri = uri
        self._base = base
        self._cause = cause
        self._wait_s = wait_s
        self._lock_s = lock_s
        self._operations = Operations()
        self._depends: dict[Kind, set[str]] = {}
        self._known: MongoReader | None = None
        self._in_doubt = False

    # --- Writer

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document, as before this writer's changes."""
        return self._reader().digests(kind)

    def documents(self, kind: Kind, document_ids: Sequence[str]) -> Iterator[Document]:
        """Yield some of the documents, as before this writer's changes."""
        return self._reader().some(kind, checked_ids(document_ids, uri=self._uri, kind=kind))

    def put(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Insert or replace whole documents."""
        for some in chunks(documents, _CHUNK):
            rows = {}
            size = 0
            for document in some:
                checked(document, uri=self._uri, kind=kind, environment=self._places.environment)
                raw = to_raw(kind, document)
                size += len(raw)
                one = document["_id"]
                rows[one] = RawRow(one, document["digest"], document["last_scanned"], raw)
            self._operations.add(Put(kind, list(rows.values())), size)

    def seen(self, kind: Kind, document_ids: Sequence[str], at: datetime) -> None:
        """Record that documents were found unchanged; ``last_scanned`` never moves back."""
        self._operations.add(Seen(kind, checked_ids(document_ids, uri=self._uri, kind=kind), at))

    def remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Delete documents, and the status of each."""
        self._operations.add(Remove(kind, checked_ids(document_ids, uri=self._uri, kind=kind)))

    def depends_on(self, kind: Kind, document_ids: Iterable[str]) -> None:
        """Name documents that were read: if one of them was changed after ``base``, this commit is overtaken."""
        self._depends.setdefault(kind, set()).update(checked_ids(document_ids, uri=self._uri, kind=kind))

    # --- the commit

    def commit(self) -> None:
        """Make the changes visible, all at once; if the primary is lost meanwhile, wait for a new one."""
        if not self._operations:
            return
        lock = Lock(self._places, uri=self._uri, seconds=self._lock_s)
        if is_small(self._operations) and self._riding(lambda: self._small(lock)):
            return
        for _ in range(_LOST_LOCKS):
            try:
                self._riding(lambda: self._attempt(lock))
            except LockLost:
                continue
            return
        raise StoreBusy(self._uri, self._places.environment, "another process, while this one was suspended,")

    def close(self) -> None:
        """Release what was collected."""
        self._operations.close()

    def _small(self, lock: Lock) -> bool:
        """Try to make a small commit, which needs no lock; return whether it succeeded."""
        remembered = None if self._in_doubt else self._remembered.get(self._places.environment)
        marker = remembered and remembered.marker
        for _ in range(_TRIES):
            marker = marker or self._places.marker(recent=self._in_doubt)
            if _is_done(marker, lock):  # an earlier attempt succeeded, only its answer was lost
                self._places.confirm()
                return True
            try:
                return self._tried(marker, lock)
            except Stale:
                marker = None
        return False

    def _tried(self, marker: Marker, lock: Lock) -> bool:
        if marker.lock is not None:
            time.sleep(random.uniform(0, _PAUSE_S))  # noqa: S311 - to get out of step, not for secrecy
            raise Stale
        small = SmallCommit(self._places, marker, self._digests(marker))
        try:
            small.prepare(self._operations, self._depends, base=self._base)
        except NotSmall:
            return False
        try:
            self._remembered[self._places.environment] = small.publish(token=lock.token, cause=self._cause)
        except PyMongoError:
            self._in_doubt = True
            lock.repeated()
            raise
        small.note_seen()
        if small.made:
            self._tidy(small)
        return True

    def _attempt(self, lock: Lock) -> None:
        marker = lock.take(wait_s=self._wait_s)
        lock.repeated()
        if _is_done(marker, lock):  # an earlier attempt succeeded, only its answer was lost
            lock.release()
            self._places.confirm()
            return
        if marker.lock is not None:
            marker = undo(self._places, lock, marker)
        attempt = Attempt(self._places, lock, marker)
        try:
            attempt.settle()
            if self._base is not None:
                attempt.check(self._operations, self._depends, base=self._base, uri=self._uri)
            attempt.apply(self._operations)
        except Overtaken:
            lock.release()
            raise
        except BaseException as error:
            if not isinstance(error, PyMongoError) or not self._riding.may_pass(error):
                self._take_back(lock, marker)
            raise
        digests = learnt(self._digests(marker), self._operations)
        self._remembered.pop(self._places.environment, None)
        if (made := attempt.publish(self._cause)) is not None:
            self._remembered[self._places.environment] = Remembered(made, digests)
            self._tidy(attempt)

    def _digests(self, marker: Marker) -> dict[tuple[Kind, ObjectId], str]:
        """Return the known digests; none if another process has committed since this one did."""
        remembered = self._remembered.get(self._places.environment)
        return remembered.digests if remembered and remembered.marker.token == marker.token else {}

    def _take_back(self, lock: Lock, marker: Marker) -> None:
        """Undo the unfinished commit, if possible; else the next writer does it."""
        try:
            undo(self._places, lock, marker)
            lock.release()
        except (PyMongoError, LockLost) as error:
            _log.info("%s: the next writer will undo the unfinished commit: %s", self._uri, error)

    def _tidy(self, attempt: Attempt | SmallCommit) -> None:
        """Do regular maintenance; the commit stands even if this fails."""
        try:
            trim(self._places, attempt.revision, made_past=attempt.changed + attempt.removed)
        except PyMongoError as error:
            _log.warning("%s: old history could not be deleted: %s", self._uri, error)

    def _reader(self) -> MongoReader:
        if self._known is None:
            self._known = self._made_reader()
        return self._known


def _is_done(marker: Marker, lock: Lock) -> bool:
    return any(one.get("token") == lock.token for one in marker.recent)
