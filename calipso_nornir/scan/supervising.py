# SPDX-License-Identifier: Apache-2.0
"""Watches a running scan in a thread of its own: writes heartbeats, and stops the scan when it must end."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import ScanTakenOver, ScanTimedOut, StoreError

if TYPE_CHECKING:
    from calipso_nornir.scan.records import ScanRecord
    from calipso_nornir.scan.stopping import Stop

logger = logging.getLogger(__name__)

BEAT_S: Final = 1.0
"""Interval of heartbeats; a request to cancel is noticed within this time."""
JOIN_S: Final = 15.0
"""How long the end of the scan waits for a heartbeat that the store delays."""


class Watch:
    """Ends a scan if its document requests it, its time limit is reached, or another process takes over its request."""

    def __init__(self, record: ScanRecord, stop: Stop, *, time_limit_s: float | None = None) -> None:
        self._record = record
        self._stop = stop
        self._time_limit_s = time_limit_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch of scan {record.scan_id}", daemon=True)

    def start(self) -> None:
        """Begin to watch; the time limit counts from now."""
        self._thread.start()

    def end(self) -> None:
        """Stop watching."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def _watch(self) -> None:
        began = time.monotonic()
        while not self._ended.wait(BEAT_S):
            if self._time_limit_s is not None and time.monotonic() - began >= self._time_limit_s:
                self._stop.ask(ScanTimedOut(self._record.environment, self._time_limit_s))
            try:
                document = self._record.beat()
            except StoreError as error:  # the scan continues: its commit will show whether the store is back
                logger.info("a heartbeat of scan %s could not be stored: %s", self._record.scan_id, error)
                continue
            if document is None:
                self._stop.ask(ScanTakenOver(self._record.environment, self._record.scan_id))
            elif document.get("cancel_requested"):
                self._stop.ask()
