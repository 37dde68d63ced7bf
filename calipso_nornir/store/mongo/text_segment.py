# SPDX-License-Identifier: Apache-2.0
"""Makes one segment of the text index (``text_index`` describes its documents)."""

from __future__ import annotations

from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.mongo.postings import packed
from calipso_nornir.store.mongo.text_index import CHUNK, OF_HOLDERS, OF_IDS, OF_PART, VALUES
from calipso_nornir.store.text_search import key_of
from calipso_nornir.store.trigrams import grams_in, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bson.objectid import ObjectId

    from calipso_nornir.model.stores import Document

_LONG: Final = 64
"""Longer values are recognised by a hash while the segment is made: a segment may have many of them."""


def _numbers() -> array[int]:
    return array("I")


@dataclass(slots=True)
class SegmentBuilder:
    """One segment in the making; its objects are added in order.

    Attributes:
        ids: the ``_id``s of its objects.
        first: type and id of its first object.
    """

    ids: list[bytes] = field(default_factory=list)
    first: tuple[str, str] = ("", "")
    _names: defaultdict[str, array[int]] = field(default_factory=lambda: defaultdict(_numbers))
    _values: defaultdict[str, array[int]] = field(default_factory=lambda: defaultdict(_numbers))
    _known: dict[str | bytes, int] = field(default_factory=dict)
    _holders: list[array[int]] = field(default_factory=list)

    def add(self, document_id: ObjectId, document: Document) -> None:
        """Add an object."""
        place = len(self.ids)
        if not place:
            self.first = key_of(document)
        self.ids.append(document_id.binary)
        name, values = texts_of(document)
        for gram in grams_in(name):
            self._names[gram].append(place)
        for value in set(values):
            self._holders[self._number(value)].append(place)

    def documents(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the documents of the segment with this name."""
        for chunk, ids in enumerate(chunks(self.ids, CHUNK)):
            yield {"_id": f"{name}{OF_IDS}{chunk}", "data": b"".join(ids)}
        for part, sets in ((OF_PART["names"], self._names), (OF_PART["values"], self._values)):
            for gram in sorted(sets):
                yield {"_id": f"{name}{part}{gram}", "data": packed(sets[gram])}
        for chunk, holders in enumerate(chunks(self._holders, VALUES)):
            last = max(one[-1] for one in holders)
            yield {"_id": f"{name}{OF_HOLDERS}{chunk}", "last": last, "data": [packed(one)[0] for one in holders]}

    def _number(self, value: str) -> int:
        """Return the number of a value; a new one gets the next."""
        key = value if len(value) <= _LONG else blake2b(value.encode(errors="surrogatepass"), digest_size=16).digest()
        number = self._known.setdefault(key, len(self._holders))
        if number == len(self._holders):
            self._holders.append(_numbers())
            for gram in grams_in(value):
                self._values[gram].append(number)
        return number
