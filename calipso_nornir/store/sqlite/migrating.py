# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Migrates the file from one layout to another and back, in one transaction: nothing changes until it ends."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import StoreUnavailable, StoreVersionMismatch
from calipso_nornir.store.migrations import LAYOUT_1_FIELDS, LAYOUT_1_KINDS, Migration
from calipso_nornir.store.names import COMMITS, DEFAULT_INVENTORY, KINDS, OF_BEFORE, REVISIONS, collection_name
from calipso_nornir.store.process import this_process
from calipso_nornir.store.selection import FIELDS, INDEXES, LISTS, UNIQUE
from calipso_nornir.store.sqlite.connection import immediate, translated
from calipso_nornir.store.sqlite.document_rows import columns, from_json, from_row, keys_of, time_text, written
from calipso_nornir.store.sqlite.listing import drop_list_indexes
from calipso_nornir.store.sqlite.tables import (
    APPLICATION_ID,
    LAYOUT_VERSION,
    commits,
    index,
    keys,
    pasts,
    revisions,
    table,
    tables,
    texts,
)
from calipso_nornir.store.sqlite.text_index import TableNames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Kind

_OLD: Final = "calipso_old"
_OLD_TEXTS: Final = "calipso_old_texts"


def layout_of(path: Path, uri: str) -> int:
    """Return the layout of a file; raise StoreUnavailable if it is not one of our stores."""
    with translated(uri, path), closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection:
        return _layout(connection, uri)


def migrate(path: Path, uri: str, *, to: int, dry_run: bool) -> Migration:
    """Convert a file to a layout; a dry run does everything and then rolls it back."""
    with (
        translated(uri, path),
        closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)) as connection,
    ):
        found = _layout(connection, uri)
        if {found, to} - {1, LAYOUT_VERSION}:
            raise StoreVersionMismatch(uri, str(found), str(to))
        documents: dict[str, int] = {}
        if found != to:
            with immediate(connection):
                documents = dict((_up if to > found else _down)(connection))
                connection.execute(f"PRAGMA user_version = {to}")
                if dry_run:
                    connection.execute("ROLLBACK")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the layout's number is then in the file itself
        return Migration(uri=uri, found=found, to=to, documents=documents, dry_run=dry_run)


def _layout(connection: sqlite3.Connection, uri: str) -> int:
    [(application,)] = connection.execute("PRAGMA application_id")
    if application != APPLICATION_ID:
        raise StoreUnavailable(uri, "the file is not a store of this program")
    [(version,)] = connection.execute("PRAGMA user_version")
    return int(version)


