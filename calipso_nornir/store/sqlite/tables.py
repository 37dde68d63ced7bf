# SPDX-License-Identifier: Apache-2.0
"""The tables of the SQLite store, and the check that a file is such a store.

Each kind of document has two tables with common row numbers: a narrow one with the columns that are looked up,
the digest, the time last seen and the revision that wrote it, and one with the texts. So recording 400,000
documents as seen writes only narrow rows. A third one (``…_past``) holds documents that were replaced or
removed, and the revision until which they were valid; its row numbers are negative, so that one view can show both
(see ``reader``). Lists whose members are looked up have a table of keys.
"""

from __future__ import annotations

import random
import sqlite3
import struct
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest, StoreUnavailable, StoreVersionMismatch, UnknownInventory
from calipso_nornir.store.migrations import LAYOUT
from calipso_nornir.store.names import COMMITS, KINDS, REVISIONS, collection_name, past
from calipso_nornir.store.selection import INDEXES, LISTS, SPARSE, UNIQUE
from calipso_nornir.store.sqlite.connection import first_bytes
from calipso_nornir.store.sqlite.document_rows import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Kind

LAYOUT_VERSION: Final = LAYOUT
APPLICATION_ID: Final = 0x43414C49  # "CALI"
DOCUMENTS: Final = "calipso_documents"
"""Table of all collections of plain documents."""

_WAL_ATTEMPTS: Final = 200
_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = struct.Struct(">16x H 10x I 28x I 4x I 28x")
"""Page size, number of pages, user version and application id (sqlite.org/fileformat.html, 1.3)."""


def table(inventory: str, kind: Kind) -> str:
    """Return the (quoted) name of a kind's narrow table."""
    return f'"{collection_name(inventory, kind)}"'


def texts(inventory: str, kind: Kind) -> str:
    """Return the (quoted) name of the table with a kind's texts."""
    return f'"calipso_text_{collection_name(inventory, kind)}"'


def pasts(inventory: str, kind: Kind) -> str:
    """Return the (quoted) name of the table with the replaced and removed documents of a kind."""
    return f'"{collection_name(inventory, past(kind))}"'


def keys(inventory: str, kind: Kind) -> str:
    """Return the (quoted) name of the table with the keys of a kind's lists."""
    return f'"calipso_keys_{collection_name(inventory, kind)}"'


def revisions(inventory: str) -> str:
    """Return the (quoted) name of the table with the newest revision of each environment."""
    return f'"{collection_name(inventory, REVISIONS)}"'


def commits(inventory: str) -> str:
    """Return the (quoted) name of the table with the log of commits."""
    return f'"{collection_name(inventory, COMMITS)}"'


def look(path: Path, uri: str) -> None:
    """Read a file's header without SQLite, so that nothing changes; raise an error if it is not one of our stores.

    A file that this process has open was checked when it was opened.
    """
    try:
        header = first_bytes(path, _HEADER.size)
    except FileNotFoundError:
        return
    if not header:
        return
    if len(header) < _HEADER.size or not header.startswith(_MAGIC):
        raise StoreUnavailable(uri, "the file is not an SQLite database")
    page_bytes, pages, version, application = _HEADER.unpack(header)
    _judge(uri, application, version, empty=application == version == 0)
    page_bytes = page_bytes if page_bytes > 1 else 65536
    beside = (path.with_name(f"{path.name}{end}") for end in ("-journal", "-wal"))
    if not any(one.exists() for one in beside) and path.stat().st_size < pages * page_bytes:
        raise StoreUnavailable(uri, f"the file is cut short: it has fewer than its {pages} pages of {page_bytes} bytes")


def _judge(uri: str, application: int, version: int, *, empty: bool) -> None:
    if empty:
        return
    if application != APPLICATION_ID:
        raise StoreUnavailable(uri, "the file is an SQLite database of another program")
    if version != LAYOUT_VERSION:
        raise StoreVersionMismatch(uri, str(version), str(LAYOUT_VERSION))


