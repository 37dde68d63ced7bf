# SPDX-License-Identifier: Apache-2.0
"""Updates the text index: new segments are written beside the old ones, then the note names them.

Only one process does this at a time. If it dies, another one deletes what it had written, and starts again.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bson.objectid import ObjectId
from pymongo.errors import DuplicateKeyError

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.mongo.codec import from_bson
from calipso_nornir.store.mongo.environment_collections import OF, QUICK, REVISION, UNTIL
from calipso_nornir.store.mongo.text_index import (
    BY_REVISION,
    FORM,
    ID_BYTES,
    NAME_LENGTH,
    Note,
    all_of,
    ids_in,
    index_of,
    note_id,
)
from calipso_nornir.store.mongo.text_segment import SegmentBuilder
from calipso_nornir.store.text_search import MOST, IndexSegment, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.environment_collections import Places
    from calipso_nornir.store.mongo.reader import MongoReader

_LEASE: Final = timedelta(minutes=5)
"""A process that has written no segment for this long counts as dead."""
_BATCH: Final = 2000
_STALE: Final = 2
"""The index is rebuilt when it names more than this many times the number of existing objects."""


class TextIndexing:
    """Updates the index of one environment.

    Args:
        places: the collections of the environment.
        reader: returns a reader of one revision.
    """

    def __init__(self, places: Places, reader: Callable[[int], MongoReader]) -> None:
        self._places = places
        self._reader = reader
        self._index = index_of(places)
        self._quick = self._index.with_options(write_concern=QUICK)
        self._token = uuid.uuid4().hex
        self._note_id = note_id(places.environment)

    def update(self, upto: int, *, at_least: int) -> int:
        """Extend the index to a revision that is completely in the collections; return how many objects were added.

        Nothing is done if fewer than ``at_least`` objects are fresh, or if another process is updating the index.
        """
        note = Note.of(self._index.find_one({"_id": self._note_id}))
        if not self._is_behind(note.upto, upto, max(1, at_least)) or not self._taken():
            return 0
        stored = self._index.find_one({"_id": self._note_id}) or {}  # read again: from now on nobody else changes it
        note = Note.of(stored)
        try:
            made, replaced = self._made(note, upto, self._fresh(note.upto, upto))
            segments = [one for one in note.segments if one not in replaced] + made
            if not self._published(note, upto, segments):
                return 0
        except BaseException:
            self._let_go()
            raise
        for name in {one["name"] for one in stored["segments"]}.difference(one.name for one in segments):
            self._quick.delete_many(all_of(name))
        return sum(one.members for one in made)

    # --- what has to be done

    def _is_behind(self, after: int, upto: int, at_least: int) -> bool:
        here = {"environment": self._places.environment, REVISION: {"$gt": after, "$lte": upto}}
        current = self._places.current("inventory")
        return current.count_documents(here, hint=BY_REVISION, limit=at_least) >= at_least

    def _fresh(self, after: int, upto: int) -> set[ObjectId]:
        """Return the objects that were written after one revision, up to another, and are valid at that one."""
        here = {"environment": self._places.environment, REVISION: {"$gt": after, "$lte": upto}}
        current = self._places.current("inventory").find(here, {"_id": 1, "type": 1}).hint(BY_REVISION)
        found = {one["_id"] for one in current if "type" in one}  # a removed object has none
        past = self._places.past("inventory").find({**here, UNTIL: {"$gt": upto}}, {OF: 1})
        return found | {one[OF] for one in past}

    def _made(self, note: Note, upto: int, fresh: set[ObjectId]) -> tuple[list[IndexSegment], list[IndexSegment]]:
        """Write new segments; return them, and those that they replace."""
        here = {"environment": self._places.environment, "type": {"$exists": True}}
        living = self._places.current("inventory").count_documents(here)
        there = sum(one.members for one in note.segments)
        if not note.segments or len(fresh) > MOST or there + len(fresh) > _STALE * living + MOST:
            return [*self._written(self._everything(upto)), *self._written(self._replaced(upto))], list(note.segments)
        replaced: list[IndexSegment] = []
        for one in sorted(note.segments, key=lambda segment: segment.members):
            if one.members > 2 * len(fresh) or one.members + len(fresh) > MOST:
                break
            replaced.append(one)
            for data in ids_in(self._index, one.name):
                fresh |= {ObjectId(data[at : at + ID_BYTES]) for at in range(0, len(data), ID_BYTES)}
        documents = sorted(self._reader(upto).some("inventory", sorted(map(str, fresh))), key=key_of)
        return list(self._written((ObjectId(one["_id"]), one) for one in documents)), replaced

    def _everything(self, upto: int) -> Iterator[tuple[ObjectId, Document]]:
        here = {"environment": self._places.environment, "type": {"$exists": True}, REVISION: {"$lte": upto}}
        raws = self._places.raw(self._places.current("inventory")).find(here).sort([("type", 1), ("id", 1)])
        for one in raws:
            document = from_bson(bytes(one.raw))
            yield document["_id"], document

    def _replaced(self, upto: int) -> Iterator[tuple[ObjectId, Document]]:
        """Yield documents that a later commit replaces: it may still be undone."""
        here = {"environment": self._places.environment, REVISION: {"$lte": upto}, UNTIL: {"$gt": upto}}
        raws = self._places.raw(self._places.past("inventory")).find(here)
        documents = {one[OF]: from_bson(bytes(one.raw)) for one in raws}
        return iter(sorted(documents.items(), key=lambda one: key_of(one[1])))

    # --- writing

    def _written(self, documents: Iterable[tuple[ObjectId, Document]]) -> Iterator[IndexSegment]:
        for some in _parts(documents):
            name = uuid.uuid4().hex[:NAME_LENGTH]
            self._announce(name)
            for batch in chunks(some.documents(name), _BATCH):
                self._quick.insert_many(batch, ordered=False)
            yield IndexSegment(name, some.first, len(some.ids))

    def _taken(self) -> bool:
        """Claim the update for this process, and delete what a dead process left; return whether it succeeded."""
        now = datetime.now(UTC)
        mine = {"token": self._token, "until": now + _LEASE, "names": []}
        first = {"form": FORM, "upto": 0, "generation": 0, "segments": []}
        free = {"_id": self._note_id, "$or": [{"building": None}, {"building.until": {"$lt": now}}]}
        try:
            before = self._index.find_one_and_update(
                free, {"$set": {"building": mine}, "$setOnInsert": first}, upsert=True
            )
        except DuplicateKeyError:  # another process has claimed it
            return False
        for name in ((before or {}).get("building") or {}).get("names", ()):
            self._quick.delete_many(all_of(name))
        return True

    def _announce(self, name: str) -> None:
        update = {"$push": {"building.names": name}, "$set": {"building.until": datetime.now(UTC) + _LEASE}}
        self._index.update_one({"_id": self._note_id, "building.token": self._token}, update)

    def _published(self, note: Note, upto: int, segments: list[IndexSegment]) -> bool:
        told = [
            {"name": one.name, "type": one.first[0], "id": one.first[1], "members": one.members} for one in segments
        ]
        update = {"form": FORM, "upto": upto, "generation": note.generation + 1, "segments": told}
        mine = {"_id": self._note_id, "building.token": self._token}
        done = self._index.update_one(mine, {"$set": update, "$unset": {"building": ""}})
        return bool(done.matched_count)

    def _let_go(self) -> None:
        """Release the claim, so that others can begin at once; they delete what was written."""
        mine = {"_id": self._note_id, "building.token": self._token}
        self._quick.update_one(mine, {"$set": {"building.until": datetime.fromtimestamp(0, UTC)}})


def _parts(documents: Iterable[tuple[ObjectId, Document]]) -> Iterator[SegmentBuilder]:
    for some in _cut(iter(documents)):
        builder = SegmentBuilder()
        for document_id, document in some:
            builder.add(document_id, document)
        yield builder


def _cut(documents: Iterator[tuple[ObjectId, Document]]) -> Iterator[Iterator[tuple[ObjectId, Document]]]:
    """Yield parts of at most ``MOST`` documents; read each part before the next one."""
    for first in documents:

        def part(one: tuple[ObjectId, Document] = first) -> Iterator[tuple[ObjectId, Document]]:
            yield one
            for _, other in zip(range(MOST - 1), documents, strict=False):
                yield other

        yield part()