def _inventories(connection: sqlite3.Connection, marker: str) -> list[str]:
    """Return the names of the inventories that have a table of this name."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    wanted = [name.removesuffix(f"_{marker}") for name in names if name.endswith(f"_{marker}")]
    wanted += [DEFAULT_INVENTORY + name.removeprefix(marker) for name in names if name.startswith(marker)]
    return sorted(one for one in wanted if collection_name(one, marker) in names and one in names)


# --- from layout 1: generations, no past


def _up(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    for inventory in _inventories(connection, OF_BEFORE[0]):
        before = f'"{collection_name(inventory, OF_BEFORE[0])}"'
        for statement in tables(inventory):
            if not statement.startswith("CREATE TABLE IF"):
                connection.execute(statement)
        for kind in KINDS:
            if kind in LAYOUT_1_KINDS:
                _set_aside(connection, inventory, kind)
            for statement in tables(inventory, kind):
                connection.execute(statement)
            if kind in LAYOUT_1_KINDS:
                yield f"{inventory}: {kind}", _copied_up(connection, inventory, kind, before)
        _note_revisions(connection, inventory, before)
        connection.execute(f"DROP TABLE {before}")


def _set_aside(connection: sqlite3.Connection, inventory: str, kind: Kind) -> None:
    wanted = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN (?, ?, ?, ?)"
    ours = (table(inventory, kind), texts(inventory, kind), pasts(inventory, kind), keys(inventory, kind))
    for (name,) in connection.execute(wanted, [one.strip('"') for one in ours]).fetchall():
        connection.execute(f'DROP INDEX "{name}"')
    connection.execute(f"ALTER TABLE {table(inventory, kind)} RENAME TO {_OLD}")
    connection.execute(f"ALTER TABLE {texts(inventory, kind)} RENAME TO {_OLD_TEXTS}")


def _copied_up(connection: sqlite3.Connection, inventory: str, kind: Kind, before: str) -> int:
    new = {
        name: f"CASE json_type(body.document, '$.{name}') WHEN 'text' THEN json_extract(body.document, '$.{name}') END"
        for name in FIELDS[kind]
        if name not in LAYOUT_1_FIELDS[kind]
    }
    names = ", ".join(new.get(name, f"old.{name}") for name in columns(kind))
    revision = f"coalesce((SELECT max(generation, 1) FROM {before} AS g WHERE g.environment = old.environment), 1)"
    connection.execute(
        f"INSERT INTO {table(inventory, kind)} SELECT old.number, {names}, {revision} FROM {_OLD} AS old "
        f"JOIN {_OLD_TEXTS} AS body ON body.number = old.number"
    )
    connection.execute(f"INSERT INTO {texts(inventory, kind)} SELECT number, document, NULL FROM {_OLD_TEXTS}")
    if kind in LISTS:
        rows = connection.execute(f"SELECT number, document FROM {_OLD_TEXTS}")
        pairs = ((key, number) for number, text in rows for key in keys_of(kind, from_json(text)))
        connection.executemany(f"INSERT OR IGNORE INTO {keys(inventory, kind)} VALUES (?, ?)", pairs)
    return _dropped(connection)


def _note_revisions(connection: sqlite3.Connection, inventory: str, before: str) -> None:
    """Continue the numbering of generations; the first revision gets the time when an object was last seen."""
    connection.execute(
        f"INSERT INTO {revisions(inventory)} SELECT environment, max(generation, 1), max(generation, 1) FROM {before}"
    )
    now = time_text(datetime.now(UTC))
    connection.execute(
        f"INSERT INTO {commits(inventory)} SELECT environment, revision, min(?, coalesce((SELECT max(last_scanned) "
        f"FROM {table(inventory, 'inventory')} AS head WHERE head.environment = known.environment), ?)), "
        f"'layout 1', ?, 0, 0, 0 FROM {revisions(inventory)} AS known",
        (now, now, this_process()),
    )


# --- and back


def _down(connection: sqlite3.Connection) -> Iterator[tuple[str, int]]:
    drop_list_indexes(connection)
    for inventory in _inventories(connection, REVISIONS):
        before = f'"{collection_name(inventory, OF_BEFORE[0])}"'
        connection.execute(
            f"CREATE TABLE {before} (environment TEXT NOT NULL PRIMARY KEY, generation INTEGER NOT NULL)"
        )
        connection.execute(f"INSERT INTO {before} SELECT environment, revision FROM {revisions(inventory)}")
        for kind in KINDS:
            _set_aside(connection, inventory, kind)
            connection.execute(f"DROP TABLE {pasts(inventory, kind)}")
            if kind in LISTS:
                connection.execute(f"DROP TABLE {keys(inventory, kind)}")
            if kind in LAYOUT_1_KINDS:
                yield f"{inventory}: {kind}", _copied_down(connection, inventory, kind)
            else:
                _dropped(connection)
        for name in (REVISIONS, COMMITS):
            connection.execute(f'DROP TABLE "{collection_name(inventory, name)}"')
        for statement in TableNames.of(inventory).dropping():
            connection.execute(statement)


def _copied_down(connection: sqlite3.Connection, inventory: str, kind: Kind) -> int:
    head, text = table(inventory, kind), texts(inventory, kind)
    names = ("environment", "_id", *LAYOUT_1_FIELDS[kind], "last_scanned", "digest")
    needed = {"environment", "_id", "type", "id", "link_type", "source", "target", "focal_point", "digest"}
    definitions = ", ".join(f"{name} TEXT{' NOT NULL' if name in needed else ''}" for name in names)
    connection.execute(f"CREATE TABLE {head} (number INTEGER PRIMARY KEY, {definitions})")
    connection.execute(f"CREATE TABLE {text} (number INTEGER PRIMARY KEY, document TEXT NOT NULL)")
    connection.execute(f"INSERT INTO {head} SELECT number, {', '.join(names)} FROM {_OLD}")
    rows = connection.execute(f"SELECT number, document, evidence FROM {_OLD_TEXTS}")
    plain = (
        (number, document if evidence is None else written(from_row(None, "", document, evidence))[0])
        for number, document, evidence in rows
    )
    connection.executemany(f"INSERT INTO {text} VALUES (?, ?)", plain)
    connection.execute(index(head, ("_id",), unique=True))
    if kind in UNIQUE:
        connection.execute(index(head, UNIQUE[kind], unique=True))
    for fields in INDEXES[kind]:
        connection.execute(index(head, fields))
    return _dropped(connection)


def _dropped(connection: sqlite3.Connection) -> int:
    """Drop the tables that were set aside; return how many documents they had."""
    [(count,)] = connection.execute(f"SELECT count(*) FROM {_OLD}")
    connection.execute(f"DROP TABLE {_OLD}")
    connection.execute(f"DROP TABLE {_OLD_TEXTS}")
    return int(count)
