# SPDX-License-Identifier: Apache-2.0
"""Prepares a commit to SQLite.

Changes are collected outside the file. The store is not locked until the commit, so other processes may commit, and a
scan's progress and messages can be stored, while its writer is open.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.document_check import checked, checked_ids
from calipso_nornir.store.sqlite.commit import Committing
from calipso_nornir.store.sqlite.connection import immediate, translated
from calipso_nornir.store.sqlite.document_rows import to_row
from calipso_nornir.store.sqlite.trimming import trim
from calipso_nornir.store.write_operations import Operations, Put, Remove, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.sqlite.connection import Connections
    from calipso_nornir.store.sqlite.reader import SqliteReader

CHUNK: Final = 1000
"""Documents that are converted to rows at once."""
_LARGE: Final = 5000
"""After a commit of more documents than this, the disk space of the write-ahead log is freed."""


class SqliteWriter:
    """Collects changes; ``commit`` makes them the next revision.

    Args:
        connections: to the file.
        pinned: provides a reader of the revision that ``digests`` and ``documents`` return.
        inventory: name of the inventory.
        environment: name of the environment.
        base: the revision from which the changes are computed; None: they do not depend on what is stored.
        cause: why, for the log of commits.
    """

    def __init__(  # noqa: PLR0913 - where to write, and what is said about it
        self,
        connections: Connections,
        pinned: Callable[[], AbstractContextManager[SqliteReader]],
        *,
        inventory: str,
        environment: str,
        base: int | None,
        cause: str,
    ) -> None:
        self._connections = connections
        self._pinned = pinned
        self._inventory = inventory
        self._environment = environment
        self._base = base
        self._cause = cause
        self._operations = Operations()
        self._depends: dict[Kind, set[str]] = {}
        self._size = 0
        self._stack = ExitStack()
        self._known: SqliteReader | None = None

    # --- Writer

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document, as before this writer's changes."""
        return self._reader().digests(kind)

    def documents(self, kind: Kind, document_ids: Sequence[str]) -> Iterator[Document]:
        """Yield some of the documents, as before this writer's changes."""
        return self._reader().some(kind, checked_ids(document_ids, uri=self._connections.uri, kind=kind))

    def put(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Insert or replace whole documents."""
        names = {"uri": self._connections.uri, "environment": self._environment}
        for some in chunks(documents, CHUNK):
            rows = {}
            size = 0
            for document in some:
                row = to_row(kind, checked(document, kind=kind, **names))
                rows[row.document_id] = row
                size += len(row.text)
            self._size += len(rows)
            self._operations.add(Put(kind, list(rows.values())), size)

    def seen(self, kind: Kind, document_ids: Sequence[str], at: datetime) -> None:
        """Record that documents were found unchanged; ``last_scanned`` never moves back."""
        self._operations.add(Seen(kind, checked_ids(document_ids, uri=self._connections.uri, kind=kind), at))

    def remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Delete documents, and the status of each."""
        wanted = checked_ids(document_ids, uri=self._connections.uri, kind=kind)
        self._size += len(wanted)
        self._operations.add(Remove(kind, wanted))

    def depends_on(self, kind: Kind, document_ids: Iterable[str]) -> None:
        """Name documents that were read: if one of them was changed after ``base``, this commit is overtaken."""
        wanted = checked_ids(document_ids, uri=self._connections.uri, kind=kind)
        self._depends.setdefault(kind, set()).update(wanted)

    # --- the commit

    def commit(self) -> None:
        """Make the changes visible, all at once."""
        self._stack.close()
        if not self._operations:
            return
        with self._translated():
            connection = self._connections.mine()
            if self._size > _LARGE:  # on a full disk, only a log without commits can be truncated again
                self._shorten_wal(connection)
            with _durable(connection), immediate(connection):
                committing = Committing(connection, inventory=self._inventory, environment=self._environment)
                if self._base is not None:
                    uri = self._connections.uri
                    committing.check(self._operations, self._depends, base=self._base, uri=uri)
                committing.apply(self._operations)
                if committing.end(self._cause):
                    done = {"revision": committing.revision, "made_past": committing.changed + committing.removed}
                    trim(connection, self._inventory, self._environment, **done)
            if self._size > _LARGE:
                self._shorten_wal(connection)

    def close(self) -> None:
        """Release what was collected."""
        self._stack.close()
        self._operations.close()

    def _reader(self) -> SqliteReader:
        if self._known is None:
            self._known = self._stack.enter_context(self._pinned())
        return self._known

    def _shorten_wal(self, connection: sqlite3.Connection) -> None:
        """Free the disk space of the write-ahead log after a large commit, or leave it to a later writer."""
        with suppress(sqlite3.Error):
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute(f"PRAGMA busy_timeout = {round(self._connections.busy_s * 1000)}")

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._connections.uri, self._connections.path, environment=self._environment)


@contextmanager
def _durable(connection: sqlite3.Connection) -> Iterator[None]:
    """Make a commit survive a power failure; a scan's progress and messages need not."""
    connection.execute("PRAGMA synchronous = FULL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = NORMAL")
