# SPDX-License-Identifier: Apache-2.0
"""Applies the changes of small commits to the collections, under the lock; it may be interrupted and repeated.

Documents are copied to the past before they are replaced, so a reader finds a version in one place or the other, and a
reader with an earlier marker has the changes from there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from bson.int64 import Int64
from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError

from calipso_nornir.store.mongo.codec import past_of, revision_of
from calipso_nornir.store.mongo.connection import RAW_OPTIONS
from calipso_nornir.store.mongo.environment_collections import GONE, REVISION
from calipso_nornir.store.names import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bson.objectid import ObjectId

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.environment_collections import Marker, Places
    from calipso_nornir.store.mongo.lock import Lock
    from calipso_nornir.store.mongo.redo import Redo

_DUPLICATE: Final = 11000


def settle(places: Places, lock: Lock, marker: Marker) -> Marker:
    """Apply the changes in the marker; return the new marker. The caller writes it, after a ``ready``."""
    for kind in KINDS:
        changes: dict[ObjectId, list[Redo]] = {}
        for one in marker.pending:
            if one.kind == kind:
                changes.setdefault(one.document_id, []).append(one)
        if changes:
            _settle(places, lock, kind, changes)
    return replace(marker, pending=(), commits=0)


def _settle(places: Places, lock: Lock, kind: Kind, changes: Mapping[ObjectId, Sequence[Redo]]) -> None:
    lock.require()
    wanted = {"_id": {"$in": list(changes)}, "environment": places.environment}
    there = {one["_id"]: one for one in places.raw(places.current(kind)).find(wanted)}
    replaced: list[RawBSONDocument] = []
    written: list[Mapping[str, Any]] = []
    for one, redos in changes.items():
        found = there.get(one)
        raw = None if found is None or GONE in found else bytes(found.raw)
        applied = 0 if found is None else revision_of(bytes(found.raw))
        ahead = [redo for redo in redos if redo.revision > applied]
        for redo in ahead:
            if raw is not None:
                replaced.append(past_of(raw, until=redo.revision))
            raw = redo.raw
        if ahead:
            written.append(_written(places, ahead[-1]))
    keep(places, kind, replaced)
    write(places, lock, kind, written)


def _written(places: Places, redo: Redo) -> Mapping[str, Any]:
    if redo.raw is None:
        return tombstone(places, redo.document_id, redo.revision)
    return RawBSONDocument(redo.raw, RAW_OPTIONS)


def tombstone(places: Places, document_id: ObjectId, revision: int) -> dict[str, Any]:
    """Return the document that temporarily replaces a removed one."""
    return {"_id": document_id, "environment": places.environment, REVISION: Int64(revision), GONE: True}


def keep(places: Places, kind: Kind, replaced: Iterable[RawBSONDocument]) -> None:
    """Insert documents into the past, except those that an earlier attempt has inserted."""
    documents = list(replaced)
    if not documents:
        return
    try:
        places.raw(places.past(kind)).insert_many(documents, ordered=False)
    except BulkWriteError as error:
        if any(each["code"] != _DUPLICATE for each in error.details["writeErrors"]):
            raise


def write(places: Places, lock: Lock, kind: Kind, documents: Sequence[Mapping[str, Any]]) -> None:
    """Replace or insert documents if this lock is still held; the server checks this, so no late writer gets in."""
    if not documents:
        return
    lock.require()
    into = {"into": places.current(kind).name, "on": "_id", "whenMatched": "replace"}
    steps: list[dict[str, Any]] = [
        {"$match": lock.mine},
        {"$project": {"document": {"$literal": documents}}},
        {"$unwind": "$document"},
        {"$replaceRoot": {"newRoot": "$document"}},
        {"$merge": {**into, "whenNotMatched": "insert"}},
    ]
    places.quick_markers.aggregate(steps, maxTimeMS=lock.longest_ms)
