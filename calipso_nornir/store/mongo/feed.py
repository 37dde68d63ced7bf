# SPDX-License-Identifier: Apache-2.0
"""Reads the changes since a revision, and finds the revision that was the newest at a given time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson.objectid import ObjectId

from calipso_nornir.errors import PastUnknown, TooManyChanges
from calipso_nornir.model.changes import Change, Commit, Life
from calipso_nornir.store.mongo.codec import from_raw, revision_of
from calipso_nornir.store.mongo.environment_collections import GONE, OF, REVISION, UNTIL
from calipso_nornir.store.mongo.redo import Overlay
from calipso_nornir.store.mongo.trimming import commits_of
from calipso_nornir.store.names import KINDS
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.connection import PlainCollection
    from calipso_nornir.store.mongo.environment_collections import Marker, Places


class Feed:
    """Reads the log of one environment, up to the revision that a marker names."""

    def __init__(self, places: Places, marker: Marker, *, uri: str) -> None:
        self._places = places
        self._marker = marker
        self._settled = marker.settled
        self._uri = uri

    def changes(self, since: int, limit: int, most: int | None = None) -> list[Change]:
        """Return what was put and removed after a revision, in complete revisions only; see ``Store.changes``."""
        if self._known(since) == self._marker.revision:
            return []
        until = self._end(since, limit, most)
        found: dict[tuple[Kind, str], Change] = {}
        if since < self._settled:
            for kind in KINDS:
                for change in (*self._put(kind, since, until), *self._gone(kind, since, until)):
                    known = found.get((kind, change.document_id))
                    if known is None or known.revision < change.revision:
                        found[kind, change.document_id] = change
        for kind in KINDS:
            self._overlay(kind, since, until, found)
        return sorted(found.values(), key=lambda one: (one.revision, KINDS.index(one.kind), one.document_id))

    def _overlay(self, kind: Kind, since: int, until: int, found: dict[tuple[Kind, str], Change]) -> None:
        """Add the changes in the marker, except documents that were both added and removed since."""
        before = Overlay(self._marker.pending, since).ids(kind)
        later = [one for one in self._marker.pending if one.kind == kind and since < one.revision <= until]
        gone = [one.document_id for one in later if one.raw is None]
        there = self._there(kind, [one for one in gone if one not in before], since) if gone else set()
        there |= {one for one, redo in before.items() if redo.raw is not None}
        for one in later:
            name = (kind, str(one.document_id))
            if one.raw is not None:
                document = from_raw(kind, one.raw)
                found[name] = Change(revision=one.revision, op="put", kind=kind, document_id=name[1], document=document)
            elif one.document_id in there:
                found[name] = Change(revision=one.revision, op="remove", kind=kind, document_id=name[1])
            else:
                found.pop(name, None)

    def _there(self, kind: Kind, ids: list[ObjectId], at: int) -> set[ObjectId]:
        """Return which documents existed at a revision that is completely in the collections."""
        here = {"environment": self._places.environment, REVISION: {"$lte": at}}
        current = self._places.current(kind).find({**here, "_id": {"$in": ids}, GONE: {"$exists": False}}, {"_id": 1})
        known = {one["_id"] for one in current}
        past = self._places.past(kind).find({**here, OF: {"$in": ids}, UNTIL: {"$gt": at}}, {OF: 1})
        return known | {one[OF] for one in past}

    def commits(self, limit: int) -> list[Commit]:
        """Return the newest commits, newest first."""
        names = ("revision", "at", "cause", "by", "new", "changed", "removed")
        found = commits_of(self._places, self._marker, limit=limit)
        return [Commit(**{name: one[name] for name in names}) for one in found]

    def lives(self, kind: Kind, document_id: str, limit: int) -> list[Life]:
        """Return what a document was, the newest first.

        A writer that died may have left copies in the past: of a document that is still there, or was replaced later.
        """
        of, newest = ObjectId(document_id), self._marker.revision
        here = {"environment": self._places.environment, REVISION: {"$lte": newest}}
        current = self._places.raw(self._places.current(kind)).find_one({**here, "_id": of, GONE: {"$exists": False}})
        past = self._places.raw(self._places.past(kind)).find({**here, OF: of}).sort(UNTIL, -1).limit(limit)
        found: dict[int, tuple[int | None, bytes]] = {}
        if current is not None:
            found[int(current[REVISION])] = (None, bytes(current.raw))
        for one in past:
            until = int(one[UNTIL])
            found.setdefault(int(one[REVISION]), (until if until <= newest else None, bytes(one.raw)))
        for redo in self._marker.pending:
            if (redo.kind, redo.document_id) == (kind, of):
                ended = {at: raw for at, (until, raw) in found.items() if until is None and at < redo.revision}
                found |= {at: (redo.revision, raw) for at, raw in ended.items()}
                if redo.raw is not None:
                    found.setdefault(redo.revision, (None, redo.raw))
        return [
            Life(revision=at, until=found[at][0], document=from_raw(kind, found[at][1]))
            for at in sorted(found, reverse=True)[:limit]
        ]

    def revision_at(self, at: datetime | int) -> int:
        """Return the revision that was the newest at a time; a given revision is returned if its state is known.

        If a clock was ahead for a while, the last commit whose time is not later counts.
        """
        if isinstance(at, int):
            return self._known(at)
        at = utc_ms(at)
        recent = [one for one in self._marker.recent if one["at"] <= at]
        here = {"environment": self._places.environment, "revision": {"$lte": self._marker.revision}}
        found = (
            recent[-1] if recent else self._places.log().find_one({**here, "at": {"$lte": at}}, sort=[("revision", -1)])
        )
        if found is not None and found["revision"] >= self._marker.floor:
            return int(found["revision"])
        first: dict[str, Any] | None = self._places.log().find_one(here, sort=[("revision", 1)])
        oldest = first or next(iter(self._marker.recent), None)
        raise PastUnknown(
            self._uri, self._places.environment, at.isoformat(), "" if oldest is None else oldest["at"].isoformat()
        )

    def _known(self, revision: int) -> int:
        if self._marker.floor <= revision <= self._marker.revision:
            return revision
        known = f"revision {self._marker.floor}", f"revision {self._marker.revision}"
        raise PastUnknown(self._uri, self._places.environment, f"revision {revision}", *known)

    def _end(self, since: int, limit: int, most: int | None) -> int:
        """Return the last of the revisions that together have about ``limit`` changes, and not more than ``most``."""
        limit = limit if most is None else min(limit, most)  # so those before the last one are few
        revisions = [one.revision for one in self._marker.pending if one.revision > since]
        if since < self._settled:
            for collection, field, wanted in self._changed(since, self._settled):
                found = collection.find(wanted, {field: 1}).sort(field, 1).limit(limit)
                revisions += [one[field] for one in found]
        if not revisions:
            return self._marker.revision
        first = sorted(revisions)[: max(limit, 1)]
        until = first[-1]
        if most is None or not self._has_more(most, since, until):
            return until
        before = max((one for one in first if one < until), default=None)
        if before is None:
            raise TooManyChanges(self._places.environment, until, most)
        return before

    def _has_more(self, most: int, since: int, until: int) -> bool:
        """Return whether more documents than that are put, or replaced and removed."""
        pending = sum(since < one.revision <= until for one in self._marker.pending)
        found = dict.fromkeys((REVISION, UNTIL), pending)
        for collection, field, wanted in self._changed(since, min(until, self._settled)):
            if found[field] <= most:
                found[field] += collection.count_documents(wanted, limit=most + 1)
        return max(found.values()) > most

    def _changed(self, since: int, until: int) -> Iterator[tuple[PlainCollection, str, dict[str, Any]]]:
        """Yield where changes between two revisions are: each collection, the field with their revision, the filter."""
        for kind in KINDS:
            for collection, field in ((self._places.current(kind), REVISION), (self._places.past(kind), UNTIL)):
                yield collection, field, {"environment": self._places.environment, field: {"$gt": since, "$lte": until}}

    def _put(self, kind: Kind, since: int, until: int) -> Iterator[Change]:
        newest = self._settled
        wanted = {"environment": self._places.environment, REVISION: {"$gt": since, "$lte": min(until, newest)}}
        for one in self._places.raw(self._places.current(kind)).find({**wanted, GONE: {"$exists": False}}):
            document = from_raw(kind, raw := bytes(one.raw))
            yield Change(revision=revision_of(raw), op="put", kind=kind, document_id=document["_id"], document=document)
        # Documents that were put by then, and were replaced later: returned as they were then.
        then = {**wanted, UNTIL: {"$gt": newest}}
        for one in self._places.raw(self._places.past(kind)).find(then):
            document = from_raw(kind, raw := bytes(one.raw))
            yield Change(
                revision=int(one[REVISION]), op="put", kind=kind, document_id=document["_id"], document=document
            )

    def _gone(self, kind: Kind, since: int, until: int) -> Iterator[Change]:
        """Yield what was removed, except documents that were both added and removed since."""
        here = {"environment": self._places.environment}
        past: dict[Any, list[tuple[int, int]]] = {}
        wanted = {**here, UNTIL: {"$gt": since, "$lte": self._settled}}
        for one in self._places.past(kind).find(wanted, {OF: 1, REVISION: 1, UNTIL: 1}):
            past.setdefault(one[OF], []).append((one[REVISION], one[UNTIL]))
        ids = [of for of, spans in past.items() if min(spans)[0] <= since]
        there = {"_id": {"$in": ids}, **here, GONE: {"$exists": False}, REVISION: {"$lte": self._settled}}
        known = {one["_id"] for one in self._places.current(kind).find(there, {"_id": 1})} if ids else set()
        for of in ids:
            last = max(span[1] for span in past[of])
            if of not in known and last <= until:
                yield Change(revision=int(last), op="remove", kind=kind, document_id=str(of))
