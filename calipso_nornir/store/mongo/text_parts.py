# SPDX-License-Identifier: Apache-2.0
"""What one search reads of the text index and of the inventory: each part once, and many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bson.objectid import ObjectId

    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.connection import PlainCollection


class TextParts:
    """Parts of segments by their ``_id``, and objects.

    Args:
        collection: of the index.
        read: reads the objects that are valid at the revision of the search.
    """

    def __init__(self, collection: PlainCollection, read: Callable[[list[ObjectId]], list[Document]]) -> None:
        self._collection = collection
        self._read = read
        self._data: dict[str, Any] = {}
        self._documents: dict[str, Document | None] = {}

    def data(self, part_ids: Iterable[str]) -> list[Any]:
        """Return the data of each of these parts; None for one of a segment that has been deleted."""
        wanted = list(part_ids)
        missing = sorted({one for one in wanted if one not in self._data})
        if missing:
            self._data.update(dict.fromkeys(missing))
            self._data.update((one["_id"], one["data"]) for one in self._collection.find({"_id": {"$in": missing}}))
        return [self._data[one] for one in wanted]

    def documents(self, document_ids: Iterable[ObjectId]) -> list[Document]:
        """Return those of these objects that are valid at the revision."""
        wanted = {str(one): one for one in document_ids}
        missing = {text: one for text, one in wanted.items() if text not in self._documents}
        if missing:
            self._documents.update(dict.fromkeys(missing))
            self._documents.update((one["_id"], one) for one in self._read(list(missing.values())))
        return [found for one in wanted if (found := self._documents[one]) is not None]
