# SPDX-License-Identifier: Apache-2.0
"""The text index in MongoDB (see ``store.text_search``), as a search reads it.

One collection holds a note for each environment: the revision that the index covers, and its segments. A segment
consists of documents with the ``_id`` of its objects, in order, and one document for each trigram with the places
(positions in that order) of the objects that contain it. A segment never changes. New segments are written before the
note that names them, and old ones are deleted after it: if the note is the same before and after a search, nothing was
missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId
from pymongo import ASCENDING

from calipso_nornir.store.mongo.environment_collections import REVISION
from calipso_nornir.store.mongo.postings import in_all, in_any
from calipso_nornir.store.names import SEARCH, collection_name
from calipso_nornir.store.text_search import IndexSegment, beginning, grams_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.connection import PlainCollection
    from calipso_nornir.store.mongo.environment_collections import Places
    from calipso_nornir.store.searching import Needle
    from calipso_nornir.store.text_search import Part

BY_REVISION: Final = [("environment", ASCENDING), (REVISION, ASCENDING)]
"""The index by which fresh objects are read."""
ID_BYTES: Final = 12
NAME_LENGTH: Final = 12
"""Length of the names of segments."""
CHUNK: Final = 4096
"""How many ``_id``s one document holds."""
OF_PART: Final[dict[Part, str]] = {"names": "n", "values": "v"}
OF_IDS: Final = "i"
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Note:
    """What an index covers.

    Attributes:
        upto: the index has the objects that were current at this revision and have not changed since.
        generation: number that changes whenever the segments do.
        segments: the segments of the index.
    """

    upto: int = 0
    generation: int = 0
    segments: tuple[IndexSegment, ...] = ()

    @classmethod
    def of(cls, document: dict[str, Any] | None) -> Note:
        """Return the note of a document."""
        if document is None:
            return cls()
        segments = (IndexSegment(one["name"], (one["type"], one["id"]), one["members"]) for one in document["segments"])
        return cls(document["upto"], document["generation"], tuple(segments))


def index_of(places: Places) -> PlainCollection:
    """Return the collection of the index."""
    return places.database[collection_name(places.inventory, SEARCH)]


def note_id(environment: str) -> str:
    """Return the ``_id`` of the note of an environment; names of segments contain no space."""
    return f"note {environment}"


def read_note(places: Places) -> Note:
    """Read the note of an environment."""
    return Note.of(index_of(places).find_one({"_id": note_id(places.environment)}, {"building": 0}))


def all_of(segment: str) -> dict[str, Any]:
    """Return the filter for everything of a segment."""
    return _from(segment)


def ids_in(collection: PlainCollection, segment: str, chunks: Iterable[int] | None = None) -> dict[int, bytes]:
    """Return the ``_id``s of a segment's objects, by chunk."""
    wanted = (
        _from(f"{segment}{OF_IDS}")
        if chunks is None
        else {"_id": {"$in": [f"{segment}{OF_IDS}{one}" for one in sorted(chunks)]}}
    )
    return {int(one["_id"].removeprefix(f"{segment}{OF_IDS}")): one["data"] for one in collection.find(wanted)}


@dataclass(slots=True)
class MongoTextIndex:
    """The index of one environment, for one search."""

    collection: PlainCollection
    note: Note
    read: Callable[[list[ObjectId]], list[Document]]
    """Reads the objects that are valid at the revision of the search."""
    _ids: dict[tuple[str, int], bytes] = field(default_factory=dict)

    @property
    def segments(self) -> Sequence[IndexSegment]:
        """The segments."""
        return self.note.segments

    def candidates(self, part: Part, needle: Needle) -> Callable[[IndexSegment], Iterable[tuple[str, int]]]:
        """Return a function for the places, in a segment, of objects whose part may contain the needle."""
        found = [self._places(part, text) for text in needle.texts]

        def of(segment: IndexSegment) -> Iterator[tuple[str, int]]:
            some = [one(segment) for one in found]
            numbers = some[0] if len(some) == 1 else sorted({number for one in some for number in one})
            return ((segment.name, number) for number in numbers)

        return of

    def documents(self, references: Sequence[tuple[str, int]]) -> list[Document]:
        """Return the objects at these places."""
        missing: dict[str, set[int]] = {}
        for name, number in references:
            if (name, number // CHUNK) not in self._ids:
                missing.setdefault(name, set()).add(number // CHUNK)
        for name, chunks in missing.items():
            self._ids.update({(name, one): data for one, data in ids_in(self.collection, name, chunks).items()})
        ids = []
        for name, number in references:
            start = number % CHUNK * ID_BYTES
            data = self._ids.get((name, number // CHUNK), b"")[start : start + ID_BYTES]
            if data:  # else the segment has been deleted, and the search is repeated
                ids.append(ObjectId(data))
        return self.read(ids)

    def _places(self, part: Part, text: str) -> Callable[[IndexSegment], Iterable[int]]:
        """Read the places of a text in all segments at once."""
        prefixes = {segment.name: f"{segment.name}{OF_PART[part]}" for segment in self.segments}
        grams = grams_of(text)
        sets: dict[str, list[bytes]] = {name: [] for name in prefixes}
        if prefixes:
            wanted: dict[str, Any]
            if grams:
                wanted = {"_id": {"$in": [f"{prefix}{gram}" for prefix in prefixes.values() for gram in grams]}}
            else:
                wanted = {"$or": [_from(f"{prefix}{beginning(text)}") for prefix in prefixes.values()]}
            for one in self.collection.find(wanted):
                sets[one["_id"][:NAME_LENGTH]].append(one["data"])

        def of(segment: IndexSegment) -> Iterable[int]:
            there = sets[segment.name]
            if not grams:
                return in_any(there)
            return in_all(there) if len(there) == len(grams) else ()

        return of


def _from(prefix: str) -> dict[str, Any]:
    return {"_id": {"$gte": prefix, "$lt": f"{prefix}{_LAST}"}}
