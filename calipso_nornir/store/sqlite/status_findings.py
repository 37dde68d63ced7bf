# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables are constants or checked; every value is bound
"""Gives the statuses of an older store the field by which failures are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.model.status import FINDING
from calipso_nornir.store.documents import status_of
from calipso_nornir.store.sqlite.connection import immediate
from calipso_nornir.store.sqlite.document_rows import from_row
from calipso_nornir.store.sqlite.tables import indexes, pasts, table, texts

if TYPE_CHECKING:
    import sqlite3


def add_findings(connection: sqlite3.Connection, inventory: str) -> None:
    """Add the field to tables that lack it, and its index."""
    if _has_them(connection, inventory):
        return
    with immediate(connection):
        if _has_them(connection, inventory):  # another process was faster
            return
        head, text, past = table(inventory, "status"), texts(inventory, "status"), pasts(inventory, "status")
        for name in (head, past):
            connection.execute(f"ALTER TABLE {name} ADD COLUMN {FINDING} TEXT")
        row = "head.number, head.last_scanned, head.digest"
        current = f"SELECT {row}, body.document, body.evidence FROM {head} AS head JOIN {text} AS body USING (number)"
        before = f"SELECT {row}, head.document, head.evidence FROM {past} AS head"
        for statement, of_column, of_document in ((current, head, text), (before, past, past)):
            for number, *values in connection.execute(statement).fetchall():
                finding = status_of(from_row(*values)).finding
                connection.execute(f"UPDATE {of_column} SET {FINDING} = ? WHERE number = ?", (finding, number))
                connection.execute(
                    f"UPDATE {of_document} SET document = json_set(document, '$.{FINDING}', ?) WHERE number = ?",
                    (finding, number),
                )
        for statement in indexes(inventory, "status").values():
            if FINDING in statement:
                connection.execute(statement)


def _has_them(connection: sqlite3.Connection, inventory: str) -> bool:
    columns = connection.execute(f"PRAGMA table_info({table(inventory, 'status')})")
    return FINDING in {name for _, name, *_ in columns}
