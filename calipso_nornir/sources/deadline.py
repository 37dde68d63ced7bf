# SPDX-License-Identifier: Apache-2.0
"""A deadline for a complete answer: when it passes, the connection is cut, and the reader gets an error or an end.

Socket time-outs apply to single reads: a server that sends a byte from time to time keeps a client waiting forever.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Deadline:
    """Cuts connections at its time limit. ``passed`` then says why the reader got an error, or an end."""

    def __init__(self) -> None:
        self.passed = False
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []
        self._finders: list[Callable[[], socket.socket | None]] = []

    def watch(self, connection: socket.socket | None) -> None:
        """Watch a connection, through a duplicate: http.client may close the original."""
        mine = _duplicate(connection)
        if mine is not None:
            with self._lock:
                self._watched.append(mine)
                if self.passed:
                    _cut(mine)

    def watch_found(self, find: Callable[[], socket.socket | None]) -> None:
        """Watch a future connection: for drivers that open one by themselves."""
        self._finders.append(find)

    def expire(self) -> None:
        """Cut the connections."""
        for find in self._finders:
            self.watch(find())
        with self._lock:
            self.passed = True
            for one in self._watched:
                _cut(one)

    def close(self) -> None:
        """Release the duplicates; the connections stay as they are."""
        with self._lock:
            for one in self._watched:
                one.close()
            self._watched.clear()


@contextmanager
def deadline(seconds: float) -> Iterator[Deadline]:
    """Provide a deadline, and remove it at the end."""
    made = Deadline()
    timer = threading.Timer(seconds, made.expire)
    timer.daemon = True
    timer.start()
    try:
        yield made
    finally:
        timer.cancel()
        made.close()


def _duplicate(connection: socket.socket | None) -> socket.socket | None:
    try:
        return None if connection is None else socket.socket(fileno=os.dup(connection.fileno()))
    except OSError:
        return None  # it is closed: nothing can hang on it


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)
