# SPDX-License-Identifier: Apache-2.0
"""One writer for each environment: a lock file beside the SQLite file, held by the kernel.

A scan may take minutes between its first and its last write; SQLite's own lock, held that long,
would shut out everybody who writes anything else to the file. ``flock(2)`` ends with the process
that holds it, however it dies, so there is nothing to expire and nothing to clean up.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import StoreBusy
from calipso_nornir.store.sqlite.connection import translated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE_S: Final = 0.05


def lock_path(store: Path, inventory: str, environment: str) -> Path:
    """Return the lock file for writing an environment."""
    name = hashlib.blake2b(f"{inventory}\n{environment}".encode(), digest_size=6).hexdigest()
    return store.with_name(f"{store.name}-{name}.lock")


@contextmanager
def writer_lock(path: Path, *, uri: str, environment: str, wait_s: float) -> Iterator[None]:
    """Hold the lock for a block; raise StoreBusy when another holds it for longer than ``wait_s`` seconds."""
    deadline = time.monotonic() + wait_s
    with translated(uri, path):
        while (file := _taken(path)) is None:
            if time.monotonic() >= deadline:
                raise StoreBusy(uri, environment, _owner(path))
            time.sleep(_PAUSE_S)
    try:
        with suppress(OSError):  # the disk may be full; the name only serves the message above
            os.ftruncate(file, 0)
            os.pwrite(file, _me().encode(), 0)
        yield
    finally:
        with suppress(OSError):  # an empty file that stays does no harm
            path.unlink(missing_ok=True)  # before it is let go: see _taken
        os.close(file)


def _taken(path: Path) -> int | None:
    """Return the descriptor of the locked file, or None when it is another's."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(file), path.stat()):
            return file
    except (BlockingIOError, FileNotFoundError):  # held by another, or removed by the one who just ended
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _me() -> str:
    return f"process {os.getpid()} on {socket.gethostname()} since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _owner(path: Path) -> str:
    try:
        return path.read_text(errors="replace") or "another process"
    except OSError:
        return "another process"
