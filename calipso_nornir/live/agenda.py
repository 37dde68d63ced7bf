# SPDX-License-Identifier: Apache-2.0
"""The objects to be scanned again, and when. A pure data structure: times are arguments, in seconds of any clock.

Each object that an event touches is due at once, and again some seconds later, because agents finish their work after
the event was sent, and for as long as they have not finished it, or it changes. If it is touched again, it is due at
once again, because a scan that began before an event may have missed it. Objects that are due together form one batch,
for one small scan. An event waits (as a *ticket*) until, for each object that it touched, a scan that began after it
has been stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from calipso_nornir.model.refs import ObjectRef

GATHER_S: Final = 0.1
"""Seconds that the first event of a burst waits for the others."""
LOOKS_S: Final = (GATHER_S, 1.5, 4.0)
"""Seconds after the last event at which an object that it touched is scanned."""
MORE_S: Final = (5.0, 10.0, 20.0)
"""Seconds before each further scan: the first if there was any change, others for as long as each finds changes."""
SOON_S: Final = 2.0
"""Seconds before a further scan while an agent has not finished; more, the longer that takes."""
PATIENCE_S: Final = 120.0
"""Seconds after the last event for which what is not finished is scanned again."""
MOST: Final = 200
"""Maximum number of objects in one batch."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0

Ticket = TypeVar("Ticket")


