# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Reads one revision of one environment from SQLite, on a connection with a read transaction.

An earlier revision is read through temporary views that have the names of the tables and show the current and past
documents that belong to that revision.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.names import KINDS
from calipso_nornir.store.ordering import directions
from calipso_nornir.store.query_matching import fits, page
from calipso_nornir.store.searching import found
from calipso_nornir.store.selection import LISTS
from calipso_nornir.store.sqlite.connection import translated
from calipso_nornir.store.sqlite.document_rows import columns, from_row
from calipso_nornir.store.sqlite.query_translation import by_attribute, clauses, paging
from calipso_nornir.store.sqlite.tables import keys, pasts, revisions, table, texts
from calipso_nornir.store.sqlite.text_index import SqliteTextIndex
from calipso_nornir.store.text_search import addressed, holding, search

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.searching import Needle, SearchPlace
    from calipso_nornir.store.selection import Selection
    from calipso_nornir.store.sqlite.query_translation import Clauses

CHUNK = 500
"""Values in one statement; older SQLite allows at most 999 (sqlite.org/limits.html)."""


class SqliteReader:
    """Answers the selections of a view.

    Args:
        connection: within a read transaction, or about to begin one with its first statement.
        uri: the store's URI, for errors.
        path: the path of its file, for errors.
        inventory: name of the inventory.
        environment: name of the environment.
        at: an earlier revision to read; None for the newest.
        indexed: the attributes that have an index.
    """

    def __init__(  # noqa: PLR0913 - where to read, and what
        self,
        connection: sqlite3.Connection,
        *,
        uri: str,
        path: Path,
        inventory: str,
        environment: str,
        at: int | None = None,
        indexed: frozenset[str] = frozenset(),
    ) -> None:
        self._connection = connection
        self._uri = uri
        self._path = path
        self._inventory = inventory
        self._environment = environment
        self._at = at
        self._indexed = indexed
        self._has_status: bool | None = None
        if at is not None:
            with self._translated():
                [(read_only,)] = connection.execute("PRAGMA query_only")
                connection.execute("PRAGMA query_only = OFF")  # it would forbid temporary views, too
                for statement in _views(inventory, at):
                    connection.execute(statement)
                connection.execute(f"PRAGMA query_only = {read_only}")

    @property
    def revision(self) -> int:
        """The revision that it reads."""
        return self._newest() if self._at is None else self._at

    def select(self, selection: Selection) -> Iterator[Document]:
        """Yield the selected documents in their order. All are read first, but decoded one by one."""
        wanted = "".join(f" AND head.{name} IS ?" for name, _ in selection.equal)
        order = ", ".join(f"head.{name}" for name in selection.order)
        values = (self._environment, *(value for _, value in selection.equal))
        rows = self._rows(f"{self._from(selection.kind)}{wanted} ORDER BY {order}", values)
        return (from_row(*row) for row in rows)

    def find(self, query: Find) -> Iterator[Document]:
        """Yield the result of a query."""
        if query.kind == "inventory" and (address := addressed(query)):
            with self._translated():
                index = self._index()
                if index is not None:
                    fresh = partial(index.fresh, past=self._at is not None)
                    return iter(page(holding(index, fresh, address), query))
        wanted = self._clauses(query)
        ordered = paging(query, wanted)
        statement = "".join(
            (self._from(query.kind, by_number=wanted.by_number), *(f" AND {one}" for one in wanted.where))
        )
        values = (self._environment, *wanted.values)
        if ordered is not None and query.order and query.limit is not None:
            return (from_row(*row) for row in self._rows(self._sorted_first(query, wanted, ordered), values))
        if ordered is not None:
            return (from_row(*row) for row in self._rows(statement + ordered, values))
        with self._translated():
            if not query.order and query.limit is not None:
                return iter(self._first(query, statement, values))
            rows = self._connection.execute(statement, values)
            return iter(page((from_row(*row) for row in rows), query))

    def _first(self, query: Find, statement: str, values: Sequence[Any]) -> list[Document]:
        """Return the first documents by ``_id``: rows are decoded only until there are enough that match."""
        past, last = ("", ()) if query.after is None else (" AND head._id > ?", (query.after[-1],))
        rows = self._connection.execute(f"{statement}{past} ORDER BY head._id", (*values, *last))
        return list(islice((one for row in rows if fits(one := from_row(*row), query.where)), query.limit))

    def count(self, query: Find) -> int:
        """Return how many documents meet the conditions of a query, from the narrow table alone if that is enough."""
        wanted = self._clauses(query)
        if not wanted.exact:
            return sum(1 for _ in self.find(query))
        where = "".join(f" AND {one}" for one in wanted.where)
        statement = (
            f"SELECT count(*) FROM {table(self._inventory, query.kind)} AS head WHERE head.environment = ?{where}"
        )
        return int(self._rows(statement, (self._environment, *wanted.values))[0][0])

    def _clauses(self, query: Find) -> Clauses:
        usable = query.kind in LISTS and self._at is None
        wanted = clauses(query, keys=keys(self._inventory, query.kind) if usable else None)
        if query.kind == "inventory" and self._at is None and not wanted.picked:
            by_attribute(query, wanted, texts=texts(self._inventory, query.kind), indexed=self._indexed)
        return wanted

    def stream(self, kind: Kind) -> Iterator[Document]:
        """Yield every document of a kind, ordered by ``_id``; rows are read on demand."""
        with self._translated():
            for row in self._connection.execute(f"{self._from(kind)} ORDER BY head._id", (self._environment,)):
                yield from_row(*row)

    def some(self, kind: Kind, document_ids: Sequence[str]) -> Iterator[Document]:
        """Yield those documents of a kind that exist."""
        for ids in chunks(document_ids, CHUNK):
            statement = f"{self._from(kind)} AND head._id IN ({', '.join('?' * len(ids))})"
            yield from (from_row(*row) for row in self._rows(statement, (self._environment, *ids)))

    def digests(self, kind: Kind) -> dict[str, str]:
        """Return ``_id`` -> digest of every document of a kind."""
        statement = f"SELECT _id, digest FROM {table(self._inventory, kind)} WHERE environment = ?"
        return dict(self._rows(statement, (self._environment,)))

    def has_status(self) -> bool:
        """Return whether anything of the environment has a status."""
        if self._has_status is None:
            statement = f"SELECT 1 FROM {table(self._inventory, 'status')} WHERE environment = ? LIMIT 1"
            self._has_status = bool(self._rows(statement, (self._environment,)))
        return self._has_status

    def count_types(self) -> dict[str, int]:
        """Return the number of objects by type."""
        name = table(self._inventory, "inventory")
        statement = f"SELECT type, count(*) FROM {name} WHERE environment = ? GROUP BY type"
        return dict(self._rows(statement, (self._environment,)))

    def search(self, needle: Needle, *, limit: int, after: SearchPlace | None = None) -> list[Document]:
        """Return the objects that match, ordered by type and id."""
        with self._translated():
            if (index := self._index()) is not None:
                fresh = partial(index.fresh, needle, past=self._at is not None)
                return search(index, fresh, needle, limit=limit, after=after)
            statement = f"{self._from('inventory')} ORDER BY head.type, head.id"
            rows = self._connection.execute(statement, (self._environment,))
            some = (from_row(*row) for row in rows if needle.may_be_in(row[2]))
            return found(needle, some, limit=limit, after=after)

    def _index(self) -> SqliteTextIndex | None:
        """Return the text index; None if there is none, or if it covers a later revision."""
        index = SqliteTextIndex(
            self._connection, inventory=self._inventory, environment=self._environment, revision=self.revision
        )
        return index if index.segments and index.upto <= self._newest() else None

    def _newest(self) -> int:
        statement = f"SELECT revision FROM {revisions(self._inventory)} WHERE environment = ?"
        found_ = self._rows(statement, (self._environment,))
        return int(found_[0][0]) if found_ else 0

    def _from(self, kind: Kind, *, by_number: bool = False) -> str:
        environment = "+head.environment" if by_number else "head.environment"
        head, text = table(self._inventory, kind), texts(self._inventory, kind)
        return (
            f"SELECT head.last_scanned, head.digest, body.document, body.evidence FROM {head} AS head "
            f"CROSS JOIN {text} AS body ON body.number = head.number WHERE {environment} = ?"
        )  # CROSS JOIN keeps the narrow table the outer one (sqlite.org/optoverview.html)

    def _sorted_first(self, query: Find, wanted: Clauses, ordered: str) -> str:
        """Return the statement that sorts narrow rows, and then reads the texts of the requested rows only."""
        head, text = table(self._inventory, query.kind), texts(self._inventory, query.kind)
        names = ", ".join(
            dict.fromkeys(("number", "last_scanned", "digest", *(d.field for d in directions(query.order))))
        )
        where = "".join(f" AND {one}" for one in wanted.where)
        return (
            "SELECT head.last_scanned, head.digest, body.document, body.evidence FROM "
            f"(SELECT {names} FROM {head} AS head WHERE head.environment = ?{where}{ordered}) AS head "
            f"CROSS JOIN {text} AS body ON body.number = head.number{ordered}"
        )

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Any]:
        with self._translated():
            return self._connection.execute(statement, values).fetchall()

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._uri, self._path, environment=self._environment)


def _views(inventory: str, at: int) -> Iterator[str]:
    """Yield statements that make every table of documents show an earlier revision (SQLite looks at temp first)."""
    for kind in KINDS:
        head, text, before = table(inventory, kind), texts(inventory, kind), pasts(inventory, kind)
        names = ", ".join(("number", *columns(kind), "revision"))
        yield (
            f"CREATE TEMP VIEW {head} AS SELECT {names} FROM main.{head} WHERE revision <= {at:d} "
            f"UNION ALL SELECT {names} FROM main.{before} WHERE revision <= {at:d} AND until > {at:d}"
        )
        yield (
            f"CREATE TEMP VIEW {text} AS SELECT number, document, evidence FROM main.{text} "
            f"UNION ALL SELECT number, document, evidence FROM main.{before}"
        )
