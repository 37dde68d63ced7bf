# SPDX-License-Identifier: Apache-2.0
"""Calls handlers of the guide's form: when their event arrives, and again when they have asked for it.

Used by the processor, in its thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import StoreError
from calipso_nornir.live.agenda import FIRST_WAIT_S
from calipso_nornir.live.outcomes import LONGEST_OUTAGE_WAIT_S, MOST_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.guide.event_base import EventBase
    from calipso_nornir.live.agenda import Agenda
    from calipso_nornir.live.classic import ClassicWork, Done
    from calipso_nornir.live.counting import Counts
    from calipso_nornir.live.outcomes import Outcomes, Ticket


class ClassicTurns:
    """The events of one environment with handlers of the guide's form.

    Args:
        work: calls handlers; None if they are not run here.
        agenda: receives what they have touched.
        outcomes: receives the outcomes of their events.
        counts: counts the attempts.
        clock: returns the time, in seconds.
    """

    def __init__(
        self,
        work: ClassicWork | None,
        agenda: Agenda[Ticket],
        outcomes: Outcomes,
        counts: Counts,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._work = work
        self._agenda = agenda
        self._outcomes = outcomes
        self._counts = counts
        self._clock = clock
        self._later: list[tuple[float, Ticket, EventBase]] = []
        """Events whose handlers asked to be called again, and when."""

    def handle(self, ticket: Ticket, handler: EventBase) -> None:
        """Call a handler. Raises StoreError: not done, try again."""
        if self._work is None:
            self._outcomes.bury(ticket, "handlers of the guide's form are not run here")
            return
        done = self._work.done(handler, ticket.notification)
        ticket.told = done.told
        if done.problem:
            self._wait(ticket, handler, done)
        elif done.refs:
            ticket.refs = done.refs
            self._agenda.touch(ticket, ticket.refs, now=self._clock(), why=ticket.notification.type)
        else:
            self._outcomes.settle(ticket, "stored" if done.has_written else "nothing")

    def again(self) -> None:
        """Call again the handlers whose wait is over. Raises StoreError: the affected events remain."""
        now = self._clock()
        for one in [one for one in self._later if one[0] <= now]:
            _, ticket, handler = one
            before, self._later = self._later, [other for other in self._later if other is not one]
            try:
                self.handle(ticket, handler)
            except StoreError:
                self._later = before
                raise

    def _wait(self, ticket: Ticket, handler: EventBase, done: Done) -> None:
        ticket.attempts += 1
        if not done.again or ticket.attempts > MOST_ATTEMPTS:
            self._outcomes.bury(ticket, done.problem)
            return
        self._counts.retried += 1
        wait = min(FIRST_WAIT_S * 2.0 ** (ticket.attempts - 2), LONGEST_OUTAGE_WAIT_S)
        self._later.append((self._clock() + wait, ticket, handler))
        self._outcomes.wait(ticket, done.problem)
