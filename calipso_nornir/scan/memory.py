# SPDX-License-Identifier: Apache-2.0
"""Python's garbage collector during a scan: it runs rarely, because a scan makes millions of objects and no cycles.

By default it examines the youngest objects after every 700 new ones, and all objects whenever their number has grown by
a quarter. It searches for cycles, and a scan makes none. With 3,000 instances this took a third of a scan's time.
"""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SELDOM = (50_000, 50, 50)
"""Thresholds of the three generations: even during a long scan, a server's garbage is still collected."""


class _Scans:
    """The scans running in this process, and the thresholds before the first of them began."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._before = gc.get_threshold()

    def begin(self) -> None:
        """Let the collector run rarely."""
        with self._lock:
            if not self._running:
                self._before = gc.get_threshold()
                if self._before[0]:  # 0: it is switched off
                    gc.set_threshold(*SELDOM)
            self._running += 1

    def end(self) -> None:
        """Restore the thresholds, if this was the last scan."""
        with self._lock:
            self._running -= 1
            if not self._running:
                gc.set_threshold(*self._before)


_SCANS = _Scans()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Let the garbage collector run rarely for a while; several scans may do so at the same time."""
    _SCANS.begin()
    try:
        yield
    finally:
        _SCANS.end()
