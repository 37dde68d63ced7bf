# SPDX-License-Identifier: Apache-2.0
"""Processes messages: asks their handlers what they touch, scans that, and settles them once it is stored.

One thread does all of this for an environment, so no object is scanned twice at once. A message is settled after the
commit of the first scan that began after it arrived; until then its source keeps it.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from calipso_nornir.errors import CalipsoError, NotificationUnusable, StoreError
from calipso_nornir.guide.event_base import EventBase
from calipso_nornir.live.agenda import LONGEST_WAIT_S, Agenda
from calipso_nornir.live.arrivals import Arrival
from calipso_nornir.live.auditing import Audit
from calipso_nornir.live.classic_turns import ClassicTurns
from calipso_nornir.live.counting import Counts
from calipso_nornir.live.journal import Journal, key_of, notification_of
from calipso_nornir.live.outcomes import LONGEST_OUTAGE_WAIT_S, MOST_ATTEMPTS, Outcomes, Ticket
from calipso_nornir.live.recalling import Recalling
from calipso_nornir.live.unfinished import has_unfinished
from calipso_nornir.parsing.notifications import read_notification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from calipso_nornir.live.agenda import Batch
    from calipso_nornir.live.arrivals import Inbox
    from calipso_nornir.live.classic import ClassicWork
    from calipso_nornir.live.looking import Looker
    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.protocols import EventHandler
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store, StoreView

logger = logging.getLogger(__name__)

ALONE_AFTER: Final = 3
"""How often the process may die while processing an event; after that, its objects are scanned apart from others."""
GAP_ATTEMPTS: Final = 5
"""Attempts for an event with objects that cannot be examined; after that it is settled, and they are scanned later."""
AT_ONCE: Final = 2000
"""Maximum number of arrivals read before the next scan."""
MOST_KEPT: Final = 20_000
"""Number of messages whose attempts are remembered."""
IDLE_S: Final = 0.5
LETTERS_S: Final = 2.0
"""Seconds between two searches for dead letters to try again."""
STORE_WAIT_S: Final = 1.0
WHOLE_WAIT_S: Final = 10.0
"""Seconds before the next attempt to scan everything."""
MOST_CAUSES: Final = 3
"""Maximum number of event types in the cause of a commit."""


class Processor:
    """Processes the messages of one environment until it is stopped."""

    def __init__(  # noqa: PLR0913 - all parts of the work are combined here
        self,
        environment: str,
        *,
        store: Store,
        inbox: Inbox,
        handlers: Mapping[str, EventHandler],
        looker: Looker,
        classic: ClassicWork | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.counts = Counts()
        self.agenda: Agenda[Ticket] = Agenda()
        self._environment = environment
        self._store = store
        self._view = self._seen_now()
        self._inbox = inbox
        self._handlers = handlers
        self._looker = looker
        self._clock = clock
        self._journal = Journal(store, environment)
        self._auditor = Audit(store, environment, looker, first_at=clock())
        self.counts.missed = self._auditor.missed
        self._missed: list[str] = []
        self._begun: dict[str, int] = {}
        self._waiting: dict[str, Ticket] = {}
        """Messages whose objects are to be scanned, by key; also some that no longer are."""
        self._outcomes = Outcomes(self._journal, self.counts, environment)
        self._classic = ClassicTurns(classic, self.agenda, self._outcomes, self.counts, clock=clock)
        self._whole_at = 0.0
        self._letters_at = 0.0

    def run(self, stop: Event) -> None:
        """Process messages until ``stop`` is set; their sources keep the unfinished ones."""
        while not stop.is_set():
            self.round()

    def round(self) -> None:
        """Read what has arrived, and scan what is due; wait up to half a second for either."""
        arrivals: list[Arrival] = []
        try:
            self._outcomes.write_down()
            arrivals, missed = self._inbox.take(at_most=AT_ONCE, wait_s=self._wait_s())
            self._missed += missed
            self._view = self._seen_now()
            while arrivals:
                self._receive(arrivals[0])
                arrivals.pop(0)
            self._classic.again()
            self._send_again()
            self._look_everywhere()
            self._look()
            self._audit()
            self._outcomes.write_down()
        except StoreError as error:
            logger.warning("%s: %s", self._environment, error)
            self._inbox.put_back(arrivals)
            time.sleep(STORE_WAIT_S)

    def _seen_now(self) -> StoreView:
        """Return the handlers' view: the current picture, cached while one burst is read."""
        return cast("StoreView", Recalling(self._store.view(self._environment)))

    # --- what arrives

    def _receive(self, arrival: Arrival) -> None:
        """Read a message, and add what it touches to the agenda. Raises StoreError: not done, try again."""
        try:
            notification = _read(arrival)
        except NotificationUnusable as error:
            self._outcomes.bury_unread(arrival, str(error))
            return
        handler = self._handlers.get(notification.type)
        if handler is None:
            arrival.settle()
            self.counts.ignored += 1
            return
        same = self._waiting.get(key_of(notification))
        if same is not None and not same.is_over:  # sent twice, or again after a lost connection
            same.more.append(arrival)
            return
        begun = self._begun_before(notification) if arrival.again else 0
        self._add(Ticket(arrival, notification, begun + 1), handler, begun)

    def _add(self, ticket: Ticket, handler: EventHandler, begun: int) -> None:
        if begun >= MOST_ATTEMPTS:
            self._outcomes.bury(ticket, "the process died each time while processing this")
            return
        if isinstance(handler, EventBase):
            self._classic.handle(ticket, handler)
            return
        try:
            ticket.refs = self._touched(handler, ticket.notification)
        except NotificationUnusable as error:
            self._outcomes.bury(ticket, str(error))
            return
        if not ticket.refs:
            self._outcomes.settle(ticket, "nothing")
            return
        self._remember(ticket)
        alone = begun >= ALONE_AFTER
        self.agenda.touch(ticket, ticket.refs, now=self._clock(), why=ticket.notification.type, alone=alone)

    def _remember(self, ticket: Ticket) -> None:
        if len(self._waiting) >= MOST_KEPT:
            self._waiting = {key: one for key, one in self._waiting.items() if not one.is_over}
        self._waiting[key_of(ticket.notification)] = ticket

    def _begun_before(self, notification: Notification) -> int:
        """Return how often earlier processes began this message; repetitions after a lost connection do not count."""
        key = key_of(notification)
        if key not in self._begun:
            if len(self._begun) >= MOST_KEPT:
                self._begun.clear()
            self._begun[key] = self._journal.attempts(notification)
        return self._begun[key]

    def _touched(self, handler: EventHandler, notification: Notification) -> list[ObjectRef]:
        try:
            return list(dict.fromkeys(handler.touched(notification, self._view)))
        except CalipsoError:
            raise
        except Exception as error:
            logger.exception("%s: handler of %s", self._environment, notification.type)
            raise NotificationUnusable(f"its handler raised {error!r}") from error

    def _send_again(self) -> None:
        """Read the dead letters that users have asked to try again."""
        now = self._clock()
        if now < self._letters_at:
            return
        self._letters_at = now + LETTERS_S
        for letter in self._journal.to_send_again():
            notification = notification_of(letter)
            if notification is not None:
                key = key_of(notification)
                self._journal.taken_again(key)
                self._inbox.put(
                    Arrival(
                        body=notification, source=notification.source, settle=partial(self._journal.forget_dead, key)
                    )
                )

    # --- looking

    def _look_everywhere(self) -> None:
        if not self._missed or self._clock() < self._whole_at:
            return
        why = "; ".join(dict.fromkeys(self._missed))
        look = self._looker.everywhere(cause=f"events may be missed: {why}"[:500])
        if look.state in ("stored", "gap"):
            self._missed.clear()
        else:
            logger.warning("%s: %s", self._environment, look.problem)
            self._whole_at = self._clock() + WHOLE_WAIT_S

    def _look(self) -> None:
        batch = self.agenda.take(self._clock())
        if batch is None:
            return
        # This may kill the process, so the attempts are counted first.
        self._outcomes.count(one for one in batch.tickets if one.arrival.again or one.more)
        look = self._looker.at(batch.refs, cause=_cause(batch))
        self.counts.looks += 1
        self.counts.objects += len(batch.entries)
        now = self._clock()
        if look.state == "stored":
            is_unfinished = self._is_unfinished(batch)
            for ticket in self.agenda.looked(batch, now=now, changed=look.changed, is_unfinished=is_unfinished):
                self._outcomes.settle(ticket, "stored")
            return
        logger.warning("%s: %s", self._environment, look.problem)
        self.counts.retried += len(batch.tickets)
        divide, longest_s = look.state == "broken", LONGEST_OUTAGE_WAIT_S if look.state == "outage" else LONGEST_WAIT_S
        self.agenda.failed(batch, now=now, longest_s=longest_s, divide=divide)
        for ticket in batch.tickets:
            if look.state != "outage":
                ticket.attempts += 1
            if look.state == "gap":
                self._missing(ticket, look.problem)
            elif look.state == "broken":
                self._failed(ticket, look.problem)

    def _is_unfinished(self, batch: Batch[Ticket]) -> bool:
        """Return whether agents have still to do something for what would not be looked at again."""
        last = batch.last_refs
        try:
            return bool(last) and has_unfinished(self._seen_now(), last)
        except StoreError as error:
            logger.info("%s: %s", self._environment, error)
            return True  # it is looked at again, and asked then

    def _missing(self, ticket: Ticket, problem: str) -> None:
        """Continue without what cannot be examined, after some attempts; its objects stay on the agenda."""
        if ticket.attempts > GAP_ATTEMPTS:
            self.agenda.let_go(ticket)
            self._outcomes.settle(ticket, "stored", problem=f"looked at again later: {problem}")
        else:
            self._outcomes.wait(ticket, problem)

    def _audit(self) -> None:
        """Run an audit if nothing else is to be done."""
        now = self._clock()
        if not len(self.agenda) and not self._missed and self._auditor.is_due(now):
            self._auditor.look(now)

    def _failed(self, ticket: Ticket, problem: str) -> None:
        if ticket.attempts > MOST_ATTEMPTS:
            self.agenda.drop(ticket)
            self._outcomes.bury(ticket, problem)
        else:
            self._outcomes.wait(ticket, problem)

    def _wait_s(self) -> float:
        due = self.agenda.next_due()
        return IDLE_S if due is None else min(IDLE_S, max(0.0, due - self._clock()))


def _read(arrival: Arrival) -> Notification:
    if isinstance(arrival.body, bytes):
        return read_notification(arrival.body, source=arrival.source, received=arrival.at)
    return arrival.body


def _cause(batch: Batch[Ticket]) -> str:
    """Return the cause of a commit: the events, and whether this is a later scan."""
    more = f" and {len(batch.whys) - MOST_CAUSES} more" if len(batch.whys) > MOST_CAUSES else ""
    again = "" if batch.tickets else ", looked at again"
    return f"event {', '.join(batch.whys[:MOST_CAUSES])}{more}{again}"
