# SPDX-License-Identifier: Apache-2.0
"""Collections of plain documents in MongoDB: each document has its key in the field ``key``, and a version.

The version changes at each write. It makes ``update_if`` atomic, and shows a writer that received no answer whether
its write succeeded.
"""

from __future__ import annotations

import re
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId
from pymongo import ASCENDING, IndexModel, ReplaceOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from calipso_nornir.model.finding import Equal, Find, OneOf
from calipso_nornir.store.equality import matches, same_value
from calipso_nornir.store.listing import checked, in_order, listing
from calipso_nornir.store.mongo.codec import VERSION, from_plain, to_plain
from calipso_nornir.store.mongo.connection import RAW_OPTIONS
from calipso_nornir.store.mongo.listing import holds_odd, list_filter
from calipso_nornir.store.query_matching import cleaned, fits
from calipso_nornir.store.values import clean, clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bson.raw_bson import RawBSONDocument

    from calipso_nornir.model.finding import Condition
    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.connection import PlainDatabase, RawCollection, Riding

CLAIMED_AT_ONCE: Final = 100
"""Documents that ``claim`` looks at before it looks again: others may be faster with each."""
DUPLICATE_KEY: Final = 11000
"""MongoDB's code of the error."""
_PLAIN_NAME: Final = re.compile(r"(?!key$|_id$)\w+", re.ASCII)
_INDEXES: Final = (
    # Documents that other programs put into a collection of this name have no key, and are ignored.
    IndexModel([("key", ASCENDING)], unique=True, partialFilterExpression={"key": {"$exists": True}}),
    IndexModel([("environment", ASCENDING), ("key", ASCENDING)]),
)


