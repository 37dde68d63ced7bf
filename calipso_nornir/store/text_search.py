# SPDX-License-Identifier: Apache-2.0
"""Searches with an index of trigrams: three consecutive characters of a name, an id or a value.

The index is stored beside the inventory, and covers the objects that were current at one revision, which it records. It
grows in segments, independently of commits. Objects that were written later, or are past, are called *fresh*: they are
found by their revision and compared directly. Objects that the index names are read and compared, too, because it may
name too many: a replaced version stays in it until its segment is rebuilt.

In a segment, objects are in the order of results (type, id), so no more of them are read than the limit requires.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from calipso_nornir.model.finding import Addresses
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.documents import OBJECT_FIELDS
from calipso_nornir.store.searching import LABELS, Needle, SearchPlace, is_behind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document

Part: TypeAlias = Literal["names", "values"]
Key: TypeAlias = tuple[str, str]
"""Type and id."""

MOST: Final = 65_536
"""Maximum number of objects in a segment."""
BEHIND: Final = 1000
"""Minimum number of fresh objects for which it is worth updating the index."""
_STEP: Final = 16
_MOST_AT_ONCE: Final = 1000
_NOT_COVERED: Final = OBJECT_FIELDS - set(LABELS)


@dataclass(frozen=True, slots=True)
class IndexSegment:
    """A part of the index.

    Attributes:
        name: its name.
        first: the key of its first object.
        members: the number of its objects.
    """

    name: str
    first: Key
    members: int


class Index(Protocol):
    """The index of one environment, as a search sees it."""

    @property
    def segments(self) -> Sequence[IndexSegment]:
        """Its segments, in any order."""
        ...

    def candidates(self, part: Part, needle: Needle) -> Callable[[IndexSegment, int], Iterable[int]]:
        """Return a function for the places, in order, of a segment's objects whose part may have the needle.

        A place is the number of an object in its segment. The function is given the first place that is wanted.
        """
        ...

    def documents(self, segment: IndexSegment, places: Sequence[int]) -> list[Document]:
        """Return the objects that are valid at the revision of the search, in any order."""
        ...


def search(
    index: Index,
    fresh: Callable[[], Iterable[Document]],
    needle: Needle,
    *,
    limit: int,
    after: SearchPlace | None = None,
) -> list[Document]:
    """Return what ``searching.found`` would find in all objects. ``fresh`` is called last."""
    if limit <= 0 or not needle.texts:
        return []

    def is_named(document: Document) -> bool:
        return needle.labels(document) and is_behind(document, after, described=False)

    def is_described(document: Document) -> bool:
        behind = is_behind(document, after, described=True)
        return behind and not needle.labels(document) and needle.describes(document)

    named: dict[str, Document] = {}
    described: dict[str, Document] = {}
    begin = None if after is None else (after.type, after.id)
    if after is None or not after.described:
        named = _best(index, "names", needle, limit, is_named, begin)
        begin = None
    if len(named) < limit:
        described = _best(index, "values", needle, limit, is_described, begin)
    for document in fresh():
        if is_named(document):
            named = _with(named, document, limit)
        elif is_described(document):
            described = _with(described, document, limit)
    return list(islice((*_sorted(named), *_sorted(described)), limit))


def addressed(query: Find) -> Addresses | None:
    """Return the condition by which a text index finds the objects of a query; None if there is none.

    A field that no text index covers is compared directly.
    """
    wanted = (one for one in query.where if isinstance(one, Addresses) and one.field not in _NOT_COVERED)
    return next(wanted, None)


def holding(index: Index, fresh: Callable[[Needle], Iterable[Document]], condition: Addresses) -> Iterable[Document]:
    """Return all objects that may meet a condition."""
    part: Part = "names" if condition.field in LABELS else "values"
    found: dict[str, Document] = {}
    for needle in map(Needle, condition.values):
        candidates = index.candidates(part, needle)
        for segment in index.segments:
            for some in chunks(candidates(segment, 0), _MOST_AT_ONCE):
                found.update((one["_id"], one) for one in index.documents(segment, some))
        found.update((one["_id"], one) for one in fresh(needle))
    return found.values()


def key_of(document: Document) -> Key:
    """Return the key of an object."""
    return str(document["type"]), str(document["id"])


def _best(  # noqa: PLR0913, PLR0917 - a search, and what to find
    index: Index, part: Part, needle: Needle, limit: int, fits: Callable[[Document], bool], after: Key | None
) -> dict[str, Document]:
    """Return at least the first ``limit`` objects that fit, by ``_id``; all that fit come after a key."""
    found: dict[str, Document] = {}
    candidates = index.candidates(part, needle)
    last: Key | None = None
    for segment in sorted(index.segments, key=lambda one: one.first):
        if last is not None and segment.first > last:
            break  # all further objects come after those found
        places = candidates(segment, 0 if after is None else _begin(index, segment, after))
        for document in islice(_fitting(index, segment, places, fits, at_once=min(limit, _STEP)), limit):
            found[document["_id"]] = document
        if len(found) >= limit:
            last = sorted(map(key_of, found.values()))[limit - 1]
    return found


def _begin(index: Index, segment: IndexSegment, after: Key) -> int:
    """Return a place up to which a binary search shows the objects of a segment to come before a key."""
    low, high = 0, segment.members if segment.first <= after else 0
    while high - low > _STEP:
        middle = (low + high) // 2
        some: list[Document] = []
        for begin in range(middle, high, _STEP):  # objects may have been removed since
            if some := index.documents(segment, range(begin, min(begin + _STEP, high))):
                break
        if some and max(map(key_of, some)) <= after:
            low = middle
        else:
            high = middle
    return low


def _fitting(
    index: Index, segment: IndexSegment, places: Iterable[int], fits: Callable[[Document], bool], *, at_once: int
) -> Iterator[Document]:
    """Yield the objects at some places that fit; ``at_once`` are read first, then more at a time."""
    rest = iter(places)
    while some := list(islice(rest, at_once)):
        documents = filter(fits, index.documents(segment, some))
        yield from sorted(documents, key=key_of)
        at_once = min(at_once * 4, _MOST_AT_ONCE)


def _with(documents: dict[str, Document], document: Document, limit: int) -> dict[str, Document]:
    """Add a document; from time to time drop those after the first ``limit``."""
    documents[document["_id"]] = document
    if len(documents) <= limit + MOST // 8:
        return documents
    return {one["_id"]: one for one in _sorted(documents)[:limit]}


def _sorted(documents: dict[str, Document]) -> list[Document]:
    return sorted(documents.values(), key=key_of)
