# SPDX-License-Identifier: Apache-2.0
"""Outcomes of messages: they are stored in order, and only then is a message settled at its source."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.live.journal import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
AT_ONCE: Final = 500
"""Maximum number of messages that are written down together."""


@dataclass(slots=True, eq=False)
class Ticket:
    """An event that waits for its objects to be scanned."""

    arrival: Arrival
    notification: Notification
    attempts: int = 1
    refs: Sequence[ObjectRef] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    """Fields from its handler, for the journal."""
    more: list[Arrival] = field(default_factory=list)
    """The same message, which has arrived again meanwhile."""
    is_counted: bool = False
    """Whether the journal has this attempt."""
    is_over: bool = False
    """Whether it no longer waits."""

    @property
    def arrivals(self) -> list[Arrival]:
        """Every arrival of the message that has to be settled."""
        return [self.arrival, *self.more]

    def entry(self, outcome: Outcome, problem: str = "") -> Entry:
        """Return its entry in the journal."""
        return Entry(
            self.notification,
            outcome,
            received=self.arrival.at,
            refs=self.refs,
            attempts=self.attempts,
            problem=problem,
            told=self.told,
        )


@dataclass(frozen=True, slots=True)
class _Settlement:
    """A processed message that is to be written down and settled."""

    ticket: Ticket
    outcome: Outcome
    problem: str


class Outcomes:
    """Outcomes that wait to be written; one that cannot be written remains the first."""

    def __init__(self, journal: Journal, counts: Counts, environment: str) -> None:
        self._journal = journal
        self._counts = counts
        self._environment = environment
        self._pending: deque[_Settlement | Callable[[], None]] = deque()

    def write_down(self) -> None:
        """Write outcomes to the store, in order, and settle the messages. Raises StoreError: call it again."""
        while self._pending:
            first = self._pending[0]
            if isinstance(first, _Settlement):
                self._settle_some()
            else:
                first()
                self._pending.popleft()

    def _settle_some(self) -> None:
        some: list[_Settlement] = []
        for one in self._pending:
            if not isinstance(one, _Settlement) or len(some) == AT_ONCE:
                break
            some.append(one)
        self._journal.note(one.ticket.entry(one.outcome, one.problem) for one in some)
        for one in some:
            for arrival in one.ticket.arrivals:
                arrival.settle()
            self._counts.handled += 1
            self._counts.by_type[one.ticket.notification.type] += 1
            self._counts.lags.append((datetime.now(UTC) - one.ticket.arrival.at).total_seconds())
            self._pending.popleft()

    def count(self, tickets: Iterable[Ticket]) -> None:
        """Write down at once that these are being processed, unless the journal has it."""
        some = [one for one in tickets if not one.is_counted]
        if some:
            self._journal.note(one.entry("waiting") for one in some)
        for one in some:
            one.is_counted = True

    def settle(self, ticket: Ticket, outcome: Outcome, *, problem: str = "") -> None:
        """Settle a processed message."""
        ticket.is_over = True
        self._pending.append(_Settlement(ticket, outcome, problem))

    def wait(self, ticket: Ticket, problem: str) -> None:
        """Record that a message is tried again."""
        self._pending.append(lambda: self._journal.note([ticket.entry("waiting", problem)]))

    def bury(self, ticket: Ticket, problem: str) -> None:
        """Make a message a dead letter."""

        def write() -> None:
            self._journal.bury(
                ticket.notification, received=ticket.arrival.at, attempts=ticket.attempts, problem=problem
            )
            for arrival in ticket.arrivals:
                if isinstance(arrival.body, bytes):  # a dead letter that is tried again came from no source
                    arrival.settle()
            self._counts.dead += 1

        ticket.is_over = True
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