class MongoCollection:
    """Plain documents by key."""

    def __init__(
        self, database: PlainDatabase, name: str, *, riding: Riding, listed: Sequence[tuple[str, ...]] = ()
    ) -> None:
        self._documents: RawCollection = database[name].with_options(codec_options=RAW_OPTIONS)
        self._riding = riding
        self._listed = listed
        self._indexed = False

    def get(self, key: str) -> Document | None:
        """Return the document with a key."""
        stored = self._stored(clean_text(key))
        return None if stored is None else from_plain(bytes(stored.raw))

    def put(self, key: str, document: Document) -> None:
        """Insert the document with a key, or replace it completely."""
        name = clean_text(key)
        stored = to_plain(name, document, version=ObjectId())

        def attempt() -> None:
            self._index()
            try:
                self._documents.replace_one({"key": name}, stored, upsert=True)
            except DuplicateKeyError:  # another process inserted it at the same time; now it can be replaced
                self._documents.replace_one({"key": name}, stored, upsert=True)

        self._riding(attempt)

    def put_all(self, documents: Mapping[str, Document]) -> None:
        """Insert or replace many documents by key."""
        stored = {clean_text(key): to_plain(clean_text(key), one, version=ObjectId()) for key, one in documents.items()}
        if not stored:
            return

        def attempt() -> None:
            self._index()
            writes: list[ReplaceOne[Any]] = [
                ReplaceOne({"key": name}, one, upsert=True) for name, one in stored.items()
            ]
            try:
                self._documents.bulk_write(writes, ordered=False)
            except BulkWriteError as error:  # the only one to expect: another process inserted a document meanwhile
                if {one["code"] for one in (error.details or {}).get("writeErrors", ())} != {DUPLICATE_KEY}:
                    raise
                for name, one in stored.items():
                    self._documents.replace_one({"key": name}, one, upsert=True)

        self._riding(attempt)

    def delete(self, key: str) -> bool:
        """Remove the document with a key; return whether there was one."""
        return self._riding(lambda: self._documents.delete_one({"key": clean_text(key)}).deleted_count > 0)

    def find(
        self,
        equal: Mapping[str, Any] | None = None,
        *,
        where: Sequence[Condition] = (),
        order: Sequence[str] = (),
        after: Sequence[Any] | None = None,
        limit: int | None = None,
    ) -> list[Document]:
        """Return the documents that have these values and meet these conditions, in this order, after this position."""
        found = self._found(equal or {}, where=where, order=order, after=after, limit=limit)
        return [document for _, document in found]

    def insert(self, key: str, document: Document) -> bool:
        """Insert a document if the key is free; return whether it was."""
        name, version = clean_text(key), ObjectId()
        stored = to_plain(name, document, version=version)

        def attempt() -> bool:
            self._index()
            try:
                self._documents.insert_one(stored)
            except DuplicateKeyError:
                found = self._documents.find_one({"key": name})
                return found is not None and found.get(VERSION) == version  # written before the answer was lost
            return True

        return self._riding(attempt)

    def update_if(self, key: str, equal: Mapping[str, Any], changes: Mapping[str, Any]) -> Document | None:
        """Set top-level fields of a document if others have these values at that moment; return the new document."""
        wanted = clean(dict(equal))
        while (stored := self._stored(clean_text(key))) is not None:
            if not matches(from_plain(bytes(stored.raw)), wanted):
                return None
            after = self._replaced(stored, changes)
            if after is not None:
                return after
        return None

    def change_if(self, key: str, before: Document | None, after: Document | None) -> bool:
        """Replace ``before`` by ``after`` if the document is unchanged; None stands for no document."""
        wanted = clean(before)
        while (stored := self._stored(clean_text(key))) is not None:
            if not same_value(from_plain(bytes(stored.raw)), wanted):
                return False
            if self._deleted(stored) if after is None else self._written_over(stored, clean(after)):
                return True
        if before is not None:
            return False
        return after is None or self.insert(key, after)

    def claim(
        self, equal: Mapping[str, Any], changes: Mapping[str, Any], *, order: Sequence[str] = ()
    ) -> Document | None:
        """Do ``update_if`` on the first document, in this order, that has these values; only one caller gets each."""
        while found := self._found(equal, order=order, limit=CLAIMED_AT_ONCE):
            for stored, _ in found:
                after = self._replaced(stored, changes)
                if after is not None:
                    return after
        return None

    def _replaced(self, stored: RawBSONDocument, changes: Mapping[str, Any]) -> Document | None:
        """Replace a document by a changed one, and return the new one; None if another writer was faster."""
        after: Document = {**from_plain(bytes(stored.raw)), **clean(dict(changes))}
        return after if self._written_over(stored, after) else None

    def _written_over(self, stored: RawBSONDocument, after: Document) -> bool:
        """Replace a document; return False if another writer was faster."""
        version = ObjectId()
        new = to_plain(stored["key"], after, version=version)
        same = {"key": stored["key"], VERSION: stored.get(VERSION)}  # null also matches a missing version

        def attempt() -> bool:
            if self._documents.replace_one(same, new).matched_count:
                return True
            found = self._documents.find_one({"key": stored["key"]})
            return found is not None and found.get(VERSION) == version  # written before the answer was lost

        return self._riding(attempt)

    def _deleted(self, stored: RawBSONDocument) -> bool:
        """Remove a document; return False if another writer was faster."""
        same = {"key": stored["key"], VERSION: stored.get(VERSION)}

        def attempt() -> bool:
            if self._documents.delete_one(same).deleted_count:
                return True
            return self._documents.find_one({"key": stored["key"]}) is None  # removed before the answer was lost

        return self._riding(attempt)

    def _stored(self, name: str) -> RawBSONDocument | None:
        return self._riding(lambda: self._documents.find_one({"key": name}))

    def _found(
        self,
        equal: Mapping[str, Any],
        *,
        where: Sequence[Condition] = (),
        order: Sequence[str] = (),
        after: Sequence[Any] | None = None,
        limit: int | None = None,
    ) -> list[tuple[RawBSONDocument, Document]]:
        after = checked(order, after, limit)
        wanted = clean(dict(equal))
        conditions = cleaned(Find(where=tuple(where))).where
        served = listing(self._listed, wanted, conditions, order=order, after=after)
        if served is not None and not self._riding(partial(holds_odd, self._documents, served)):
            further, sort = list_filter(served)
        else:
            served, sort = None, [("key", ASCENDING)]
            further = [{"key": {"$gt": after[0]}}] if after is not None and not order else []
        query = _filter(wanted, conditions, further)

        def meant(stored: RawBSONDocument) -> Iterator[tuple[RawBSONDocument, Document]]:
            """Yield a document if it is meant: MongoDB compares some values differently."""
            document = from_plain(bytes(stored.raw))
            if matches(document, wanted) and fits(document, conditions):
                yield stored, document

        def attempt() -> list[tuple[RawBSONDocument, Document]]:
            with self._documents.find(query).sort(sort).allow_disk_use(True) as stored:  # noqa: FBT003 - as pymongo has it
                found = (pair for one in stored for pair in meant(one))
                return list(found) if served is None and order else list(islice(found, limit))

        found = self._riding(attempt)
        if served is not None or not order:
            return found
        return in_order(found, lambda stored: str(stored["key"]), order=order, after=after, limit=limit)

    def _index(self) -> None:
        if not self._indexed:
            lists = [IndexModel([(name, ASCENDING) for name in (*fields, "key")]) for fields in self._listed]
            self._documents.create_indexes([*_INDEXES, *lists])
            self._indexed = True


def _filter(
    wanted: Mapping[str, Any], conditions: Sequence[Condition], further: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what MongoDB can compare of the conditions; all else is compared in Python."""
    simple = {n: value for n, value in wanted.items() if isinstance(value, str) and _PLAIN_NAME.fullmatch(n)}
    named = [(one.field, (one.value,)) for one in conditions if isinstance(one, Equal)]
    named += [(one.field, one.values) for one in conditions if isinstance(one, OneOf)]
    texts = [
        {name: {"$in": list(values)}}
        for name, values in named
        if _PLAIN_NAME.fullmatch(name) and all(isinstance(one, str) for one in values)
    ]
    both = [*texts, *further]
    return {"key": {"$exists": True}, **simple, **({"$and": both} if both else {})}
