# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Reading one environment from SQLite: each statement sees one commit, so one generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.searching import found
from calipso_nornir.store.sqlite.connection import translated
from calipso_nornir.store.sqlite.rows import from_row
from calipso_nornir.store.sqlite.schema import table, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.protocols import Document, Kind
    from calipso_nornir.store.searching import Needle
    from calipso_nornir.store.selection import Selection
    from calipso_nornir.store.sqlite.connection import Connections

_CHUNK: Final = 500
"""Values in one statement; SQLite's least limit was 999 (sqlite.org/limits.html)."""


class SqliteReader:
    """Answers the selections of a view."""

    def __init__(self, connections: Connections, *, inventory: str, environment: str) -> None:
        self._connections = connections
        self._inventory = inventory
        self._environment = environment

    @property
    def uri(self) -> str:
        """Where the store is."""
        return self._connections.uri

    def select(self, selection: Selection) -> Iterator[Document]:
        """Yield the selected documents in their order; they have all been read, but are decoded one by one."""
        statement, values = self._statement(selection)
        with translated(self._connections.uri, self._connections.path):
            rows = self._connections.mine().execute(statement, values).fetchall()
        return (from_row(*row) for row in rows)

    def stream(self, kind: Kind) -> Iterator[Document]:
        """Yield every document of a kind, ordered by ``_id``; rows come as they are asked for."""
        statement = f"{self._from(kind)} ORDER BY head._id"
        with (
            translated(self._connections.uri, self._connections.path),
            self._connections.another() as connection,
        ):
            for row in connection.execute(statement, (self._environment,)):
                yield from_row(*row)

    def some(self, kind: Kind, document_ids: Sequence[str]) -> Iterator[Document]:
        """Yield those documents of a kind that are there."""
        for ids in chunks(document_ids, _CHUNK):
            statement = f"{self._from(kind)} AND head._id IN ({', '.join('?' * len(ids))})"
            with translated(self._connections.uri, self._connections.path):
                rows = self._connections.mine().execute(statement, (self._environment, *ids)).fetchall()
            yield from (from_row(*row) for row in rows)

    def count_types(self) -> dict[str, int]:
        """Return the number of objects by type."""
        name = table(self._inventory, "inventory")
        statement = f"SELECT type, count(*) FROM {name} WHERE environment = ? GROUP BY type"
        with translated(self._connections.uri, self._connections.path):
            return dict(self._connections.mine().execute(statement, (self._environment,)))

    def search(self, needle: Needle, *, limit: int) -> list[Document]:
        """Return what is found among the objects, ordered by type and id."""
        statement = f"{self._from('inventory')} ORDER BY head.type, head.id"
        with (
            translated(self._connections.uri, self._connections.path),
            self._connections.another() as connection,
        ):
            rows = connection.execute(statement, (self._environment,))
            return found(needle, (from_row(*row) for row in rows if needle.may_be_in(row[-1])), limit=limit)

    def _from(self, kind: Kind) -> str:
        head, text = table(self._inventory, kind), texts(self._inventory, kind)
        return (
            f"SELECT head.last_scanned, head.digest, body.document FROM {head} AS head "
            f"CROSS JOIN {text} AS body ON body.number = head.number WHERE head.environment = ?"
        )  # CROSS JOIN keeps the narrow table the outer one (sqlite.org/optoverview.html)

    def _statement(self, selection: Selection) -> tuple[str, tuple[str | None, ...]]:
        wanted = "".join(f" AND head.{name} IS ?" for name, _ in selection.equal)
        order = ", ".join(f"head.{name}" for name in selection.order)
        values = (self._environment, *(value for _, value in selection.equal))
        return f"{self._from(selection.kind)}{wanted} ORDER BY {order}", values
