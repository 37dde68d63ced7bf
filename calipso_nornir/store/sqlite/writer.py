# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Writing one generation of one environment to SQLite.

Changes are collected in temporary tables of the writer's own connection (a file without a name
that goes with the process), and come into the store in one transaction at the end. Until then
the store is not locked, so progress and messages of a scan can be noted while its writer is open.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from calipso_nornir.store.checking import checked, checked_ids
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.names import KINDS
from calipso_nornir.store.sqlite.connection import translated
from calipso_nornir.store.sqlite.rows import columns, time_text, to_row
from calipso_nornir.store.sqlite.schema import generations, table, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from calipso_nornir.model.protocols import Document, Kind
    from calipso_nornir.store.sqlite.connection import Connections
    from calipso_nornir.store.sqlite.reader import SqliteReader

CHUNK: Final = 1000
"""Documents that are made into rows at once."""


class SqliteWriter:
    """Collects changes; ``commit`` makes them the new generation."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        connections: Connections,
        reader: SqliteReader,
        *,
        inventory: str,
        environment: str,
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._uri = connections.uri
        self._path = connections.path
        self._inventory = inventory
        self._environment = environment
        self._touched: set[Kind] = set()
        with self._translated():
            connection.execute("PRAGMA cache_size = -65536")  # KiB
            for statement in _temporary_tables():
                connection.execute(statement)

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document there is, as they were before this writer's changes."""
        statement = f"SELECT _id, digest FROM {table(self._inventory, kind)} WHERE environment = ?"
        with self._translated():
            return dict(self._connection.execute(statement, (self._environment,)))

    def documents(self, kind: Kind, document_ids: Sequence[str]) -> Iterator[Document]:
        """Yield some of the documents that there are, as they were before this writer's changes."""
        return self._reader.some(kind, checked_ids(document_ids, uri=self._uri, kind=kind))

    def put(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Insert or replace whole documents."""
        places = ", ".join("?" * (len(columns(kind)) + 1))
        for some in chunks(documents, CHUNK):
            rows = [
                to_row(kind, checked(document, uri=self._uri, kind=kind, environment=self._environment))
                for document in some
            ]
            with self._collecting(kind) as execute:
                execute(f"INSERT OR REPLACE INTO put_{kind} VALUES ({places})", rows)
                execute(f"DELETE FROM gone_{kind} WHERE _id = ?", [(document["_id"],) for document in some])

    def seen(self, kind: Kind, document_ids: Sequence[str], at: datetime) -> None:
        """Note that documents were found unchanged; ``last_scanned`` never goes back in time."""
        rows = [(one, time_text(at)) for one in checked_ids(document_ids, uri=self._uri, kind=kind)]
        later = "ON CONFLICT (_id) DO UPDATE SET at = max(at, excluded.at)"
        with self._collecting(kind) as execute:
            execute(f"INSERT INTO seen_{kind} VALUES (?, ?) {later}", rows)

    def remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Delete documents."""
        rows = [(one,) for one in checked_ids(document_ids, uri=self._uri, kind=kind)]
        with self._collecting(kind) as execute:
            execute(f"INSERT OR IGNORE INTO gone_{kind} VALUES (?)", rows)
            execute(f"DELETE FROM put_{kind} WHERE _id = ?", rows)

    def commit(self) -> None:
        """Make the changes visible, all at once."""
        if not self._touched:
            return
        with self._translated(), _transaction(self._connection, "IMMEDIATE"):
            for kind in KINDS:
                if kind in self._touched:
                    for statement in self._commit_statements(kind):
                        self._connection.execute(statement, {"environment": self._environment})
            self._connection.execute(
                f"INSERT INTO {generations(self._inventory)} VALUES (?, 1) "
                "ON CONFLICT (environment) DO UPDATE SET generation = generation + 1",
                (self._environment,),
            )
        self._shorten_wal()

    def _commit_statements(self, kind: Kind) -> Iterator[str]:
        head, text = table(self._inventory, kind), texts(self._inventory, kind)
        names = columns(kind)
        here = "environment = :environment"
        gone = f"SELECT number FROM {head} WHERE {here} AND _id IN (SELECT _id FROM gone_{kind})"
        yield f"DELETE FROM {text} WHERE number IN ({gone})"
        yield f"DELETE FROM {head} WHERE {here} AND _id IN (SELECT _id FROM gone_{kind})"
        changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in ("environment", "_id"))
        yield (
            f"INSERT INTO {head} ({', '.join(names)}) SELECT {', '.join(names)} FROM put_{kind} WHERE true "
            f"ON CONFLICT (environment, _id) DO UPDATE SET {changed}"
        )
        yield (
            f"INSERT OR REPLACE INTO {text} SELECT head.number, put.document FROM put_{kind} AS put "
            f"CROSS JOIN {head} AS head ON head.{here} AND head._id = put._id"
        )
        yield (
            f"UPDATE {head} SET last_scanned = seen.at FROM seen_{kind} AS seen "
            f"WHERE {here} AND {head}._id = seen._id AND coalesce(last_scanned, '') < seen.at"
        )

    def _shorten_wal(self) -> None:
        """Give the disk space of a large generation's log back; readers may be in the way, then another writer will."""
        with suppress(sqlite3.Error):
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _collecting(self, kind: Kind) -> Iterator[Callable[[str, Sequence[Sequence[str | None]]], object]]:
        self._touched.add(kind)
        with self._translated(), _transaction(self._connection, "DEFERRED"):
            yield self._connection.executemany

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._uri, self._path, environment=self._environment)


@contextmanager
def _transaction(connection: sqlite3.Connection, mode: str) -> Iterator[None]:
    connection.execute(f"BEGIN {mode}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it itself on a full disk
            connection.execute("ROLLBACK")
        raise


def _temporary_tables() -> Iterator[str]:
    yield "PRAGMA temp.journal_mode = MEMORY"
    for kind in KINDS:
        names = ", ".join(columns(kind))
        yield f"CREATE TEMP TABLE put_{kind} ({names}, document)"
        yield f"CREATE UNIQUE INDEX temp.put_{kind}_id ON put_{kind} (_id)"
        yield f"CREATE TEMP TABLE gone_{kind} (_id PRIMARY KEY) WITHOUT ROWID"
        yield f"CREATE TEMP TABLE seen_{kind} (_id PRIMARY KEY, at) WITHOUT ROWID"
