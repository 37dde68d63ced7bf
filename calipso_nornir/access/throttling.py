# SPDX-License-Identifier: Apache-2.0
"""Slows down the guessing of passwords: after some failures a user, and an address, has to wait."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS: Final = 5
WINDOW_S: Final = 60.0
MANY: Final = 10_000
"""Names and addresses that are remembered; the oldest go first."""


class Throttle:
    """Counts failures of this process, by any key: five in a minute, then none until the first is a minute ago."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._guard = threading.Lock()

    def wait_s(self, *keys: str) -> float:
        """Return for how many seconds an attempt has to wait; 0 for one that may be made now."""
        with self._guard:
            return max(self._wait(key) for key in keys)

    def failed(self, *keys: str) -> None:
        """Count a failure."""
        with self._guard:
            for key in keys:
                self._failures.setdefault(key, deque(maxlen=ATTEMPTS)).append(self._clock())
                self._failures.move_to_end(key)
            while len(self._failures) > MANY:
                self._failures.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """Forget the failures."""
        with self._guard:
            for key in keys:
                self._failures.pop(key, None)

    def _wait(self, key: str) -> float:
        times = self._failures.get(key) or deque()
        return max(0.0, times[0] + WINDOW_S - self._clock()) if len(times) == ATTEMPTS else 0.0
