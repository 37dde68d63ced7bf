# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Deletes history that exceeds the retention: a part at a time, after some of the commits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calipso_nornir.store.names import KINDS, collection_name
from calipso_nornir.store.retention import COLLECTION, KEY, LEAST, is_due, read_retention
from calipso_nornir.store.sqlite.document_rows import from_json, time_text
from calipso_nornir.store.sqlite.tables import DOCUMENTS, commits, pasts, revisions

if TYPE_CHECKING:
    import sqlite3


def trim(connection: sqlite3.Connection, inventory: str, environment: str, *, revision: int, made_past: int) -> None:
    """Remove what is too old, if that is due, in the transaction of the commit that made a revision."""
    if not is_due(revision, made_past=made_past):
        return
    statement = f"SELECT document FROM {DOCUMENTS} WHERE collection = ? AND key = ?"
    found = connection.execute(statement, (collection_name(inventory, COLLECTION), KEY)).fetchone()
    retention = read_retention(from_json(found[0]) if found else None)
    excess = 0
    if retention.documents is not None and is_due(revision, made_past=made_past, by_size=True):
        excess = _count(connection, inventory, environment) - retention.documents
    floor = _floor(connection, inventory, environment, kept=retention.kept, excess=excess)
    if not floor:
        return
    for kind in KINDS:
        connection.execute(
            f"DELETE FROM {pasts(inventory, kind)} WHERE environment = ? AND until <= ?", (environment, floor)
        )
    connection.execute(f"DELETE FROM {commits(inventory)} WHERE environment = ? AND revision < ?", (environment, floor))
    connection.execute(
        f"UPDATE {revisions(inventory)} SET floor = max(floor, ?) WHERE environment = ?", (floor, environment)
    )


def _count(connection: sqlite3.Connection, inventory: str, environment: str) -> int:
    counts = (
        connection.execute(f"SELECT count(*) FROM {pasts(inventory, kind)} WHERE environment = ?", (environment,))
        for kind in KINDS
    )
    return sum(count for [(count,)] in counts)


def _floor(connection: sqlite3.Connection, inventory: str, environment: str, *, kept: timedelta, excess: int) -> int:
    """Return the oldest revision that must be kept; 0 for all of them.

    The log is read from its oldest entry, so only entries to be deleted are read. A clock that was ahead when an entry
    was written does not keep it for longer.
    """
    now = datetime.now(UTC)
    latest, oldest, least = (time_text(now - age) for age in (timedelta(0), kept, LEAST))
    statement = (
        f"SELECT revision, at, changed + removed FROM {commits(inventory)} WHERE environment = ? ORDER BY revision"
    )
    floor = 0
    for revision, at, made_past in connection.execute(statement, (environment,)):
        too_many = excess > 0 and not least <= at <= latest
        if oldest <= at <= latest and not too_many:
            break
        floor = int(revision)
        excess -= made_past
    return floor
