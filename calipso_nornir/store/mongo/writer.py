# SPDX-License-Identifier: Apache-2.0
"""Writing one generation of one environment to MongoDB: into a log first (see ``generations``)."""

from __future__ import annotations

import logging
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId
from pymongo import ReplaceOne
from pymongo.errors import BulkWriteError, PyMongoError

from calipso_nornir.errors import StoreBusy, StoreError
from calipso_nornir.store.checking import checked, checked_ids
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.mongo.codec import to_raw
from calipso_nornir.store.mongo.connection import translated
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.protocols import Document, Kind
    from calipso_nornir.store.mongo.generations import Generations
    from calipso_nornir.store.mongo.lease import Lease
    from calipso_nornir.store.mongo.reader import MongoReader

_logger = logging.getLogger(__name__)

_CHUNK: Final = 1000
_DUPLICATE_KEY: Final = 11000


class MongoWriter:
    """Collects changes in a log; ``commit`` makes them the new generation."""

    def __init__(self, generations: Generations, lease: Lease, reader: MongoReader, *, uri: str) -> None:
        self._generations = generations
        self._lease = lease
        self._reader = reader
        self._uri = uri
        self._name = generations.log_name(lease.token)
        self._log = generations.log(self._name)
        self._numbers = count()
        self._changed = False

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document there is, as they were before this writer's changes."""
        with translated(self._uri):
            return self._reader.values(kind, "digest", None)

    def documents(self, kind: Kind, document_ids: Sequence[str]) -> Iterator[Document]:
        """Yield some of the documents that there are, as they were before this writer's changes."""
        return self._reader.some(kind, checked_ids(document_ids, uri=self._uri, kind=kind))

    def put(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Insert or replace whole documents."""
        for some in chunks(documents, _CHUNK):
            entries = {}
            for document in some:
                checked(document, uri=self._uri, kind=kind, environment=self._generations.environment)
                name = f"{kind}:{document['_id']}"
                entries[name] = {"_id": name, "op": "put", "document": to_raw(kind, document)}
            self._note(entries)

    def seen(self, kind: Kind, document_ids: Sequence[str], at: datetime) -> None:
        """Note that documents were found unchanged; ``last_scanned`` never goes back in time."""
        for some in chunks(checked_ids(document_ids, uri=self._uri, kind=kind), _CHUNK):
            name = f"{kind}#{next(self._numbers):09d}"
            ids = [ObjectId(one) for one in some]
            self._note({name: {"_id": name, "op": "seen", "ids": ids, "at": utc_ms(at)}})

    def remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Delete documents."""
        for some in chunks(checked_ids(document_ids, uri=self._uri, kind=kind), _CHUNK):
            self._note({f"{kind}:{one}": {"_id": f"{kind}:{one}", "op": "remove"} for one in some})

    def commit(self) -> None:
        """Make the changes visible, all at once, then apply them.

        When they are valid and applying them fails, nothing is lost and nothing is to be done again:
        readers see them, and the next writer applies them. So that is logged, not raised.
        """
        if not self._changed:
            return
        self._lease.require()
        with translated(self._uri):
            if not self._validated():
                raise StoreBusy(
                    self._uri, self._generations.environment, "another process, after this one was held up,"
                )
        try:
            with translated(self._uri):
                self._generations.apply(self._name, self._lease.mine, self._lease.require)
        except StoreError as error:
            _logger.warning(
                "%s: the new generation is valid; the next writer will finish applying it: %s", self._uri, error
            )

    def discard(self) -> None:
        """Drop the log, unless it is valid."""
        if self._changed and self._generations.now().log != self._name:
            self._log.drop()

    def _validated(self) -> bool:
        try:
            return self._generations.validate(self._name, self._lease.mine)
        except PyMongoError:  # the answer was lost: did the update happen?
            if self._generations.now().log == self._name:
                return True
            raise

    def _note(self, entries: Mapping[str, dict[str, Any]]) -> None:
        """Write entries to the log; one that is there already is replaced, so the last word on a document counts."""
        self._changed = True
        self._lease.require()
        with translated(self._uri):
            try:
                self._log.insert_many(entries.values(), ordered=False)
            except BulkWriteError as error:
                faults = error.details["writeErrors"]
                if any(fault["code"] != _DUPLICATE_KEY for fault in faults):
                    raise
                again = [entries[fault["op"]["_id"]] for fault in faults]
                self._log.bulk_write([ReplaceOne({"_id": entry["_id"]}, entry) for entry in again], ordered=False)
