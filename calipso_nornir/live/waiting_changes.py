# SPDX-License-Identifier: Apache-2.0
"""Collects the changes that a host reports, and makes few events of many changes. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

FIRST_S: Final = 0.2
"""Seconds that the first change waits for others."""
BETWEEN_S: Final = 2.0
"""Minimum seconds between two events of one kind on one host."""
MOST_NAMES: Final = 100
"""Maximum number of names in one event; if there are more, it says so, and the whole host is scanned."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Changes on a host.

    Attributes:
        kind: "link", "switch" or "watch".
        names: of devices and bridges, sorted.
        is_flood: whether there were more names than these.
    """

    host: str
    kind: str
    names: tuple[str, ...]
    is_flood: bool = False


@dataclass(slots=True)
class _Waiting:
    names: set[str] = field(default_factory=set)
    is_flood: bool = False
    due: float | None = None
    last: float = float("-inf")


class WaitingChanges:
    """Waiting changes, by host and kind."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], _Waiting] = {}

    def add(self, host: str, kind: str, *names: str, now: float) -> None:
        """Add a change."""
        one = self._waiting.setdefault((host, kind), _Waiting())
        if one.due is None:
            one.due = max(now + FIRST_S, one.last + BETWEEN_S)
        for name in names:
            if len(one.names) < MOST_NAMES or name in one.names:
                one.names.add(name)
            else:
                one.is_flood = True

    def take(self, now: float) -> list[Gathered]:
        """Return what is due."""
        found = []
        for (host, kind), one in self._waiting.items():
            if one.due is not None and one.due <= now:
                found.append(Gathered(host, kind, tuple(sorted(one.names)), one.is_flood))
                self._waiting[host, kind] = _Waiting(last=now)
        return found

    def forget(self, host: str) -> None:
        """Forget a host."""
        for key in [one for one in self._waiting if one[0] == host]:
            del self._waiting[key]
