# SPDX-License-Identifier: Apache-2.0
"""Checks an SQLite file: whether it exists, its layout, permissions, WAL mode, the write lock, free disk space.

Nothing is changed: the write transaction is rolled back.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import CalipsoError, StoreBusy, UnknownInventory
from calipso_nornir.model.source_kinds import Finding
from calipso_nornir.store.sqlite.connection import Connections, translated
from calipso_nornir.store.sqlite.tables import look, must_hold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

SECTION: Final = "store"
SCARCE_BYTES: Final = 500 << 20
WAIT_S: Final = 5.0
"""Seconds to wait for another writer's commit."""
_EFFECTIVE: Final = os.access in os.supports_effective_ids


def try_sqlite(path: Path, inventory: str) -> Iterator[Finding]:
    """Yield the findings."""
    try:
        there = path.exists()
    except OSError as error:
        yield Finding(SECTION, "file", ok=False, detail=f"{path} cannot be accessed: {error.strerror}")
        return
    if not there:
        detail = f"{path} does not exist yet; the first scan creates it"
        yield Finding(SECTION, "file", ok=False, detail=detail, needed=False)
    else:
        yield from _file(path, inventory)
    yield from _folder(path)


def _file(path: Path, inventory: str) -> Iterator[Finding]:
    uri = f"sqlite:///{path}"
    connections = Connections(path, uri, busy_s=WAIT_S, read_only=True)
    try:
        with translated(uri, path):
            look(path, uri)
            try:
                must_hold(connections.mine(), uri, inventory)
            except UnknownInventory as error:
                yield Finding(SECTION, "layout", ok=False, detail=str(error), needed=False)
            else:
                yield Finding(SECTION, "layout", ok=True, detail=f"{path}: current, no migration needed")
            yield _wal(connections.mine())
    except CalipsoError as error:
        yield Finding(SECTION, "read", ok=False, detail=str(error))
        return
    finally:
        connections.close()
    yield _write(path, uri)


def _wal(connection: sqlite3.Connection) -> Finding:
    [(mode,)] = connection.execute("PRAGMA journal_mode")
    wrong = f"the file is in mode {mode}: readers wait for writers until calipso serve or a scan opens it for writing"
    return Finding(SECTION, "WAL", ok=mode == "wal", detail="on" if mode == "wal" else wrong, needed=False)


def _write(path: Path, uri: str) -> Finding:
    if not os.access(path, os.W_OK, effective_ids=_EFFECTIVE):
        detail = f"{path} is read-only for this account: chown or chmod it for the account of calipso serve"
        return Finding(SECTION, "write", ok=False, detail=detail)
    connections = Connections(path, uri, busy_s=WAIT_S)
    try:
        with translated(uri, path):
            connection = connections.mine()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except StoreBusy:
        detail = f"another process has been writing for {WAIT_S:.0f} s; try again when it has ended"
        return Finding(SECTION, "write", ok=False, detail=detail, needed=False)
    except CalipsoError as error:
        return Finding(SECTION, "write", ok=False, detail=str(error))
    finally:
        connections.close()
    return Finding(SECTION, "write", ok=True, detail="the file can be locked for writing")


def _folder(path: Path) -> Iterator[Finding]:
    """Check the folder: SQLite keeps further files there while the store is open (sqlite.org/wal.html)."""
    folder = next((one for one in path.parents if one.is_dir()), Path("/"))
    if not os.access(folder, os.W_OK, effective_ids=_EFFECTIVE):
        detail = f"{folder} is not writable for this account: chown or chmod it for the account of calipso serve"
        yield Finding(SECTION, "folder", ok=False, detail=detail)
    free = shutil.disk_usage(folder).free
    enough = free > SCARCE_BYTES
    advice = "" if enough else f"; free some space: at least {SCARCE_BYTES >> 20} MiB are recommended"
    yield Finding(SECTION, "free disk", ok=enough, detail=f"{free >> 20} MiB at {folder}{advice}")
