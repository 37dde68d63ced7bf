# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Collections of plain documents in SQLite: one table for all of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.store.equality import matches
from calipso_nornir.store.sqlite.connection import translated
from calipso_nornir.store.sqlite.rows import from_json, to_json
from calipso_nornir.store.sqlite.schema import DOCUMENTS
from calipso_nornir.store.values import clean, clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from calipso_nornir.model.protocols import Document
    from calipso_nornir.store.sqlite.connection import Connections

_PLAIN_NAME: Final = re.compile(r"\w+", re.ASCII)


class SqliteCollection:
    """Plain documents by key."""

    def __init__(self, connections: Connections, name: str) -> None:
        self._connections = connections
        self._name = name

    def get(self, key: str) -> Document | None:
        """Return the document of a key."""
        statement = f"SELECT document FROM {DOCUMENTS} WHERE collection = ? AND key = ?"
        with self._translated():
            row = self._connections.mine().execute(statement, (self._name, clean_text(key))).fetchone()
        return from_json(row[0]) if row else None

    def put(self, key: str, document: Document) -> None:
        """Insert or replace the document of a key, whole."""
        text, _ = to_json(clean(document))
        statement = (
            f"INSERT INTO {DOCUMENTS} VALUES (?, ?, ?) "
            "ON CONFLICT (collection, key) DO UPDATE SET document = excluded.document"
        )
        with self._translated():
            self._connections.mine().execute(statement, (self._name, clean_text(key), text))

    def delete(self, key: str) -> bool:
        """Remove the document of a key; tell whether there was one."""
        statement = f"DELETE FROM {DOCUMENTS} WHERE collection = ? AND key = ?"
        with self._translated():
            return self._connections.mine().execute(statement, (self._name, clean_text(key))).rowcount > 0

    def find(self, equal: Mapping[str, Any] | None = None) -> list[Document]:
        """Return the documents whose top-level fields have these values, ordered by key."""
        wanted = clean(dict(equal or {}))
        statement = f"SELECT document FROM {DOCUMENTS} WHERE collection = ?"
        values = [self._name]
        for name, value in wanted.items():
            if (
                isinstance(value, str) and "\0" not in value and _PLAIN_NAME.fullmatch(name)
            ):  # the rest is sorted out below
                statement += f" AND json_extract(document, '$.{name}') = ?"
                values.append(value)
        with self._translated():
            rows = self._connections.mine().execute(f"{statement} ORDER BY key", values).fetchall()
        documents = (from_json(text) for (text,) in rows)
        return [document for document in documents if matches(document, wanted)]

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._connections.uri, self._connections.path)
