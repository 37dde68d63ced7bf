# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""The store in one SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.store.change_polling import watched
from calipso_nornir.store.listing import LISTED
from calipso_nornir.store.names import DEFAULT_INVENTORY, KINDS, checked_collection, checked_inventory, collection_name
from calipso_nornir.store.selection import to_index
from calipso_nornir.store.sqlite.collection import SqliteCollection
from calipso_nornir.store.sqlite.connection import Connections, immediate, translated
from calipso_nornir.store.sqlite.feed import Feed
from calipso_nornir.store.sqlite.listing import make_list_indexes
from calipso_nornir.store.sqlite.presence import must_be_there
from calipso_nornir.store.sqlite.reader import SqliteReader
from calipso_nornir.store.sqlite.status_findings import add_findings
from calipso_nornir.store.sqlite.tables import (
    indexed_attributes,
    look,
    make_attribute_indexes,
    must_hold,
    prepare,
    revisions,
    table,
)
from calipso_nornir.store.sqlite.text_indexing import TextIndexing
from calipso_nornir.store.sqlite.writer import SqliteWriter
from calipso_nornir.store.type_names import declared
from calipso_nornir.store.values import clean_text
from calipso_nornir.store.view import DocumentView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from threading import Event

    from calipso_nornir.model.changes import Change, Commit, Life
    from calipso_nornir.model.stores import Collection, Document, Kind, StoreView, Writer
    from calipso_nornir.store.names import Use


