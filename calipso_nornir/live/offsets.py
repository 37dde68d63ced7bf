# SPDX-License-Identifier: Apache-2.0
"""Determines which offset of a partition may be committed.

A pure data structure. A committed offset means that every message before it is finished (Kafka's protocol,
OffsetCommit). Messages finish in any order, so the offset can only advance to the first unfinished one.
"""

from __future__ import annotations

import heapq
from typing import Final

_NONE: Final = -1
"""Less than any offset."""


class Offsets:
    """The progress in one partition, while it is assigned to this consumer."""

    def __init__(self, start: int, *, seen_before: int) -> None:
        self.next = start
        """The next expected offset."""
        self._seen_before = seen_before
        self._open: set[int] = set()
        self._oldest: list[int] = []
        self._committed = start

    def __len__(self) -> int:
        return len(self._open)

    def takes(self, offset: int) -> bool:
        """Record a received message; return whether the broker no longer had those before it."""
        skipped = offset > self.next
        self.next = offset + 1
        if offset not in self._open:
            self._open.add(offset)
            heapq.heappush(self._oldest, offset)
        return skipped

    def is_again(self, offset: int) -> bool:
        """Return whether a message may be a repetition: the broker had it before the partition was assigned."""
        return offset < self._seen_before

    def done(self, offset: int) -> None:
        """Record that the results of a message are stored."""
        self._open.discard(offset)

    def to_commit(self) -> int | None:
        """Return the offset to commit now; None if it has not changed."""
        while self._oldest and self._oldest[0] not in self._open:
            heapq.heappop(self._oldest)
        now = self._oldest[0] if self._oldest else self.next
        if now <= self._committed:
            return None
        self._committed = now
        return now

    def not_committed(self) -> None:
        """Record that a commit failed; ``to_commit`` returns the offset again."""
        self._committed = _NONE
