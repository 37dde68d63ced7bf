# SPDX-License-Identifier: Apache-2.0
"""Determines whether a file exists, and how SQLite opens it for reading, which depends on who may change it."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

from calipso_nornir.errors import UnknownStore

if TYPE_CHECKING:
    from pathlib import Path


def must_be_there(path: Path) -> None:
    """Raise UnknownStore, with files of similar names in the same folder, if there is no such file."""
    if path.is_file():
        return
    beside = [one.name for one in path.parent.iterdir() if one.is_file()] if path.parent.is_dir() else []
    near = [name for name in difflib.get_close_matches(path.name, beside, n=3) if name.endswith(path.suffix)]
    raise UnknownStore(str(path), tuple(str(path.with_name(name)) for name in near))


def to_read(path: Path) -> str:
    """Return the URI by which SQLite opens a file without changing it (sqlite.org/uri.html).

    A file in WAL mode is read with the help of two files beside it. With write permission there, SQLite creates and
    removes them. Without it, SQLite uses them while a writer has them open; if they do not exist, no process is
    writing, so the file does not change ("immutable"; sqlite.org/wal.html, "Read-Only Databases").
    """
    effective = os.access in os.supports_effective_ids
    if all(os.access(one, os.W_OK, effective_ids=effective) for one in (path, path.parent)):
        return f"file:{quote(str(path))}?mode=rw"
    return f"file:{quote(str(path))}?mode=ro{'' if is_open_elsewhere(path) else '&immutable=1'}"


def is_open_elsewhere(path: Path) -> bool:
    """Return whether a process has the file open for writing: SQLite then keeps its log beside the file."""
    return path.with_name(f"{path.name}-wal").exists()
