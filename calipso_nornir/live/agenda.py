# SPDX-License-Identifier: Apache-2.0
"""What has to be looked at, and when. A pure data structure: times are seconds of any clock, and are handed in.

Each object that an event touches is due at once, and again some seconds later, because agents finish their work after
the event was sent. Touched again, it is due at once again: a look that began before an event says nothing about it.
Objects that are due together are one batch, which one small scan looks at. An event waits (as a *ticket*) until a look
that began after it has been stored for each object that it touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from calipso_nornir.model.refs import ObjectRef

GATHER_S: Final = 0.1
"""How long the first event of a burst waits for the others."""
LOOKS_S: Final = (GATHER_S, 1.5, 4.0)
"""When an object is looked at, counted from the last event that touched it."""
MORE_S: Final = (5.0, 10.0, 20.0)
"""Waits before further looks, one after the other, for as long as each look finds changes."""
MOST: Final = 200
"""Objects in one batch."""
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
    """With how many others it may be looked at; fewer after each failure, until it is clear which of them fails."""
    waiting: set[Ticket] = field(default_factory=set)
    whys: frozenset[str] = frozenset()
    """What the events were that touched it since it was looked at."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[Ticket]):
    """Objects for one small scan, and the events that wait for it."""

    entries: tuple[_Entry[Ticket], ...]

    @property
    def refs(self) -> list[ObjectRef]:
        """The objects."""
        return [one.ref for one in self.entries]

    @property
    def whys(self) -> list[str]:
        """What the events were that touched them last, sorted."""
        return sorted(frozenset().union(*(one.whys for one in self.entries)))

    @property
    def tickets(self) -> set[Ticket]:
        """The events that wait for one of them."""
        return {ticket for one in self.entries for ticket in one.waiting}


class Agenda(Generic[Ticket]):
    """All that waits to be looked at. Only one batch is looked at at a time."""

    def __init__(self) -> None:
        self._pending: dict[ObjectRef, _Entry[Ticket]] = {}
        self._open: dict[Ticket, int] = {}
        """Event -> how many of its objects have not been looked at since."""

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return len(self._open)

    def next_due(self) -> float | None:
        """Return when the next object is due; None if nothing is pending."""
        return min((one.due for one in self._pending.values()), default=None)

    def touch(
        self, ticket: Ticket, refs: Collection[ObjectRef], *, now: float, why: str = "", alone: bool = False
    ) -> None:
        """Add the objects that an event touches, at least one; ``why`` names the event.

        ``alone``: do not look at them together with others.
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
            if alone:
                entry.together = 1

    def take(self, now: float) -> Batch[Ticket] | None:
        """Return the objects that are due, those that have waited longest first; None if none is."""
        due = sorted((one for one in self._pending.values() if one.due <= now), key=lambda one: one.due)
        if not due:
            return None
        together = due[0].together
        batch = [one for one in due if one.together == together][:together]
        for one in batch:
            del self._pending[one.ref]
        return Batch(tuple(batch))

    def looked(self, batch: Batch[Ticket], *, now: float, changed: bool) -> list[Ticket]:
        """Note that a batch was looked at, and stored; return the events that have nothing left to wait for."""
        settled = [ticket for one in batch.entries for ticket in self._release(one)]
        for one in batch.entries:
            if one.ref not in self._pending:
                due = _next_look(one, now, changed=changed)
                if due is not None:
                    self._pending[one.ref] = _Entry(one.ref, one.touched, due, looks=one.looks + 1, whys=one.whys)
        return settled

    def failed(self, batch: Batch[Ticket], *, now: float, longest_s: float = LONGEST_WAIT_S, divide: bool) -> None:
        """Let a batch wait, longer after each failure, up to ``longest_s``.

        ``divide``: it is one of these objects that fails, and it is to be found by halves. Otherwise all are looked at
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
            if one.waiting or not divide or one.failures < len(MORE_S):  # nobody waits for a later look
                self._pending[one.ref] = one

    def let_go(self, ticket: Ticket) -> None:
        """Forget an event whose objects are still to be looked at."""
        self._open.pop(ticket, None)
        for one in self._pending.values():
            one.waiting.discard(ticket)

    def drop(self, ticket: Ticket) -> None:
        """Forget an event; objects that no other event waits for are not looked at any more."""
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


def _next_look(one: _Entry[Ticket], now: float, *, changed: bool) -> float | None:
    looks = one.looks + 1
    if looks < len(LOOKS_S):
        return max(now, one.touched + LOOKS_S[looks])
    more = looks - len(LOOKS_S)
    return now + MORE_S[more] if changed and more < len(MORE_S) else None
