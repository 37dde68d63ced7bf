# SPDX-License-Identifier: Apache-2.0
"""Connections to one SQLite file, and the meaning of SQLite's errors."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from calipso_nornir.errors import DocumentRefused, StoreBusy, StoreError, StoreFull, StoreUnavailable
from calipso_nornir.store.sqlite.presence import to_read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LEAST_ROOM_BYTES: Final = 1 << 20
"""If less than this is free, SQLite's I/O errors (e.g. its shared memory file cannot grow) mean a full disk."""


class Connections:
    """Connections to a file: one for each thread, and further ones on request."""

    def __init__(self, path: Path, uri: str, *, busy_s: float, read_only: bool = False) -> None:
        self.path = path
        self.uri = uri
        self.busy_s = busy_s
        self._read_only = read_only
        self._local = threading.local()
        self._open: set[sqlite3.Connection] = set()
        self.files: set[tuple[int, int]] = set()
        """Device and inode of the open file: the path may later lead to another file."""
        self._guard = threading.Lock()
        self._closed = False

    def mine(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None or (self._read_only and self._local.way != to_read(self.path)):
            self._local.way = to_read(self.path)  # the earlier one is no longer valid once another process writes
            connection = self._local.connection = self._new()
        return connection

    @contextmanager
    def another(self) -> Iterator[sqlite3.Connection]:
        """Provide a separate connection for longer work: writing, or reading row by row."""
        connection = self._new()
        try:
            yield connection
        finally:
            with self._guard:
                self._open.discard(connection)
            connection.close()

    def close(self) -> None:
        """Close all of them."""
        with self._guard:
            self._closed = True
            for connection in self._open:
                connection.close()
            self._open.clear()
        with _OPENING:
            _IN_USE.discard(self)

    def _new(self) -> sqlite3.Connection:
        with self._guard:
            if self._closed:
                raise StoreUnavailable(self.uri, "this store object is closed")
            with translated(self.uri, self.path):
                # close() may be called from another thread; no two threads use a connection at once
                connection = self._connected()
                self._open.add(connection)
                if self._read_only:
                    connection.execute("PRAGMA query_only = ON")
                    return connection
                # In WAL mode the file stays consistent; a power cut may lose the last writes (sqlite.org/pragma.html).
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA journal_size_limit = 67108864")
                connection.execute("PRAGMA cache_size = -65536")  # KiB; SQLite allocates only what it needs
        return connection

    def _connected(self) -> sqlite3.Connection:
        with _OPENING:
            connection = sqlite3.connect(
                to_read(self.path) if self._read_only else self.path,
                timeout=self.busy_s,
                isolation_level=None,
                check_same_thread=False,
                uri=self._read_only,
            )
            status = self.path.stat()
            self.files.add((status.st_dev, status.st_ino))
            _IN_USE.add(self)
        return connection


_OPENING: Final = threading.Lock()
_IN_USE: Final[WeakSet[Connections]] = WeakSet()


def first_bytes(path: Path, size: int) -> bytes | None:
    """Return a file's first bytes, read without SQLite, or None if this process has connections to it.

    A process that closes any descriptor of a file loses all its locks on it, including those of SQLite (fcntl(2)).
    Other processes then consider the file unused, and the last one to close it removes the log that this process still
    writes to.
    """
    with _OPENING:
        status = path.stat()
        if any((status.st_dev, status.st_ino) in one.files for one in _IN_USE):
            return None
        with path.open("rb") as file:
            return file.read(size)


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write in a transaction that locks the file from its beginning, so that what it reads cannot become outdated."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        if connection.in_transaction:  # the block may have rolled it back
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it itself on a full disk
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(uri: str, path: Path, *, environment: str = "", owner: str = "another process") -> Iterator[None]:
    """Turn errors of SQLite and of the file system into errors of the store."""
    try:
        yield
    except sqlite3.Error as error:
        raise _meaning(error, uri, path, environment=environment, owner=owner) from error
    except UnicodeError as error:  # in names or messages that SQLite read from a damaged file
        raise StoreUnavailable(uri, f"the file is damaged: {error}") from error
    except OSError as error:
        cause = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
        if error.errno in _NO_ROOM:
            raise StoreFull(uri, cause) from error
        raise StoreUnavailable(uri, cause) from error


def _meaning(error: sqlite3.Error, uri: str, path: Path, *, environment: str, owner: str) -> StoreError:
    code = getattr(error, "sqlite_errorcode", None)  # absent from errors that the module raises itself
    primary = None if code is None else code & 0xFF  # the low byte: sqlite.org/rescode.html
    if primary == sqlite3.SQLITE_FULL:
        return StoreFull(uri, str(error))
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(uri, environment, owner)
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _no_room(path):
        return StoreFull(uri, str(error))
    if primary == sqlite3.SQLITE_TOOBIG or isinstance(error, sqlite3.DataError):
        return DocumentRefused(uri, "a", "", f"is larger than SQLite allows ({error})")
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreUnavailable(uri, f"{error} ({name})")


def _no_room(path: Path) -> bool:
    try:
        usage = shutil.disk_usage(path.parent)
        inodes = os.statvfs(path.parent)
    except OSError:
        return False
    if usage.total == 0:  # a pseudo file system such as /proc
        return False
    return usage.free < _LEAST_ROOM_BYTES or (inodes.f_files > 0 and inodes.f_favail == 0)