@dataclass(slots=True)
class _Entry(Generic[Ticket]):
    ref: ObjectRef
    touched: float
    due: float
    looks: int = 0
    failures: int = 0
    together: int = MOST
    """How many objects its batch may have; halved after each failure, until it is clear which object fails."""
    alone: bool = False
    """Whether it may have killed the process, and is scanned only together with such objects."""
    waiting: set[Ticket] = field(default_factory=set)
    changed: bool = False
    """Whether a scan since the last event found a change."""
    whys: frozenset[str] = frozenset()
    """The events that touched it since it was last scanned."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[Ticket]):
    """Objects for one small scan, and the events that wait for it."""

    entries: tuple[_Entry[Ticket], ...]

    @property
    def refs(self) -> list[ObjectRef]:
        """The objects."""
        return [one.ref for one in self.entries]

    @property
    def last_refs(self) -> list[ObjectRef]:
        """The objects that are not looked at again unless there is a reason."""
        return [one.ref for one in self.entries if one.looks + 1 >= len(LOOKS_S)]

    @property
    def whys(self) -> list[str]:
        """The events that touched them last, sorted."""
        return sorted(frozenset().union(*(one.whys for one in self.entries)))

    @property
    def tickets(self) -> set[Ticket]:
        """The events that wait for any of them."""
        return {ticket for one in self.entries for ticket in one.waiting}


class Agenda(Generic[Ticket]):
    """All objects that wait to be scanned. Only one batch is scanned at a time."""

    def __init__(self) -> None:
        self._pending: dict[ObjectRef, _Entry[Ticket]] = {}
        self._open: dict[Ticket, int] = {}
        """Event -> how many of its objects have not been scanned since."""
        self._alone_at_once = 1

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def waiting(self) -> int:
        """The number of waiting events."""
        return len(self._open)

    def next_due(self) -> float | None:
        """Return when the next object is due; None if nothing is pending."""
        return min((one.due for one in self._pending.values()), default=None)

    def touch(
        self, ticket: Ticket, refs: Collection[ObjectRef], *, now: float, why: str = "", alone: bool = False
    ) -> None:
        """Add the objects that an event touches, at least one; ``why`` names the event.

        ``alone``: scan them apart from others, a single one first, then twice as many after each success.
        """
        self._open[ticket] = len(refs)
        for ref in refs:
            entry = self._pending.get(ref)
            if entry is None:
                entry = self._pending[ref] = _Entry(ref, now, now + LOOKS_S[0])
            elif entry.failures == 0:
                entry.due = min(entry.due, now + LOOKS_S[0])
            entry.whys = (entry.whys if entry.waiting else frozenset()) | {why}
            entry.touched, entry.looks = now, 0
            entry.waiting.add(ticket)
            entry.alone = entry.alone or alone

    def take(self, now: float) -> Batch[Ticket] | None:
        """Return the objects that are due, the longest waiting first; None if there are none."""
        due = sorted((one for one in self._pending.values() if one.due <= now), key=lambda one: one.due)
        if not due:
            return None
        together, alone = due[0].together, due[0].alone
        at_most = min(together, self._alone_at_once) if alone else together
        batch = [one for one in due if (one.together, one.alone) == (together, alone)][:at_most]
        for one in batch:
            del self._pending[one.ref]
        return Batch(tuple(batch))

    def looked(self, batch: Batch[Ticket], *, now: float, changed: bool, is_unfinished: bool = False) -> list[Ticket]:
        """Record that a batch was scanned and stored; return the events that no longer wait for anything.

        ``is_unfinished``: an agent has not finished something of it.
        """
        settled = [ticket for one in batch.entries for ticket in self._release(one)]
        if batch.entries[0].alone:
            self._alone_at_once = min(2 * self._alone_at_once, MOST)
        for one in batch.entries:
            if one.ref not in self._pending:
                ever = one.changed or changed
                next_ = _next_look(one, now, changed=changed, ever=ever, is_unfinished=is_unfinished)
                if next_ is not None:
                    looks, due = next_
                    self._pending[one.ref] = _Entry(one.ref, one.touched, due, looks=looks, changed=ever, whys=one.whys)
        return settled

    def failed(self, batch: Batch[Ticket], *, now: float, longest_s: float = LONGEST_WAIT_S, divide: bool) -> None:
        """Postpone a batch, longer after each failure, up to ``longest_s``.

        ``divide``: one of these objects fails, and is to be found by bisection. Otherwise all are scanned
        together again, with what else waits by then.
        """
        for one in batch.entries:
            wait = min(FIRST_WAIT_S * 2**one.failures, longest_s)
            newer = self._pending.pop(one.ref, None)
            if newer is not None:
                one.waiting |= newer.waiting
                one.touched, one.looks, one.whys = newer.touched, newer.looks, one.whys | newer.whys
            one.failures += 1
            one.due = now + wait
            if divide:
                one.together = max(1, min(one.together, len(batch.entries)) // 2)
            if one.waiting or not divide or one.failures < len(MORE_S):  # no event waits for a later scan
                self._pending[one.ref] = one

    def let_go(self, ticket: Ticket) -> None:
        """Forget an event whose objects are still to be scanned."""
        self._open.pop(ticket, None)
        for one in self._pending.values():
            one.waiting.discard(ticket)

    def drop(self, ticket: Ticket) -> None:
        """Forget an event; objects that no other event waits for are no longer scanned."""
        self._open.pop(ticket, None)
        for ref, one in list(self._pending.items()):
            if ticket in one.waiting:
                one.waiting.discard(ticket)
                if not one.waiting:
                    del self._pending[ref]

    def _release(self, one: _Entry[Ticket]) -> Iterable[Ticket]:
        for ticket in one.waiting:
            if ticket not in self._open:
                continue
            self._open[ticket] -= 1
            if not self._open[ticket]:
                del self._open[ticket]
                yield ticket


def _next_look(
    one: _Entry[Ticket], now: float, *, changed: bool, ever: bool, is_unfinished: bool
) -> tuple[int, float] | None:
    """Return how many scans there have been by then, of those that are counted, and when; None if no more."""
    looks = one.looks + 1
    if looks < len(LOOKS_S):
        return looks, max(now, one.touched + LOOKS_S[looks])
    taken = now - one.touched
    if is_unfinished and taken < PATIENCE_S:  # when it is finished, that is a change, and the other scans follow
        return len(LOOKS_S) - 1, now + max(SOON_S, taken / 4)
    more = looks - len(LOOKS_S)
    if more >= len(MORE_S) or not (changed or (ever and more == 0)):
        return None
    return looks, now + MORE_S[more]
