# SPDX-License-Identifier: Apache-2.0
"""One attempt at a commit, under the lock.

It may be repeated, and may be interrupted at any moment: see ``environment_collections``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne

from calipso_nornir.errors import Overtaken
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.mongo.applying_redos import keep, settle, tombstone, write
from calipso_nornir.store.mongo.codec import past_of, stamped
from calipso_nornir.store.mongo.environment_collections import GONE, OF, REVISION, UNTIL, Marker
from calipso_nornir.store.mongo.lock import LockLost
from calipso_nornir.store.process import this_process
from calipso_nornir.store.values import utc_ms
from calipso_nornir.store.write_operations import Put, Remove, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.environment_collections import Places
    from calipso_nornir.store.mongo.lock import Lock
    from calipso_nornir.store.write_operations import Operations

WITH_STATUS: Final = ("inventory", "links")
KEPT_IN_MARKER: Final = 64
_FEW: Final = 20
"""Up to this many documents are copied by sending them back to the server, which is faster than a pipeline there."""
_CHUNK: Final = 1000
_CHUNK_BYTES: Final = 8 << 20
"""Maximum size of a command's documents; MongoDB allows commands of 16 MiB."""


class RawRow(NamedTuple):
    """One document on its way to MongoDB."""

    document_id: str
    digest: str
    seen: datetime | None
    raw: bytes


@dataclass(slots=True)
class Attempt:
    """One attempt; the caller holds the lock, and has undone the unfinished commit of a dead writer."""

    places: Places
    lock: Lock
    marker: Marker
    new: int = 0
    changed: int = 0
    removed: int = 0
    settled: bool = False
    """Whether the changes that small commits left in the marker have been applied."""
    _own: dict[Kind, set[ObjectId]] = field(default_factory=dict)
    """Documents that this attempt has written itself: their earlier versions were never visible."""
    _status: bool = False

    @property
    def revision(self) -> int:
        """The number of the revision that this attempt will make valid."""
        return self.marker.following

    # --- what was overtaken

    def check(self, operations: Operations, depends: Mapping[Kind, set[str]], *, base: int, uri: str) -> None:
        """Raise Overtaken if a document that the operations concern was changed after ``base``."""
        if base >= self.marker.revision:
            return
        overtaken = {f"{kind}/{one}" for kind, one in self._overtaken(operations, depends, base)}
        if overtaken:
            documents = tuple(sorted(overtaken))
            raise Overtaken(uri, self.places.environment, base, self.marker.revision, documents)

    def _overtaken(
        self, operations: Operations, depends: Mapping[Kind, set[str]], base: int
    ) -> Iterator[tuple[Kind, str]]:
        changed = _Changed(self.places, base, known=base >= self.marker.floor)
        for kind, document_ids in depends.items():
            yield from ((kind, one) for one in document_ids if changed.has(kind, one))
        for operation in operations:
            match operation:
                case Put(kind, rows):
                    doubtful = {row.document_id: row.digest for row in rows if changed.has(kind, row.document_id)}
                    known = self._known(kind, doubtful)
                    for one, digest in doubtful.items():  # two writers of the same content do not conflict
                        if known.get(ObjectId(one), {}).get("digest") != digest:
                            yield kind, one
                case Remove(kind, gone):
                    known = self._known(kind, [one for one in gone if changed.has(kind, one)])
                    yield from ((kind, str(one)) for one in known)

    # --- operations

    def settle(self) -> None:
        """Apply the changes that small commits left in the marker."""
        if self.marker.pending:
            self.marker = settle(self.places, self.lock, self.marker)
            self.settled = True

    def apply(self, operations: Operations) -> None:
        """Carry out the operations in order."""
        for operation in operations:
            match operation:
                case Put(kind, rows):
                    self._put(kind, rows)
                case Seen(kind, document_ids, at):
                    self._seen(kind, [ObjectId(one) for one in document_ids], utc_ms(at))
                case Remove(kind, document_ids):
                    self._remove(kind, document_ids)

    def publish(self, cause: str) -> Marker | None:
        """Make the revision valid and release the lock; return the new marker, or None if nothing has changed."""
        made = bool(self.new or self.changed or self.removed)
        if not made and not self.settled:
            self.lock.release()
            self.places.confirm()
            return None
        # Written after everything else: a server that has this has all the rest, even after a fail-over.
        ready = self.places.quick_markers.update_one(self.lock.mine, {"$set": {"lock.ready": self.revision}})
        if not ready.matched_count:
            raise LockLost
        update: dict[str, Any] = {"$unset": {"lock": "", "pending": ""}}
        if made:
            counts = {"new": self.new, "changed": self.changed, "removed": self.removed}
            update |= published(self.revision, token=self.lock.token, cause=cause, status=self._status, **counts)
        mine = {**self.lock.mine, "lock.ready": self.revision, "revision": self.marker.revision}
        if self.places.markers.find_one_and_update(mine, update, {"_id": 1}) is None:
            raise LockLost
        if not made:
            return None
        self.places.made(self.revision)
        return replace(
            self.marker,
            revision=self.revision,
            token=self.lock.token,
            has_status=self.marker.has_status or self._status,
            lock=None,
            recent=(),
        )

    def _put(self, kind: Kind, rows: Sequence[RawRow]) -> None:
        own = self._own.setdefault(kind, set())
        self._status |= kind == "status"
        for some in _batches(rows):
            known = self._known(kind, [row.document_id for row in some], whole=len(some) <= _FEW)
            written, replaced, seen = [], {}, []
            for row in some:
                one = ObjectId(row.document_id)
                there = known.get(one)
                if there is not None and there["digest"] == row.digest:
                    seen.append(row)
                    continue
                written.append(stamped(row.raw, self.revision))
                if there is not None and one not in own:
                    replaced[one] = there
                self.new += there is None
                self.changed += there is not None
                own.add(one)
            self._keep(kind, replaced, whole=len(some) <= _FEW)
            self._write(kind, written)
            self._see(kind, seen)

    def _see(self, kind: Kind, rows: Iterable[RawRow]) -> None:
        updates = []
        for row in rows:
            if row.seen is not None:
                earlier, update = seen_at(row.seen)
                updates.append(UpdateOne({"_id": ObjectId(row.document_id), "digest": row.digest, **earlier}, update))
        if updates:
            self.places.current(kind).bulk_write(updates, ordered=False)

    def _seen(self, kind: Kind, ids: Sequence[ObjectId], at: datetime) -> None:
        """Record when documents were seen."""
        earlier, update = seen_at(at)
        for some in chunks(ids, _CHUNK):
            self.lock.require()
            known = {"environment": self.places.environment, "_id": {"$in": some}, GONE: {"$exists": False}}
            self.places.current(kind).update_many({**known, **earlier}, update)

    def _remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        own = self._own.setdefault(kind, set())
        for some in chunks(document_ids, _CHUNK):
            gone = self._known(kind, some, whole=len(some) <= _FEW)
            if not gone:
                continue
            kept = {one: there for one, there in gone.items() if one not in own}
            self._keep(kind, kept, whole=len(some) <= _FEW)
            self._write(kind, [tombstone(self.places, one, self.revision) for one in gone])
            own.update(gone)
            self.removed += len(gone)
            if kind in WITH_STATUS and self.marker.has_status:
                self._remove("status", list(map(str, gone)))

    # --- steps

    def _known(
        self, kind: Kind, document_ids: Iterable[str], *, whole: bool = False
    ) -> dict[ObjectId, Mapping[str, Any]]:
        """Return the current versions of some documents: complete, or with the digest only."""
        ids = [ObjectId(one) for one in document_ids]
        if not ids:
            return {}
        self.lock.require()
        wanted = {"_id": {"$in": ids}, "environment": self.places.environment, GONE: {"$exists": False}}
        current = self.places.raw(self.places.current(kind))
        return {one["_id"]: one for one in current.find(wanted, None if whole else {"digest": 1})}

    def _keep(self, kind: Kind, replaced: Mapping[ObjectId, Mapping[str, Any]], *, whole: bool) -> None:
        """Copy versions that are replaced or removed to the past: few are sent back, many are copied by the server."""
        if not replaced:
            return
        self.lock.require()
        if whole:
            documents = [one for one in replaced.values() if isinstance(one, RawBSONDocument)]
            keep(self.places, kind, (past_of(bytes(one.raw), until=self.revision) for one in documents))
            return
        steps: list[dict[str, Any]] = [
            {"$match": {"_id": {"$in": list(replaced)}, REVISION: {"$lte": self.marker.revision}}},
            {"$set": {OF: "$_id", UNTIL: self.revision, "_id": {"of": "$_id", "until": self.revision}}},
            {"$merge": {"into": self.places.past(kind).name, "on": "_id", "whenMatched": "replace"}},
        ]
        self.places.current(kind).aggregate(steps, maxTimeMS=self.lock.longest_ms)

    def _write(self, kind: Kind, documents: Sequence[Mapping[str, Any]]) -> None:
        """Replace or insert documents, if this lock is still held."""
        write(self.places, self.lock, kind, documents)