def prepare(connection: sqlite3.Connection, uri: str, inventory: str) -> None:
    """Create the missing tables of an inventory.

    The layout's number is written before the file is put into WAL mode, so it is always in
    the file itself, where ``look`` reads it.
    """
    with _transaction(connection, "DEFERRED"):
        complete = _complete(connection, uri, inventory)
    if not complete:
        with _transaction(connection, "IMMEDIATE"):
            if not _complete(connection, uri, inventory):  # another process may have been faster
                for kind in (None, *KINDS):
                    for statement in tables(inventory, kind):
                        connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {LAYOUT_VERSION}")
    _use_wal(connection)


def must_hold(connection: sqlite3.Connection, uri: str, inventory: str) -> None:
    """Raise UnknownInventory unless the tables of an inventory exist. Changes nothing."""
    with _transaction(connection, "DEFERRED"):
        if not _complete(connection, uri, inventory):
            raise UnknownInventory(uri, inventory)


@contextmanager
def _transaction(connection: sqlite3.Connection, kind: str) -> Iterator[None]:
    connection.execute(f"BEGIN {kind}")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _complete(connection: sqlite3.Connection, uri: str, inventory: str) -> bool:
    """Return whether an inventory's tables exist. Call it in a transaction, so that its reads see one state."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    [(application,)] = connection.execute("PRAGMA application_id")
    [(version,)] = connection.execute("PRAGMA user_version")
    _judge(uri, application, version, empty=not names and application == version == 0)
    wanted = revisions(inventory).strip('"')
    twin = next((name for name in names if name.lower() == wanted.lower() and name != wanted), None)
    if twin:
        raise InvalidRequest(f'inventory name "{inventory}" differs from one in {uri} by case only ("{twin}" is there)')
    return wanted in names


def _use_wal(connection: sqlite3.Connection) -> None:
    """Put the file into WAL mode, so that readers see the last commit while a writer writes (sqlite.org/wal.html).

    The mode is stored in the file. Changing it requires exclusive access, for which SQLite does not wait: processes
    that open a new file at the same time retry in turn.
    """
    for attempt in range(_WAL_ATTEMPTS):
        [(mode,)] = connection.execute("PRAGMA journal_mode")
        if mode == "wal":
            return
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - to get out of step, not for secrecy


def tables(inventory: str, kind: Kind | None = None) -> Iterator[str]:
    """Yield the statements that create the tables of a kind of document; for None, those that all kinds share."""
    if kind is not None:
        yield from _tables(inventory, kind)
        return
    names = "collection TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL"
    yield f"CREATE TABLE IF NOT EXISTS {DOCUMENTS} ({names})"
    yield f"CREATE UNIQUE INDEX IF NOT EXISTS {DOCUMENTS}_by_key ON {DOCUMENTS} (collection, key)"
    environment = "json_extract(document, '$.environment')"
    yield f"CREATE INDEX IF NOT EXISTS {DOCUMENTS}_by_environment ON {DOCUMENTS} (collection, {environment}, key)"
    yield f"CREATE TABLE {revisions(inventory)} {_REVISIONS}"
    yield f"CREATE TABLE {commits(inventory)} {_COMMITS}"


_REVISIONS: Final = "(environment TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, floor INTEGER NOT NULL)"
"""``floor``: changes up to this revision may no longer be known."""
_COMMITS: Final = (
    "(environment TEXT NOT NULL, revision INTEGER NOT NULL, at TEXT NOT NULL, cause TEXT NOT NULL, by TEXT NOT NULL, "
    "new INTEGER NOT NULL, changed INTEGER NOT NULL, removed INTEGER NOT NULL, "
    "PRIMARY KEY (environment, revision)) WITHOUT ROWID"
)
_NOT_NULL: Final = dict.fromkeys(
    ("environment", "_id", "type", "id", "link_type", "source", "target", "focal_point", "digest"), " NOT NULL"
)


def _tables(inventory: str, kind: Kind) -> Iterator[str]:
    name, before = table(inventory, kind), pasts(inventory, kind)
    definitions = ", ".join(f"{column} TEXT{_NOT_NULL.get(column, '')}" for column in columns(kind))
    yield f"CREATE TABLE {name} (number INTEGER PRIMARY KEY, {definitions}, revision INTEGER NOT NULL)"
    yield f"CREATE TABLE {texts(inventory, kind)} (number INTEGER PRIMARY KEY, document TEXT NOT NULL, evidence TEXT)"
    yield (
        f"CREATE TABLE {before} (number INTEGER PRIMARY KEY, {definitions}, revision INTEGER NOT NULL, "
        "until INTEGER NOT NULL, document TEXT NOT NULL, evidence TEXT)"
    )
    if kind in LISTS:
        yield (
            f"CREATE TABLE {keys(inventory, kind)} "
            "(key INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (key, number)) WITHOUT ROWID"
        )
        yield f'CREATE INDEX "{keys(inventory, kind).strip(chr(34))}_by_number" ON {keys(inventory, kind)} (number)'
    yield index(before, ("_id", "until"))
    yield index(before, ("until",))
    yield from indexes(inventory, kind).values()


def indexes(inventory: str, kind: Kind) -> dict[str, str]:
    """Return the indexes of a kind's narrow table: name -> the statement that creates it."""
    name = table(inventory, kind)
    unique = [("_id",), *([UNIQUE[kind]] if kind in UNIQUE else [])]
    made = {index_name(name, fields): index(name, fields, unique=True) for fields in unique}
    made |= {index_name(name, fields): index(name, fields) for fields in (("revision",), *INDEXES[kind])}
    for field in SPARSE.get(kind, ()):
        made[index_name(name, (field,))] = f"{index(name, (field,))} WHERE {field} IS NOT NULL"
    return made


