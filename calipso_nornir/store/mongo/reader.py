# SPDX-License-Identifier: Apache-2.0
"""Reading one environment from MongoDB, through the log of a generation that is still being applied."""

from __future__ import annotations

import time
from collections import Counter
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final, TypeVar

import bson
from bson.objectid import ObjectId
from pymongo.errors import OperationFailure

from calipso_nornir.errors import StoreBusy
from calipso_nornir.store.checking import REFERENCES
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.mongo.codec import from_raw
from calipso_nornir.store.mongo.connection import OPTIONS, RAW_OPTIONS, translated
from calipso_nornir.store.mongo.generations import changes, sightings
from calipso_nornir.store.searching import found
from calipso_nornir.store.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from calipso_nornir.model.protocols import Document, Kind
    from calipso_nornir.store.mongo.connection import RawCollection
    from calipso_nornir.store.mongo.generations import Generations
    from calipso_nornir.store.searching import Needle

T = TypeVar("T")

_CHUNK: Final = 1000
_SPOOL_BYTES: Final = 32 << 20
_LEAST_ATTEMPTS: Final = 5
_GONE: Final = frozenset({26, 43, 175})
"""NamespaceNotFound, CursorNotFound, QueryPlanKilled (mongo/base/error_codes.yml): the log that was read was applied
and dropped meanwhile."""


