# SPDX-License-Identifier: Apache-2.0
"""Which messages of a partition are done, and so which offset may be committed. A pure data structure.

A group's committed offset says that everything before it is done (Kafka's protocol, OffsetCommit), while messages are
done in any order: it may go only as far as no message before it is still open.
"""

from __future__ import annotations

import heapq


class Offsets:
    """The progress in one partition, while it is assigned to this consumer."""

    def __init__(self, start: int, *, seen_before: int) -> None:
        self.next = start
        """The offset that is expected next."""
        self._seen_before = seen_before
        self._open: set[int] = set()
        self._oldest: list[int] = []
        self._committed = start

    def __len__(self) -> int:
        return len(self._open)

    def takes(self, offset: int) -> bool:
        """Note that a message has come; return whether the broker no longer had those before it."""
        skipped = offset > self.next
        self.next = offset + 1
        if offset not in self._open:
            self._open.add(offset)
            heapq.heappush(self._oldest, offset)
        return skipped

    def is_again(self, offset: int) -> bool:
        """Return whether a message may have come before: it was at the broker before the partition was assigned."""
        return offset < self._seen_before

    def done(self, offset: int) -> None:
        """Note that the work of a message is stored."""
        self._open.discard(offset)

    def to_commit(self) -> int | None:
        """Return the offset that is to be committed now; None if that is the one that was returned last."""
        while self._oldest and self._oldest[0] not in self._open:
            heapq.heappop(self._oldest)
        now = self._oldest[0] if self._oldest else self.next
        if now <= self._committed:
            return None
        self._committed = now
        return now