def attribute_value(name: str) -> str:
    """Return the SQL expression for an attribute's value in the table of texts.

    SQLite uses an index on it only for exactly the same expression.
    """
    return f"json_extract(document, '$.\"{name}\"')"


def make_attribute_indexes(connection: sqlite3.Connection, inventory: str, names: Iterable[str]) -> None:
    """Create the missing indexes of these attributes; call it in a transaction."""
    for name in names:
        value = attribute_value(name)
        index_name = f'"{_attribute_indexes(inventory)}{name}"'
        connection.execute(
            f"CREATE INDEX IF NOT EXISTS {index_name} ON {texts(inventory, 'inventory')} ({value}) "
            f"WHERE {value} IS NOT NULL"
        )


def indexed_attributes(connection: sqlite3.Connection, inventory: str) -> frozenset[str]:
    """Return the attributes that have such an index."""
    prefix = _attribute_indexes(inventory)
    statement = "SELECT name FROM sqlite_master WHERE type = 'index' AND substr(name, 1, ?) = ?"
    found = connection.execute(statement, (len(prefix), prefix))
    return frozenset(name.removeprefix(prefix) for (name,) in found)


def _attribute_indexes(inventory: str) -> str:
    """Return the prefix of the names of attributes' indexes; names of inventories contain no dot."""
    return f"calipso_attribute.{inventory}."


def index(table_name: str, fields: tuple[str, ...], *, unique: bool = False) -> str:
    """Return the statement that creates an index of a table."""
    name, kind = index_name(table_name, fields), "UNIQUE INDEX" if unique else "INDEX"
    return f"CREATE {kind} {name} ON {table_name} (environment, {', '.join(fields)})"


def index_name(table_name: str, fields: tuple[str, ...]) -> str:
    """Return the (quoted) name of an index of a table."""
    return f'"calipso_{table_name.strip(chr(34))}_by_{"_".join(fields)}"'
