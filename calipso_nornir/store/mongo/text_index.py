# SPDX-License-Identifier: Apache-2.0
"""The text index in MongoDB (see ``store.text_search``), as a search reads it.

One collection holds a note for each environment: the revision that the index covers, and its segments. A segment
consists of the ``_id``s of its objects, in order; the position of an object in that order is its place. For names, a
document for each trigram has the places of the objects whose names or ids contain it. Values are numbered in the order
of the first objects that have them: a document for each trigram has the numbers of the values that contain it, and
others the places of the objects that have each value. So an object is a candidate if one of its values has all trigrams
of a text; that they are scattered over its values is not enough.

A segment never changes. New segments are written before the note that names them, and old ones are deleted after it: if
the note is the same before and after a search, nothing was missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId
from pymongo import ASCENDING

from calipso_nornir.store.mongo.environment_collections import REVISION
from calipso_nornir.store.mongo.postings import in_all, in_any, merged, unpacked
from calipso_nornir.store.mongo.text_parts import TextParts
from calipso_nornir.store.names import SEARCH, collection_name
from calipso_nornir.store.text_search import IndexSegment
from calipso_nornir.store.trigrams import beginning, grams_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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
FORM: Final = 2
"""Number of the form of segments that this module describes; those of another form are replaced."""
CHUNK: Final = 256
"""How many ``_id``s one document holds."""
VALUES: Final = 64
"""For how many values one document holds the places of their objects."""
OF_PART: Final[dict[Part, str]] = {"names": "n", "values": "v"}
OF_IDS: Final = "i"
OF_HOLDERS: Final = "h"
_STEP: Final = 16
_FEW: Final = 64
"""Candidates of all segments that are read at once."""
_MOST_AT_ONCE: Final = 65_536
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
        """Return the note of a document; its segments only if they have the form of today."""
        if not document:
            return cls()
        if document.get("form") != FORM:
            return cls(generation=document["generation"])
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


def ids_in(collection: PlainCollection, segment: str) -> Iterator[bytes]:
    """Yield the ``_id``s of a segment's objects, several together."""
    return (one["data"] for one in collection.find(_from(f"{segment}{OF_IDS}")))


class MongoTextIndex:
    """The index of one environment, for one search.

    Args:
        collection: of the index.
        note: what it covers.
        read: reads the objects that are valid at the revision of the search.
    """

    def __init__(
        self, collection: PlainCollection, note: Note, read: Callable[[list[ObjectId]], list[Document]]
    ) -> None:
        self.segments: Sequence[IndexSegment] = note.segments
        self._collection = collection
        self._parts = TextParts(collection, read)

    def candidates(self, part: Part, needle: Needle) -> Callable[[IndexSegment, int], Iterable[int]]:
        """Return a function for the places, from one on, of a segment's objects whose part may contain the needle."""
        found = self._numbers(part, needle.texts)

        def numbers(segment: IndexSegment) -> Iterable[int]:
            some = found(segment)
            return some[0] if len(some) == 1 else sorted({number for one in some for number in one})

        def of(segment: IndexSegment, begin: int) -> Iterable[int]:
            if part == "values":
                return merged(self._holders(segment, numbers(segment), begin), begin)
            return (place for place in numbers(segment) if place >= begin)

        self._look_ahead(part, {one: list(islice(numbers(one), _FEW + 1)) for one in self.segments})
        return of

    def documents(self, segment: IndexSegment, places: Sequence[int]) -> list[Document]:
        """Return the objects at these places."""
        return self._parts.documents(self._ids((segment, place) for place in places))

    def _look_ahead(self, part: Part, numbers: Mapping[IndexSegment, Sequence[int]]) -> None:
        """If there are few candidates, read what is needed of all segments at once, not of one after the other."""
        pairs = [(segment, number) for segment, some in numbers.items() for number in some]
        if part == "values" and len(pairs) <= _FEW:
            data = self._parts.data(_holders_id(*pair) for pair in pairs)
            held = [
                (segment, unpacked([one[number % VALUES]]))
                for (segment, number), one in zip(pairs, data, strict=True)
                if one
            ]
            pairs = [(segment, place) for segment, places in held for place in places]
        if len(pairs) <= _FEW:
            self._parts.documents(self._ids(pairs))

    def _ids(self, pairs: Iterable[tuple[IndexSegment, int]]) -> list[ObjectId]:
        """Return the ``_id``s of the objects at places; a segment that has been deleted has none: searches repeat."""
        wanted = list(pairs)
        found = self._parts.data(f"{segment.name}{OF_IDS}{place // CHUNK}" for segment, place in wanted)
        starts = (place % CHUNK * ID_BYTES for _, place in wanted)
        ids = ((data or b"")[start : start + ID_BYTES] for data, start in zip(found, starts, strict=True))
        return [ObjectId(one) for one in ids if one]

    def _numbers(self, part: Part, texts: Sequence[str]) -> Callable[[IndexSegment], list[Iterable[int]]]:
        """Read the numbers for texts (of names' objects, or of values) in all segments at once."""
        prefixes = [f"{segment.name}{OF_PART[part]}" for segment in self.segments]
        grams = {text: grams_of(text) for text in texts}
        all_ = {gram for some in grams.values() for gram in some}
        self._parts.data(f"{prefix}{gram}" for prefix in prefixes for gram in all_)
        short = {text: self._beginning(prefixes, text) for text, some in grams.items() if not some}

        def of(segment: IndexSegment, text: str) -> Iterable[int]:
            if text in short:
                return in_any(short[text][segment.name])
            there = self._parts.data(f"{segment.name}{OF_PART[part]}{gram}" for gram in grams[text])
            return in_all(there) if None not in there else ()

        return lambda segment: [of(segment, text) for text in texts]

    def _beginning(self, prefixes: Sequence[str], text: str) -> dict[str, list[list[bytes]]]:
        """Return the sets of all trigrams that begin with a text that is shorter than one, by segment."""
        sets: dict[str, list[list[bytes]]] = {segment.name: [] for segment in self.segments}
        if prefixes:
            wanted = {"$or": [_from(f"{prefix}{beginning(text)}") for prefix in prefixes]}
            for one in self._collection.find(wanted):
                sets[one["_id"][:NAME_LENGTH]].append(one["data"])
        return sets

    def _holders(self, segment: IndexSegment, values: Iterable[int], begin: int) -> Iterator[Sequence[int]]:
        """Yield the places of the objects that have each value, except values that no object from ``begin`` on has."""
        rest = iter(values)
        step = _MOST_AT_ONCE if begin else _STEP
        while some := list(islice(rest, step)):
            ids = [_holders_id(segment, number) for number in some]
            if begin:
                wanted = {"_id": {"$in": sorted(set(ids))}, "last": {"$gte": begin}}
                found = {one["_id"]: one["data"] for one in self._collection.find(wanted)}
                data = [found.get(one) for one in ids]
            else:
                data = self._parts.data(ids)
            for number, one in zip(some, data, strict=True):
                if one:
                    yield unpacked([one[number % VALUES]])
            step = min(step * 4, _MOST_AT_ONCE)


def _holders_id(segment: IndexSegment, value: int) -> str:
    """Return the ``_id`` of the part with the places of the objects that have a value."""
    return f"{segment.name}{OF_HOLDERS}{value // VALUES}"


def _from(prefix: str) -> dict[str, Any]:
    return {"_id": {"$gte": prefix, "$lt": f"{prefix}{_LAST}"}}
