# SPDX-License-Identifier: Apache-2.0
"""Backs up a file with SQLite's online backup, in one transaction (sqlite.org/backup.html)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest, StoreUnavailable
from calipso_nornir.store.sqlite.connection import translated
from calipso_nornir.store.sqlite.presence import to_read

if TYPE_CHECKING:
    import zipfile

    from calipso_nornir.store.backup_file import BackupWriter

MEMBER: Final = "calipso.db"
_CHUNK: Final = 1 << 20
_BUSY_S: Final = 30.0


def back_up(path: Path, writer: BackupWriter) -> None:
    """Copy the file as it is at one moment, while writers continue."""
    uri = f"sqlite:///{path}"
    with tempfile.TemporaryDirectory(prefix=".calipso-backup-", dir=_room(path)) as folder:
        copy = Path(folder) / MEMBER
        with (
            translated(uri, path),
            closing(sqlite3.connect(to_read(path), uri=True, timeout=_BUSY_S)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # so that everything is in one file
        _check(copy, uri)
        with writer.member(MEMBER) as member, copy.open("rb") as stream:
            while data := stream.read(_CHUNK):
                member.write(data)


def restore(path: Path, archive: zipfile.ZipFile) -> None:
    """Create the file, which appears once it is complete. Raises InvalidRequest if it exists already."""
    uri = f"sqlite:///{path}"
    if path.exists():
        raise InvalidRequest(f"the store {uri} exists already: a backup is restored into a new file")
    with translated(uri, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as target:
                with archive.open(MEMBER) as source:
                    shutil.copyfileobj(source, target, _CHUNK)
                target.flush()
                os.fsync(target.fileno())
            _check(unfinished, uri)
            os.link(unfinished, path)  # unlike a rename, it replaces nothing
        finally:
            unfinished.unlink(missing_ok=True)


def vacuum(path: Path) -> tuple[int, int]:
    """Rewrite the file, without the space of removed documents."""
    with translated(f"sqlite:///{path}", path):
        before = _size(path)
        with closing(sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, _size(path)


def _check(path: Path, uri: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        try:
            [(found,), *_] = connection.execute("PRAGMA quick_check(1)")
        except sqlite3.DatabaseError as error:
            found = str(error)
    if found != "ok":
        raise StoreUnavailable(uri, f"the file is damaged: {found}")


def _size(path: Path) -> int:
    return sum(one.stat().st_size for one in (path, path.with_name(f"{path.name}-wal")) if one.exists())


def _room(path: Path) -> Path | None:
    """Return the folder for a copy: that of the file; None, the system's temporary folder, if it is not writable."""
    return path.parent if os.access(path.parent, os.W_OK) else None
