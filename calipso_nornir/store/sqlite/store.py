# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""The store in one SQLite file."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.store.names import DEFAULT_INVENTORY, KINDS, checked_collection, checked_inventory, collection_name
from calipso_nornir.store.sqlite.collection import SqliteCollection
from calipso_nornir.store.sqlite.connection import Connections, translated
from calipso_nornir.store.sqlite.lock import lock_path, writer_lock
from calipso_nornir.store.sqlite.presence import must_be_there
from calipso_nornir.store.sqlite.reader import SqliteReader
from calipso_nornir.store.sqlite.schema import generations, look, must_hold, prepare, table
from calipso_nornir.store.sqlite.writer import SqliteWriter
from calipso_nornir.store.values import clean_text
from calipso_nornir.store.view import DocumentView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.protocols import Writer
    from calipso_nornir.store.names import Use


class SqliteStore:
    """A file with inventories and plain documents; several processes of one machine may use it at once.

    Args:
        path: the file.
        inventory: name of the inventory in it.
        wait_s: seconds to wait for another writer before StoreBusy is raised.
        use: only with "make" are the file, its folder and the inventory made when they are missing.
    """

    def __init__(
        self, path: Path, *, inventory: str = DEFAULT_INVENTORY, wait_s: float = 30.0, use: Use = "make"
    ) -> None:
        self._inventory = checked_inventory(inventory)
        self._path = Path(path).expanduser().absolute()
        self._wait_s = wait_s
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
        except BaseException:
            self._connections.close()
            raise

    @property
    def uri(self) -> str:
        """Where it is: ``sqlite:///`` and the path."""
        return f"sqlite:///{self._path}"

    def view(self, environment: str) -> DocumentView:
        """Return a reader of one environment."""
        name = clean_text(environment)
        return DocumentView(name, self._reader(name))

    @contextmanager
    def write(self, environment: str) -> Iterator[Writer]:
        """Begin a new generation: readers see the old one until the ``with`` block ends without an error."""
        name = clean_text(environment)
        lock = lock_path(self._path, self._inventory, name)
        with (
            writer_lock(lock, uri=self.uri, environment=name, wait_s=self._wait_s),
            self._connections.another() as connection,
        ):
            reader = self._reader(name)
            names = {"inventory": self._inventory, "environment": name}
            writer = SqliteWriter(connection, self._connections, reader, **names)
            yield writer
            writer.commit()

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        filled = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table(self._inventory, kind)} WHERE environment = g.environment)" for kind in KINDS
        )
        statement = f"SELECT environment FROM {generations(self._inventory)} AS g WHERE {filled} ORDER BY environment"
        with translated(self.uri, self._path):
            return [name for (name,) in self._connections.mine().execute(statement)]

    def collection(self, name: str) -> SqliteCollection:
        """Return one of the collections of plain documents."""
        return SqliteCollection(self._connections, collection_name(self._inventory, checked_collection(name)))

    def close(self) -> None:
        """Let go of the file; it and its views are not used afterwards."""
        self._connections.close()

    def _reader(self, environment: str) -> SqliteReader:
        return SqliteReader(self._connections, inventory=self._inventory, environment=environment)
