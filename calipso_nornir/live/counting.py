# SPDX-License-Identifier: Apache-2.0
"""Counters of a listener's work, and how long events take."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any, Final

KEPT: Final = 1000
"""Number of recent events from which percentiles are computed."""


@dataclass(slots=True)
class Counts:
    """Counters since the process began. Written by one thread; readers may be one event behind.

    Attributes:
        handled: events whose objects were scanned and stored.
        ignored: events of types without a handler.
        retried: attempts that failed.
        dead: events that became dead letters.
        looks: small scans; objects: the objects that these scanned.
        missed: objects, by type, that an audit found changed although no event had announced it.
        by_type: handled events by type.
        lags: seconds from arrival to the end of the commit, of the last events.
    """

    handled: int = 0
    ignored: int = 0
    retried: int = 0
    dead: int = 0
    looks: int = 0
    objects: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)
    lags: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def document(self) -> dict[str, Any]:
        """Return JSON values, with the median and the 95th percentile of the lags in seconds."""
        lags = sorted(self.lags)
        names = ("handled", "ignored", "retried", "dead", "looks", "objects")
        return {
            **{name: getattr(self, name) for name in names},
            "missed": dict(self.missed),
            "lag_p50_s": _at(lags, 0.5),
            "lag_p95_s": _at(lags, 0.95),
        }


def _at(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else None
