# SPDX-License-Identifier: Apache-2.0
"""Python's garbage collector during a scan: it looks seldom, because a scan makes millions of objects and no garbage.

By default it goes over the youngest objects after each 700 new ones, and over all there are each time that these have
grown by a quarter. What it looks for are cycles, and what a scan makes has none. With 3,000 instances that was a third
of the time of a scan.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SELDOM = (50_000, 50, 50)
"""Thresholds of the three generations: a long scan in a server that lives on still has its garbage collected."""


class _Scans:
    """The scans that run in this process, and how often the collector looked before the first of them began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._before = gc.get_threshold()

    def begin(self) -> None:
        """Let the collector look seldom."""
        with self._lock:
            if not self._running:
                self._before = gc.get_threshold()
                if self._before[0]:  # 0: somebody has switched it off
                    gc.set_threshold(*SELDOM)
            self._running += 1

    def end(self) -> None:
        """Let it look as it did, when this was the last scan."""
        with self._lock:
            self._running -= 1
            if not self._running:
                gc.set_threshold(*self._before)


_SCANS = _Scans()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let the garbage collector look seldom for a while; scans may run at the same time."""
    _SCANS.begin()
    try:
        yield
    finally:
        _SCANS.end()
