# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Collections of plain documents in SQLite: one table for all of them."""

from __future__ import annotations

import json
import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.finding import Equal, Find, OneOf
from calipso_nornir.store.equality import matches, same_value
from calipso_nornir.store.listing import checked, in_order, listing
from calipso_nornir.store.query_matching import cleaned, fits
from calipso_nornir.store.sqlite.connection import immediate, translated
from calipso_nornir.store.sqlite.document_rows import from_json, to_json
from calipso_nornir.store.sqlite.listing import Ordered, holds_odd, list_clauses, literal, value_of
from calipso_nornir.store.sqlite.tables import DOCUMENTS
from calipso_nornir.store.values import clean, clean_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from calipso_nornir.model.finding import Condition
    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.sqlite.connection import Connections

_PLAIN_NAME: Final = re.compile(r"\w+", re.ASCII)


class SqliteCollection:
    """Plain documents by key."""

    def __init__(self, connections: Connections, name: str, *, listed: Sequence[tuple[str, ...]] = ()) -> None:
        self._connections = connections
        self._name = name
        self._listed = listed

    def get(self, key: str) -> Document | None:
        """Return the document with a key."""
        statement = f"SELECT document FROM {DOCUMENTS} WHERE collection = ? AND key = ?"
        with self._translated():
            row = self._connections.mine().execute(statement, (self._name, clean_text(key))).fetchone()
        return from_json(row[0]) if row else None

    def put(self, key: str, document: Document) -> None:
        """Insert the document with a key, or replace it completely."""
        text, _ = to_json(clean(document))
        statement = (
            f"INSERT INTO {DOCUMENTS} VALUES (?, ?, ?) "
            "ON CONFLICT (collection, key) DO UPDATE SET document = excluded.document"
        )
        with self._translated():
            self._connections.mine().execute(statement, (self._name, clean_text(key), text))

    def put_all(self, documents: Mapping[str, Document]) -> None:
        """Insert or replace many documents by key, in one transaction."""
        with self._translated(), immediate(self._connections.mine()):
            for key, document in documents.items():
                self.put(key, document)

    def delete(self, key: str) -> bool:
        """Remove the document with a key; return whether there was one."""
        statement = f"DELETE FROM {DOCUMENTS} WHERE collection = ? AND key = ?"
        with self._translated():
            return self._connections.mine().execute(statement, (self._name, clean_text(key))).rowcount > 0

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
        with self._translated():
            found = self._found(
                self._connections.mine(), equal or {}, where=where, order=order, after=after, limit=limit
            )
        return [document for _, document in found]

    def insert(self, key: str, document: Document) -> bool:
        """Insert a document if the key is free; return whether it was."""
        text, _ = to_json(clean(document))
        statement = f"INSERT INTO {DOCUMENTS} VALUES (?, ?, ?) ON CONFLICT (collection, key) DO NOTHING"
        with self._translated():
            return self._connections.mine().execute(statement, (self._name, clean_text(key), text)).rowcount > 0

    def update_if(self, key: str, equal: Mapping[str, Any], changes: Mapping[str, Any]) -> Document | None:
        """Set top-level fields of a document if others have these values at that moment; return the new document."""
        with self._translated(), immediate(self._connections.mine()) as connection:
            document = self.get(key)
            if document is None or not matches(document, clean(dict(equal))):
                return None
            return self._updated(connection, clean_text(key), document, changes)

    def change_if(self, key: str, before: Document | None, after: Document | None) -> bool:
        """Replace ``before`` by ``after`` if the document is unchanged; None stands for no document."""
        with self._translated(), immediate(self._connections.mine()):
            if not same_value(self.get(key), clean(before)):
                return False
            if after is None:
                self.delete(key)
            else:
                self.put(key, after)
            return True

    def claim(
        self, equal: Mapping[str, Any], changes: Mapping[str, Any], *, order: Sequence[str] = ()
    ) -> Document | None:
        """Do ``update_if`` on the first document, in this order, that has these values; only one caller gets each."""
        with self._translated(), immediate(self._connections.mine()) as connection:
            found = self._found(connection, equal, order=order, limit=1)
            return self._updated(connection, *found[0], changes) if found else None

    def _updated(
        self, connection: sqlite3.Connection, key: str, document: Document, changes: Mapping[str, Any]
    ) -> Document:
        after: Document = {**document, **clean(dict(changes))}
        text, _ = to_json(after)
        statement = f"UPDATE {DOCUMENTS} SET document = ? WHERE collection = ? AND key = ?"
        connection.execute(statement, (text, self._name, key))
        return after

    def _found(  # noqa: PLR0913 - those of find
        self,
        connection: sqlite3.Connection,
        equal: Mapping[str, Any],
        *,
        where: Sequence[Condition] = (),
        order: Sequence[str] = (),
        after: Sequence[Any] | None = None,
        limit: int | None = None,
    ) -> list[tuple[str, Document]]:
        after = checked(order, after, limit)
        wanted = clean(dict(equal))
        conditions = cleaned(Find(where=tuple(where))).where
        served = listing(self._listed, wanted, conditions, order=order, after=after)
        if served is not None and not holds_odd(connection, self._name, served):
            ordered = list_clauses(served)
        elif order:
            served, ordered = None, Ordered("", "key", ())
        else:
            ordered = Ordered("", "key", ()) if after is None else Ordered(" AND key > ?", "key", (after[0],))
        texts, values = self._texts(wanted, conditions)
        statement = (
            f"SELECT key, document FROM {DOCUMENTS} WHERE collection = {literal(self._name)}{texts}{ordered.where} "
            f"ORDER BY {ordered.by}"
        )
        pages = served is not None or not order
        found: list[tuple[str, Document]] = []
        with closing(connection.execute(statement, (*values, *ordered.values))) as rows:
            for key, text in rows:
                if pages and limit is not None and len(found) >= limit:
                    break
                document = from_json(text)
                if matches(document, wanted) and fits(document, conditions):
                    found.append((key, document))
        return found if pages else in_order(found, str, order=order, after=after, limit=limit)

    @staticmethod
    def _texts(wanted: Mapping[str, Any], conditions: Sequence[Condition]) -> tuple[str, list[str]]:
        """Return what SQLite can compare of the conditions, and the values; all else is compared in Python."""
        statement = ""
        values: list[str] = []
        texts = [(name, (value,)) for name, value in wanted.items()]
        texts += [(one.field, (one.value,)) for one in conditions if isinstance(one, Equal)]
        texts += [(one.field, one.values) for one in conditions if isinstance(one, OneOf)]
        for name, some in texts:
            if _PLAIN_NAME.fullmatch(name) and all(isinstance(one, str) and "\0" not in one for one in some):
                equals = "= ?" if len(some) == 1 else "IN (SELECT value FROM json_each(?))"
                statement += f" AND {value_of(name)} {equals}"
                values.append(some[0] if len(some) == 1 else json.dumps(some))
        return statement, values

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._connections.uri, self._connections.path)
