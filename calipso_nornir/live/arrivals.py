# SPDX-License-Identifier: Apache-2.0
"""What listeners hand over, and the queue between their threads and the one that works."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.notifications import Notification


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Arrival:
    """One message that has arrived.

    Attributes:
        body: the message as it came, or the notification, if the listener knows what it says.
        source: who sent it: "nova", "neutron", "ovn", …
        settle: tells the source that it is done with, and need not be sent again; may be called from any thread.
        again: whether the source has sent it before; its work may have begun then.
        at: when it came (aware, UTC).
    """

    body: bytes | Notification
    source: str
    settle: Callable[[], None]
    again: bool = False
    at: datetime = field(default_factory=_now)


class Inbox:
    """Arrivals that wait, oldest first; also what listeners have missed."""

    def __init__(self) -> None:
        self._arrivals: deque[Arrival] = deque()
        self._missed: deque[str] = deque()
        self._changed = threading.Condition()
        self.received = 0
        """How many have arrived, sent again or not."""

    def put(self, arrival: Arrival) -> None:
        """Add an arrival."""
        with self._changed:
            self._arrivals.append(arrival)
            self.received += 1
            self._changed.notify()

    def put_back(self, arrivals: list[Arrival]) -> None:
        """Put arrivals that were taken before the others again."""
        with self._changed:
            self._arrivals.extendleft(reversed(arrivals))

    def missed(self, why: str) -> None:
        """Note that messages may have been missed: everything has to be looked at."""
        with self._changed:
            self._missed.append(why)
            self._changed.notify()

    def take(self, *, at_most: int, wait_s: float) -> tuple[list[Arrival], list[str]]:
        """Return what has arrived and why messages were missed; wait for the first for so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._arrivals or self._missed, timeout=max(0.0, wait_s))
            found = [self._arrivals.popleft() for _ in range(min(at_most, len(self._arrivals)))]
            missed = list(self._missed)
            self._missed.clear()
            return found, missed

    def __len__(self) -> int:
        return len(self._arrivals)