class MongoReader:
    """Answers the selections of a view."""

    def __init__(self, generations: Generations, *, uri: str, wait_s: float) -> None:
        self._generations = generations
        self._environment = generations.environment
        self.uri = uri
        self._wait_s = wait_s

    # --- what a view asks

    def select(self, selection: Selection) -> Iterator[Document]:
        """Yield the selected documents in their order; they have all been read, but are decoded one by one."""
        raws = self._settled(lambda log: list(self._selected(selection, log)))
        return self._decoded(selection.kind, raws)

    def stream(self, kind: Kind) -> Iterator[Document]:
        """Yield every document of a kind, ordered by ``_id``; a file without a name keeps them meanwhile."""
        with SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:

            def read(log: str | None) -> None:
                spool.seek(0)
                spool.truncate()
                for raw in self._selected(Selection(kind), log):
                    spool.write(raw)

            self._settled(read)
            spool.seek(0)
            stored = bson.decode_file_iter(spool, codec_options=RAW_OPTIONS)
            yield from self._decoded(kind, (bytes(document.raw) for document in stored))

    def some(self, kind: Kind, document_ids: Iterable[str]) -> Iterator[Document]:
        """Yield those documents of a kind that are there, for the one writer: nothing moves meanwhile."""
        collection = self._raw(self._generations.documents(kind).name)
        for ids in chunks(document_ids, _CHUNK):
            wanted = {"environment": self._environment, "_id": {"$in": [ObjectId(one) for one in ids]}}
            with translated(self.uri):
                raws = [bytes(document.raw) for document in collection.find(wanted)]
            yield from self._decoded(kind, raws)

    def count_types(self) -> dict[str, int]:
        """Return the number of objects by type."""
        return self._settled(self._counted)

    def search(self, needle: Needle, *, limit: int) -> list[Document]:
        """Return what is found among the objects, ordered by type and id."""
        everything = Selection("inventory", (), ("type", "id"))

        def read(log: str | None) -> list[Document]:
            raws = self._selected(everything, log)
            candidates = (from_raw("inventory", raw) for raw in raws if needle.may_be_in_bson(raw))
            return found(needle, candidates, limit=limit)

        return self._settled(read)

    def filled(self) -> bool:
        """Tell whether the environment has any object, link or clique."""
        kinds: tuple[Kind, ...] = ("inventory", "links", "implicit_links", "cliques")
        return self._settled(lambda log: any(self._filled(kind, log) for kind in kinds))

    # --- one generation

    def _settled(self, read: Callable[[str | None], T]) -> T:
        """Read until no other generation became valid meanwhile."""
        deadline = time.monotonic() + self._wait_s
        attempts = 0
        with translated(self.uri):
            while True:
                before = self._generations.now()
                try:
                    result = read(before.log)
                except OperationFailure as error:
                    if error.code not in _GONE or self._generations.now() == before:
                        raise
                else:
                    if self._generations.now() == before:
                        return result
                attempts += 1
                if attempts >= _LEAST_ATTEMPTS and time.monotonic() >= deadline:
                    raise StoreBusy(self.uri, self._environment, "one process after another")

    def values(self, kind: Kind, field: str, log: str | None) -> dict[str, str]:
        """Return ``_id`` -> value of a text field of every document of a kind, read through a log."""
        here = {"environment": self._environment}
        known = {str(d["_id"]): d[field] for d in self._generations.documents(kind).find(here, {field: 1})}
        if log is not None:
            projection = {"op": 1, f"document.{field}": 1}
            for entry in self._generations.log(log).find({"_id": changes(kind)}, projection):
                one = entry["_id"].partition(":")[2]
                if entry["op"] == "put":
                    known[one] = entry["document"][field]
                else:
                    known.pop(one, None)
        return known

    def _counted(self, log: str | None) -> dict[str, int]:
        if log is not None:
            return Counter(self.values("inventory", "type", log).values())
        steps: list[dict[str, Any]] = [
            {"$match": {"environment": self._environment}},
            {"$group": {"_id": "$type", "count": {"$sum": 1}}},
        ]
        return {group["_id"]: group["count"] for group in self._generations.documents("inventory").aggregate(steps)}

    def _filled(self, kind: Kind, log: str | None) -> bool:
        if log is not None:
            return bool(self.values(kind, "digest", log))
        return self._generations.documents(kind).find_one({"environment": self._environment}, {"_id": 1}) is not None

    def _decoded(self, kind: Kind, raws: Iterable[bytes]) -> Iterator[Document]:
        with translated(self.uri):
            for raw in raws:
                yield from_raw(kind, raw)

    # --- selections

    def _selected(self, selection: Selection, log: str | None) -> Iterator[bytes]:
        references = ("_id", *REFERENCES[selection.kind])
        equal = {name: ObjectId(value) if name in references else value for name, value in selection.equal}
        collection = self._raw(self._generations.documents(selection.kind).name)
        cursor = collection.find({**equal, "environment": self._environment})
        if log is None:
            return (bytes(document.raw) for document in cursor.sort([(name, 1) for name in selection.order]))
        seen = self._sightings(selection.kind, log)
        raws = [*self._untouched(selection.kind, cursor, log), *self._put(selection.kind, equal, log)]
        current = (_seen(bson.decode(raw, codec_options=OPTIONS), seen) for raw in raws)
        ordered = sorted(current, key=lambda document: [document[name] for name in selection.order])
        return (bson.encode(document, codec_options=OPTIONS) for document in ordered)

    def _untouched(self, kind: Kind, found_: Iterable[bson.raw_bson.RawBSONDocument], log: str) -> Iterator[bytes]:
        """Yield documents of the collection that the log neither puts nor removes."""
        for chunk in chunks(found_, _CHUNK):
            by_entry = {f"{kind}:{document['_id']}": bytes(document.raw) for document in chunk}
            for entry in self._generations.log(log).find({"_id": {"$in": list(by_entry)}}, {"_id": 1}):
                del by_entry[entry["_id"]]
            yield from by_entry.values()

    def _put(self, kind: Kind, equal: dict[str, Any], log: str) -> Iterator[bytes]:
        """Yield documents that the log puts, and that are selected."""
        wanted = {f"document.{name}": value for name, value in equal.items()}
        for entry in self._raw(log).find({"_id": changes(kind), "op": "put", **wanted}, {"document": 1}):
            yield bytes(entry["document"].raw)

    def _sightings(self, kind: Kind, log: str) -> dict[ObjectId, datetime]:
        latest: dict[ObjectId, datetime] = {}
        for entry in self._generations.log(log).find({"_id": sightings(kind)}):
            for one in entry["ids"]:
                latest[one] = max(entry["at"], latest.get(one, entry["at"]))
        return latest

    def _raw(self, name: str) -> RawCollection:
        return self._generations.database[name].with_options(codec_options=RAW_OPTIONS)


def _seen(document: dict[str, Any], sightings_: dict[ObjectId, datetime]) -> dict[str, Any]:
    at = sightings_.get(document["_id"])
    if at is not None and (document["last_scanned"] is None or document["last_scanned"] < at):
        document["last_scanned"] = at
    return document
