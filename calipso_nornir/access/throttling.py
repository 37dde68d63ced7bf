# SPDX-License-Identifier: Apache-2.0
"""Slows down the guessing of passwords: after some failures a user, and an address, has to wait."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ATTEMPTS: Final = 5
WINDOW_S: Final = 60.0
MANY: Final = 10_000
"""Names and addresses that are remembered; the oldest go first."""
_BUSY_S: Final = 10.0
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS failures (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS failures_by_key ON failures (key, number);
"""
_LAST: Final = "SELECT at FROM failures WHERE key = ? ORDER BY number DESC LIMIT ?"


class Throttle:
    """Counts failures by any key: five in a minute, then none until the first is a minute ago.

    Args:
        clock: in seconds; one that all processes of the machine share.
        shared: file by which the processes of one ``calipso serve`` count together; by default each counts for itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, shared: Path | None = None) -> None:
        self._clock = clock
        self._guard = threading.Condition()
        self._under_way: Counter[str] = Counter()
        self._database = sqlite3.connect(
            shared or ":memory:", timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, self._database.close)
        self._database.execute("PRAGMA synchronous = OFF")  # it ends with the processes
        self._database.executescript(_TABLE)

    @contextmanager
    def attempt(self, *keys: str) -> Iterator[float]:
        """Make an attempt, and tell its outcome in the block; yield 0, or for how many seconds it has to wait instead.

        Of this process, no more attempts are under way than may still fail: else a hundred guesses at once would all
        be made before the first is counted. Those beyond wait for the outcome of others.
        """
        with self._guard:
            while not (wait := max(map(self._wait, keys))) and not all(map(self._has_room, keys)):
                self._guard.wait()
            if not wait:
                self._under_way.update(keys)
        try:
            yield wait
        finally:
            if not wait:
                with self._guard:
                    self._under_way -= Counter(keys)
                    self._guard.notify_all()

    def failed(self, *keys: str) -> None:
        """Count a failure."""
        now = self._clock()
        with self._guard:
            self._database.executemany("INSERT INTO failures (key, at) VALUES (?, ?)", [(key, now) for key in keys])
            self._database.execute(
                "DELETE FROM failures WHERE number <= (SELECT max(number) FROM failures) - ?", (MANY * ATTEMPTS,)
            )

    def succeeded(self, *keys: str) -> None:
        """Forget the failures."""
        with self._guard:
            self._database.executemany("DELETE FROM failures WHERE key = ?", [(key,) for key in keys])

    def _has_room(self, key: str) -> bool:
        since = self._clock() - WINDOW_S
        return sum(at > since for at in self._times(key)) + self._under_way[key] < ATTEMPTS

    def _times(self, key: str) -> list[float]:
        """Return when the last attempts failed, the newest first."""
        return [at for (at,) in self._database.execute(_LAST, (key, ATTEMPTS))]

    def _wait(self, key: str) -> float:
        times = self._times(key)
        return max(0.0, times[-1] + WINDOW_S - self._clock()) if len(times) == ATTEMPTS else 0.0