class SqliteStore:
    """A file with inventories and plain documents; several processes of one machine may use it at once.

    Args:
        path: the file.
        inventory: name of the inventory in it.
        wait_s: seconds to wait for another commit before StoreBusy is raised.
        use: only with "make" are a missing file, its folder and the inventory created.
    """

    def __init__(
        self, path: Path, *, inventory: str = DEFAULT_INVENTORY, wait_s: float = 30.0, use: Use = "make"
    ) -> None:
        self._inventory = checked_inventory(inventory)
        self._path = Path(path).expanduser().absolute()
        self._connections = Connections(self._path, self.uri, busy_s=wait_s, read_only=use == "read")
        try:
            with translated(self.uri, self._path):
                if use == "make":
                    self._path.parent.mkdir(parents=True, exist_ok=True)
                else:
                    must_be_there(self._path)
                look(self._path, self.uri)
                if use == "read":
                    must_hold(self._connections.mine(), self.uri, self._inventory)
                else:
                    prepare(self._connections.mine(), self.uri, self._inventory)
                    make_list_indexes(self._connections.mine(), self._inventory)
                    add_findings(self._connections.mine(), self._inventory)
                self._indexed = indexed_attributes(self._connections.mine(), self._inventory)
        except BaseException:
            self._connections.close()
            raise

    @property
    def uri(self) -> str:
        """Where it is: ``sqlite:///`` and the path."""
        return f"sqlite:///{self._path}"

    def view(self, environment: str) -> DocumentView:
        """Return a reader of one environment; each call sees the newest revision."""
        name = clean_text(environment)

        def pin(long: bool) -> AbstractContextManager[SqliteReader]:  # noqa: FBT001 - as DocumentView calls it
            return self._pinned(name) if long else self._briefly(name)

        return DocumentView(name, uri=self.uri, pin=pin, declared=partial(declared, self))

    @contextmanager
    def snapshot(self, environment: str, *, at: datetime | int | None = None) -> Iterator[StoreView]:
        """Provide a reader of one revision: the newest, the one that was valid at a given time, or a given one."""
        name = clean_text(environment)
        with self._pinned(name, at) as reader:

            @contextmanager
            def pin(_long: bool) -> Iterator[SqliteReader]:  # noqa: FBT001 - as above
                yield reader

            yield DocumentView(name, uri=self.uri, pin=pin, declared=partial(declared, self))

    @contextmanager
    def write(self, environment: str, *, base: int | None = None, cause: str = "") -> Iterator[Writer]:
        """Prepare a commit: readers see the previous revision until the ``with`` block ends without an error."""
        name = clean_text(environment)
        writer = SqliteWriter(
            self._connections,
            lambda: self._pinned(name),
            inventory=self._inventory,
            environment=name,
            base=base,
            cause=clean_text(cause),
        )
        try:
            yield writer
            writer.commit()
        finally:
            writer.close()

    def changes(self, environment: str, *, since: int, limit: int = 1000, most: int | None = None) -> Sequence[Change]:
        """Return what was put and removed after a revision, ordered by revision."""
        with self._feed(environment) as feed:
            return feed.changes(since, limit, most)

    def watch(self, environment: str, *, since: int, stop: Event) -> Iterator[Change]:
        """Yield changes indefinitely, waiting for more at the end, until ``stop`` is set."""
        return watched(self, environment, since=since, stop=stop)

    def commits(self, environment: str, *, limit: int = 100) -> Sequence[Commit]:
        """Return the newest commits, newest first."""
        with self._feed(environment) as feed:
            return feed.commits(limit)

    def lives(self, environment: str, kind: Kind, document_id: str, *, limit: int = 1000) -> Sequence[Life]:
        """Return what a document was, the newest first."""
        with self._feed(environment) as feed:
            return feed.lives(kind, document_id, limit)

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        filled = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table(self._inventory, kind)} WHERE environment = known.environment)"
            for kind in KINDS
        )
        statement = f"SELECT environment FROM {revisions(self._inventory)} AS known WHERE {filled} ORDER BY environment"
        with translated(self.uri, self._path):
            return [name for (name,) in self._connections.mine().execute(statement)]

    def collection(self, name: str) -> Collection:
        """Return one of the collections of plain documents."""
        full_name = collection_name(self._inventory, checked_collection(name))
        return SqliteCollection(self._connections, full_name, listed=LISTED.get(name, ()))

    def plain_documents(self, wanted: Sequence[tuple[str, str]]) -> list[Document | None]:
        """Return plain documents by collection and key."""
        return [self.collection(name).get(key) for name, key in wanted]

    def index(self, attributes: Iterable[str]) -> None:
        """Create an index for each of these attributes that has none."""
        with translated(self.uri, self._path):
            connection = self._connections.mine()
            wanted = set(to_index(attributes)) - indexed_attributes(connection, self._inventory)
            if wanted:
                with immediate(connection):
                    make_attribute_indexes(connection, self._inventory, sorted(wanted))
            self._indexed = indexed_attributes(connection, self._inventory)

    def index_texts(self, environment: str, *, at_least: int = 1) -> int:
        """Update the index for search if at least this many objects are missing in it; return how many were added."""
        name = clean_text(environment)
        with translated(self.uri, self._path), self._connections.another() as reading, self._reading(reading):
            indexing = TextIndexing(self._connections.mine(), reading, inventory=self._inventory, environment=name)
            return indexing.update(at_least=at_least)

    def sizes(self) -> Mapping[str, int]:
        """Return how many bytes the file and its write-ahead log (WAL) take."""
        log = self._path.with_name(f"{self._path.name}-wal")
        return {"file": _size(self._path), "log": _size(log)}

    def close(self) -> None:
        """Close the file; the store and its views are not used afterwards."""
        self._connections.close()

    # --- readers

    @contextmanager
    def _briefly(self, environment: str) -> Iterator[SqliteReader]:
        """Provide a reader on the thread's own connection, for one call of a view."""
        with translated(self.uri, self._path):
            connection = self._connections.mine()
        with self._reading(connection):
            yield self._reader(connection, environment)

    @contextmanager
    def _pinned(self, environment: str, at: datetime | int | None = None) -> Iterator[SqliteReader]:
        """Provide a reader on a connection of its own, for as long as it is used."""
        with self._connections.another() as connection, self._reading(connection):
            revision = None
            if at is not None:
                with translated(self.uri, self._path):
                    revision = self._made_feed(connection, environment).revision_at(at)
            reader = self._reader(connection, environment, revision)
            reader.revision  # noqa: B018 - the first statement begins the transaction, which shows this moment
            yield reader

    @contextmanager
    def _feed(self, environment: str) -> Iterator[Feed]:
        with translated(self.uri, self._path):
            connection = self._connections.mine()
            with self._reading(connection):
                yield self._made_feed(connection, clean_text(environment))

    @contextmanager
    def _reading(self, connection: sqlite3.Connection) -> Iterator[None]:
        with translated(self.uri, self._path):
            if connection.in_transaction:  # a nested call sees the same revision
                yield
                return
            connection.execute("BEGIN")
        try:
            yield
        finally:
            _end(connection)

    def _made_feed(self, connection: sqlite3.Connection, environment: str) -> Feed:
        return Feed(connection, uri=self.uri, inventory=self._inventory, environment=environment)

    def _reader(self, connection: sqlite3.Connection, environment: str, at: int | None = None) -> SqliteReader:
        return SqliteReader(
            connection,
            uri=self.uri,
            path=self._path,
            inventory=self._inventory,
            environment=environment,
            at=at,
            indexed=self._indexed,
        )


def _end(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.ProgrammingError):  # the store was closed meanwhile
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # SQLite removes the log when the last connection is closed
        return 0
