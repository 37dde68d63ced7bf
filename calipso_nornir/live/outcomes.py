# SPDX-License-Identifier: Apache-2.0
"""Outcomes of messages: they are stored in order, and only then is a message settled at its source."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.live.arrivals import Arrival
    from calipso_nornir.live.counting import Counts
    from calipso_nornir.live.journal import Journal, Outcome
    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef

logger = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 10
"""Attempts to process an event; after that it is a dead letter."""
LONGEST_OUTAGE_WAIT_S: Final = 30.0
"""Seconds between two attempts while a service does not answer."""


@dataclass(slots=True, eq=False)
class Ticket:
    """An event that waits for its objects to be scanned."""

    arrival: Arrival
    notification: Notification
    attempts: int = 1
    refs: Sequence[ObjectRef] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    """Fields from its handler, for the journal."""


class Outcomes:
    """Outcomes that wait to be written; one that cannot be written remains the first."""

    def __init__(self, journal: Journal, counts: Counts, environment: str) -> None:
        self._journal = journal
        self._counts = counts
        self._environment = environment
        self._pending: deque[Callable[[], None]] = deque()

    def write_down(self) -> None:
        """Write outcomes to the store, in order, and settle the messages. Raises StoreError: call it again."""
        while self._pending:
            self._pending[0]()
            self._pending.popleft()

    def settle(self, ticket: Ticket, outcome: Outcome, *, problem: str = "") -> None:
        """Settle a processed message."""

        def write() -> None:
            self.note(ticket, outcome, problem=problem)
            ticket.arrival.settle()
            self._counts.handled += 1
            self._counts.by_type[ticket.notification.type] += 1
            self._counts.lags.append((datetime.now(UTC) - ticket.arrival.at).total_seconds())

        self._pending.append(write)

    def wait(self, ticket: Ticket, problem: str) -> None:
        """Record that a message is tried again."""
        self._pending.append(lambda: self.note(ticket, "waiting", problem=problem))

    def bury(self, ticket: Ticket, problem: str) -> None:
        """Make a message a dead letter."""

        def write() -> None:
            self._journal.bury(
                ticket.notification, received=ticket.arrival.at, attempts=ticket.attempts, problem=problem
            )
            if isinstance(ticket.arrival.body, bytes):  # a dead letter that is tried again came from no source
                ticket.arrival.settle()
            self._counts.dead += 1

        logger.warning("%s: %s is a dead letter: %s", self._environment, ticket.notification.type, problem)
        self._pending.append(write)

    def bury_unread(self, arrival: Arrival, problem: str) -> None:
        """Make an unreadable message a dead letter."""

        def write() -> None:
            body = arrival.body if isinstance(arrival.body, bytes) else b""
            self._journal.bury_unread(body, source=arrival.source, received=arrival.at, problem=problem)
            arrival.settle()
            self._counts.dead += 1

        self._pending.append(write)

    def note(self, ticket: Ticket, outcome: Outcome, *, problem: str = "") -> None:
        """Write a message's entry at once."""
        self._journal.note(
            ticket.notification,
            outcome=outcome,
            received=ticket.arrival.at,
            refs=ticket.refs,
            attempts=ticket.attempts,
            problem=problem,
            told=ticket.told,
        )
