# SPDX-License-Identifier: Apache-2.0
"""A small commit: one update puts its changes and the next number into the marker, if the marker is unchanged.

This update is the commit: atomic, durable (majority, journal), and visible to all readers at once. It takes no lock; if
another commit was faster, the update matches nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId
from pymongo import UpdateMany

from calipso_nornir.store.mongo.codec import stamped
from calipso_nornir.store.mongo.commit import WITH_STATUS, published, seen_at
from calipso_nornir.store.mongo.environment_collections import GONE, REVISION
from calipso_nornir.store.mongo.redo import MOST_BYTES, MOST_COMMITS, Overlay, Redo, stored
from calipso_nornir.store.values import utc_ms
from calipso_nornir.store.write_operations import Put, Remove, Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.environment_collections import Marker, Places
    from calipso_nornir.store.write_operations import Operations

MOST_DOCUMENTS: Final = 20
_MOST_REMEMBERED: Final = 10_000
"""Maximum number of digests remembered per environment; they take about a megabyte."""
_MOST_BYTES: Final = 16 << 10


class Stale(Exception):
    """The marker has changed and must be read again."""


class NotSmall(Exception):
    """The commit must be made under the lock."""


def is_small(operations: Operations) -> bool:
    """Return whether a commit may be a small one."""
    documents = size = 0
    for operation in operations:
        match operation:
            case Put(_, rows):
                documents += len(rows)
                size += sum(len(row.raw) for row in rows)
            case Seen(_, document_ids, _) | Remove(_, document_ids):
                documents += len(document_ids)
        if documents > MOST_DOCUMENTS or size > _MOST_BYTES:
            return False
    return True


@dataclass(frozen=True, slots=True)
class Remembered:
    """What this process knows after its last commit to an environment; valid while the marker has its token.

    If another process has committed meanwhile, the update of the marker fails.

    Attributes:
        marker: the marker as that commit left it.
        digests: digests of documents that small commits wrote or looked up since another process last committed.
    """

    marker: Marker
    digests: dict[tuple[Kind, ObjectId], str] = field(default_factory=dict)


@dataclass(slots=True)
class SmallCommit:
    """One attempt at a small commit, based on a marker that was read or remembered."""

    places: Places
    marker: Marker
    digests: dict[tuple[Kind, ObjectId], str] = field(default_factory=dict)
    new: int = 0
    changed: int = 0
    removed: int = 0
    _changes: dict[tuple[Kind, ObjectId], Redo] = field(default_factory=dict)
    _there: dict[Kind, dict[ObjectId, str]] = field(default_factory=dict)
    _seen: list[tuple[Kind, dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    @property
    def revision(self) -> int:
        """The number of the revision that this attempt will make valid."""
        return self.marker.following

    @property
    def made(self) -> bool:
        """Whether anything has changed, so that there is a revision to make."""
        return bool(self.new or self.changed or self.removed)

    def prepare(self, operations: Operations, depends: Mapping[Kind, set[str]], *, base: int | None) -> None:
        """Determine what changes; raise NotSmall if that can be determined, or written, only under the lock."""
        marker = self.marker
        if not marker.revision or marker.commits >= MOST_COMMITS:
            raise NotSmall
        if sum(len(one.raw or b"") for one in marker.pending) > MOST_BYTES:
            raise NotSmall
        if base is not None:
            self._must_be_later(operations, depends, base)
        self._look_up(operations)
        for operation in operations:
            match operation:
                case Put(kind, rows):
                    for row in rows:
                        self._put(kind, row)
                case Seen(kind, document_ids, at):
                    self._note({"_id": {"$in": [self._unchanged(kind, one) for one in document_ids]}}, kind, at)
                case Remove(kind, document_ids):
                    for one in document_ids:
                        self._remove(kind, ObjectId(one))

    def publish(self, *, token: str, cause: str) -> Remembered:
        """Make the next revision, and return what is known afterwards; raise Stale if another commit was faster."""
        before = self.marker
        if not self.made:
            now = self.places.valid()
            if (now.revision, now.token, now.lock) != (before.revision, before.token, None):
                raise Stale
            return Remembered(before, self.digests)
        status = any(kind == "status" for kind, _ in self._changes)
        counts = {"new": self.new, "changed": self.changed, "removed": self.removed}
        update = published(self.revision, token=token, cause=cause, status=status, **counts)
        changes = tuple(self._changes.values())
        update["$push"]["pending"] = stored(changes, self.revision)
        same = {"_id": self.places.environment, "revision": before.revision, "token": before.token}
        if not self.places.markers.update_one({**same, "lock": {"$exists": False}}, update).matched_count:
            raise Stale
        self.places.made(self.revision)
        marker = replace(
            before,
            recent=(),
            revision=self.revision,
            token=token,
            has_status=before.has_status or status,
            pending=(*before.pending, *changes),
            commits=before.commits + 1,
        )
        if len(self.digests) > _MOST_REMEMBERED:
            self.digests.clear()
        for kind, there in self._there.items():
            self.digests.update({(kind, one): found for one, found in there.items()})
        for kind, one in self._changes:
            if one not in self._there[kind]:
                self.digests.pop((kind, one), None)
        return Remembered(marker, self.digests)

    def note_seen(self) -> None:
        """Record when unchanged documents were seen; this comes last, because it holds even if the commit fails."""
        for kind in {kind for kind, _, _ in self._seen}:
            updates = [UpdateMany(wanted, update) for of, wanted, update in self._seen if of == kind]
            self.places.current(kind).bulk_write(updates, ordered=False)

    # --- what others did

    def _must_be_later(self, operations: Operations, depends: Mapping[Kind, set[str]], base: int) -> None:
        """Raise NotSmall if others may have changed documents that it concerns; the lock is needed to check that.

        The marker alone shows what small commits since ``base`` have changed.
        """
        if base >= self.marker.revision:
            return
        if base < self.marker.settled:
            raise NotSmall
        changed = {(one.kind, str(one.document_id)) for one in self.marker.pending if one.revision > base}
        if not changed.isdisjoint((kind, one) for kind, ids in depends.items() for one in ids):
            raise NotSmall
        if not changed.isdisjoint(_names(operations)):
            raise NotSmall

    def _look_up(self, operations: Operations) -> None:
        """Read the digests of the documents that the operations concern."""
        ids: dict[Kind, set[ObjectId]] = {}
        for kind, one in _names(operations):
            ids.setdefault(kind, set()).add(ObjectId(one))
        if self.marker.has_status:
            gone = [one for operation in operations if isinstance(operation, Remove) for one in operation.document_ids]
            ids.setdefault("status", set()).update(map(ObjectId, gone))
        for kind, wanted in ids.items():
            known = {one: found for one in wanted if (found := self.digests.get((kind, one)))}
            if len(known) < len(wanted):
                known |= self._stored(kind, [one for one in wanted if one not in known])
            self._there[kind] = known

    def _stored(self, kind: Kind, wanted: list[ObjectId]) -> dict[ObjectId, str]:
        pending = Overlay(self.marker.pending, self.marker.revision).ids(kind)
        there = {one: pending[one].digest for one in wanted if one in pending}
        known = {one: digest for one, digest in there.items() if digest is not None}
        if unknown := [one for one in wanted if one not in pending]:
            known |= self._current(kind, unknown)
        return known

    def _current(self, kind: Kind, ids: list[ObjectId]) -> dict[ObjectId, str]:
        # Without the environment, from which the _id is derived: the server then need not choose between two indexes.
        wanted: dict[str, Any] = {"_id": ids[0] if len(ids) == 1 else {"$in": ids}}
        found = self.places.current(kind).find(wanted, {"digest": 1, REVISION: 1, GONE: 1})
        known: dict[ObjectId, str] = {}
        for one in found:
            if one[REVISION] > self.marker.revision:  # written by another commit, whether finished or not
                raise Stale
            if GONE not in one:
                known[one["_id"]] = one["digest"]
        return known

    # --- operations

    def _put(self, kind: Kind, row: Any) -> None:  # noqa: ANN401 - a RawRow, as its writer made it
        one = ObjectId(row.document_id)
        there = self._there[kind].get(one)
        if there == row.digest:
            if row.seen is not None:
                self._note({"_id": self._unchanged(kind, row.document_id), "digest": row.digest}, kind, row.seen)
            return
        self.new += there is None
        self.changed += there is not None
        self._there[kind][one] = row.digest
        self._changes[kind, one] = Redo(kind, one, self.revision, bytes(stamped(row.raw, self.revision).raw))

    def _remove(self, kind: Kind, one: ObjectId) -> None:
        if self._there[kind].pop(one, None) is None:
            return
        self.removed += 1
        self._changes[kind, one] = Redo(kind, one, self.revision, None)
        if kind in WITH_STATUS and self.marker.has_status:
            self._remove("status", one)

    def _note(self, wanted: dict[str, Any], kind: Kind, at: Any) -> None:  # noqa: ANN401 - a time
        earlier, update = seen_at(utc_ms(at))
        here = {"environment": self.places.environment, GONE: {"$exists": False}}
        self._seen.append((kind, {**wanted, **here, **earlier}, update))

    def _unchanged(self, kind: Kind, document_id: str) -> ObjectId:
        """Return the id of a document that was seen; raise NotSmall if a change in the marker must be applied first."""
        one = ObjectId(document_id)
        if (kind, one) in self._changes or any((kind, one) == (r.kind, r.document_id) for r in self.marker.pending):
            raise NotSmall
        return one


def learnt(digests: dict[tuple[Kind, ObjectId], str], operations: Operations) -> dict[tuple[Kind, ObjectId], str]:
    """Return the digests that are known after the operations; none if they are too many."""
    if not is_small(operations):
        return {}
    known = digests.copy()
    for operation in operations:
        match operation:
            case Put(kind, rows):
                known.update({(kind, ObjectId(row.document_id)): row.digest for row in rows})
            case Remove(kind, gone):
                for one in map(ObjectId, gone):
                    known.pop((kind, one), None)
                    known.pop(("status", one), None)
    return known


def _names(operations: Iterable[Any]) -> Iterator[tuple[Kind, str]]:
    """Yield kind and ``_id`` of what is put and removed."""
    for operation in operations:
        match operation:
            case Put(kind, rows):
                yield from ((kind, row.document_id) for row in rows)
            case Remove(kind, document_ids):
                yield from ((kind, one) for one in document_ids)
