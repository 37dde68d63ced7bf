# SPDX-License-Identifier: Apache-2.0
"""Collections of plain documents in MongoDB: each document has its key in the field ``key``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from calipso_nornir.store.equality import matches
from calipso_nornir.store.mongo.codec import from_plain, to_plain
from calipso_nornir.store.mongo.connection import RAW_OPTIONS, translated
from calipso_nornir.store.values import clean, clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.protocols import Document
    from calipso_nornir.store.mongo.connection import PlainDatabase, RawCollection

_PLAIN_NAME: Final = re.compile(r"(?!key$|_id$)\w+", re.ASCII)
_INDEXES: Final = (
    # Documents that others put into a collection of that name have no key, and are none of ours.
    IndexModel([("key", ASCENDING)], unique=True, partialFilterExpression={"key": {"$exists": True}}),
    IndexModel([("environment", ASCENDING), ("key", ASCENDING)]),
)


class MongoCollection:
    """Plain documents by key."""

    def __init__(self, database: PlainDatabase, name: str, *, uri: str) -> None:
        self._documents: RawCollection = database[name].with_options(codec_options=RAW_OPTIONS)
        self._uri = uri
        self._indexed = False

    def get(self, key: str) -> Document | None:
        """Return the document of a key."""
        with translated(self._uri):
            stored = self._documents.find_one({"key": clean_text(key)})
            return None if stored is None else from_plain(bytes(stored.raw))

    def put(self, key: str, document: Document) -> None:
        """Insert or replace the document of a key, whole."""
        name = clean_text(key)
        stored = to_plain(name, document)
        with translated(self._uri):
            if not self._indexed:
                self._documents.create_indexes(list(_INDEXES))
                self._indexed = True
            try:
                self._documents.replace_one({"key": name}, stored, upsert=True)
            except DuplicateKeyError:  # two processes made it at the same time; now it is there to be replaced
                self._documents.replace_one({"key": name}, stored, upsert=True)

    def delete(self, key: str) -> bool:
        """Remove the document of a key; tell whether there was one."""
        with translated(self._uri):
            return self._documents.delete_one({"key": clean_text(key)}).deleted_count > 0

    def find(self, equal: Mapping[str, Any] | None = None) -> list[Document]:
        """Return the documents whose top-level fields have these values, ordered by key."""
        wanted = clean(dict(equal or {}))
        simple = {n: value for n, value in wanted.items() if isinstance(value, str) and _PLAIN_NAME.fullmatch(n)}
        query = {"key": {"$exists": True}, **simple}  # what MongoDB compares differently is sorted out below
        with translated(self._uri):
            documents = [from_plain(bytes(stored.raw)) for stored in self._documents.find(query).sort("key", ASCENDING)]
        return [document for document in documents if matches(document, wanted)]
