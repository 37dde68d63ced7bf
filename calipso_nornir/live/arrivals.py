# SPDX-License-Identifier: Apache-2.0
"""Messages from listeners, and the queue between their threads and the processor's."""

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
        body: the raw message, or the notification if the listener has parsed it.
        source: its sender: "nova", "neutron", "ovn", …
        settle: acknowledges it at the source, which then does not send it again; may be called from any thread.
        again: whether the source has sent it before; it may have been processed in part.
        at: when it arrived (aware, UTC).
    """

    body: bytes | Notification
    source: str
    settle: Callable[[], None]
    again: bool = False
    at: datetime = field(default_factory=_now)


class Inbox:
    """Waiting messages, oldest first; also the reasons why messages may have been missed."""

    def __init__(self) -> None:
        self._arrivals: deque[Arrival] = deque()
        self._missed: deque[str] = deque()
        self._changed = threading.Condition()
        self.received = 0
        """The number of arrivals, including messages sent again."""

    def put(self, arrival: Arrival) -> None:
        """Add an arrival."""
        with self._changed:
            self._arrivals.append(arrival)
            self.received += 1
            self._changed.notify()

    def put_back(self, arrivals: list[Arrival]) -> None:
        """Put arrivals back, before the others."""
        with self._changed:
            self._arrivals.extendleft(reversed(arrivals))

    def missed(self, why: str) -> None:
        """Record that messages may have been missed, so that everything is scanned."""
        with self._changed:
            self._missed.append(why)
            self._changed.notify()

    def take(self, *, at_most: int, wait_s: float) -> tuple[list[Arrival], list[str]]:
        """Return what has arrived, and why messages may have been missed; wait up to so many seconds for the first."""
        with self._changed:
            self._changed.wait_for(lambda: self._arrivals or self._missed, timeout=max(0.0, wait_s))
            found = [self._arrivals.popleft() for _ in range(min(at_most, len(self._arrivals)))]
            missed = list(self._missed)
            self._missed.clear()
            return found, missed

    def __len__(self) -> int:
        return len(self._arrivals)
