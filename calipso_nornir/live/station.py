# SPDX-License-Identifier: Apache-2.0
"""Keeps one listener running: calls it again, after growing waits, when its source was lost."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import CalipsoError

if TYPE_CHECKING:
    from calipso_nornir.live.listener_base import ListenerBase

logger = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
LONG_S: Final = 60.0
"""After a listener has been connected this many seconds, its earlier failures no longer count."""


class Station(threading.Thread):
    """The thread of one listener."""

    def __init__(self, name: str, listener: ListenerBase) -> None:
        super().__init__(name=f"listener {name}", daemon=True)
        self.listener = listener
        self.problem = ""
        """Why it does not listen; empty while it does."""
        self._kind = name

    def run(self) -> None:
        """Listen until ``stop``."""
        failures = 0
        while not self.listener.stopping.is_set():
            began = time.monotonic()
            try:
                self.listener.listen()
                self.problem = "it returned without being asked to stop"
            except CalipsoError as error:
                self.problem = str(error)
            except Exception as error:
                logger.exception("listener %s", self._kind)
                self.problem = repr(error)
            was_connected, self.listener.is_connected = self.listener.is_connected, False
            if self.listener.stopping.is_set():
                break
            failures = 0 if was_connected and time.monotonic() - began > LONG_S else failures + 1
            wait = min(FIRST_WAIT_S * 2 ** min(failures, 20), LONGEST_WAIT_S)
            logger.warning("listener %s: %s. Trying again in %.1f s", self._kind, self.problem, wait)
            self.listener.stopping.wait(wait * random.uniform(0.5, 1))  # noqa: S311 - no secret; it keeps many from reconnecting at once

    def stop(self) -> None:
        """Ask it to stop."""
        self.listener.stopping.set()

    @property
    def told(self) -> str:
        """Its problem: why it does not listen, or what it does not receive; else empty."""
        return self.listener.lacking if self.listener.is_connected else self.problem

    @property
    def state(self) -> str:
        """Its state: "running"; "backoff" while it waits for the next attempt; "starting" before the first."""
        if self.listener.is_connected:
            return "running"
        return "backoff" if self.problem else "starting"