@dataclass(slots=True)
class _Changed:
    """The documents that were written or removed after a revision; all documents if the changes are no longer known."""

    places: Places
    base: int
    known: bool
    _found: dict[Kind, set[str]] = field(default_factory=dict)

    def has(self, kind: Kind, document_id: str) -> bool:
        """Return whether a document was written or removed after the revision."""
        if not self.known:
            return True
        if kind not in self._found:
            here = {"environment": self.places.environment}
            current = self.places.current(kind).find({**here, REVISION: {"$gt": self.base}}, {"_id": 1})
            past = self.places.past(kind).find({**here, UNTIL: {"$gt": self.base}}, {OF: 1})
            self._found[kind] = {str(one["_id"]) for one in current} | {str(one[OF]) for one in past}
        return document_id in self._found[kind]


def published(  # noqa: PLR0913 - the entry of a log
    revision: int, *, token: str, cause: str, status: bool, new: int, changed: int, removed: int
) -> dict[str, Any]:
    """Return the update that makes a revision valid."""
    entry = {
        "token": token,
        "revision": revision,
        "at": utc_ms(datetime.now(UTC)),
        "cause": cause,
        "by": this_process(),
        "new": new,
        "changed": changed,
        "removed": removed,
    }
    return {
        "$set": {"revision": revision, "token": token, **({"has_status": True} if status else {})},
        "$push": {"recent": {"$each": [entry], "$slice": -KEPT_IN_MARKER}},
    }


def seen_at(at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return filter and update to record a time. It replaces an earlier time, or one that is in the future."""
    future = {"$expr": {"$gt": ["$last_scanned", "$$NOW"]}}
    earlier = {"$or": [{"last_scanned": None}, {"last_scanned": {"$lt": at}}, future]}
    return earlier, {"$set": {"last_scanned": at}}


def _batches(rows: Sequence[RawRow]) -> Iterator[list[RawRow]]:
    """Yield the rows in lists that each fit into one command."""
    batch: list[RawRow] = []
    size = 0
    for row in rows:
        if batch and (size + len(row.raw) > _CHUNK_BYTES or len(batch) >= _CHUNK):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += len(row.raw)
    if batch:
        yield batch
