# SPDX-License-Identifier: Apache-2.0
"""Counts requests and how long they took, with labels of which there is a known number.

A request is counted by the template of its route, never by its path: whoever asks chooses the path.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from calipso_nornir.api.exposition import Family, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER: Final = "other"
BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(slots=True)
class Counts:
    """What was counted."""

    requests: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By route, method, and class of the status."""
    buckets: dict[str, list[int]] = field(default_factory=dict)
    """Route → requests that took at most as long as ``BUCKETS_S`` says, and longer."""
    seconds: dict[str, float] = field(default_factory=dict)
    failed_logins: int = 0

    def add(self, other: Counts) -> None:
        """Count what another one has counted, too."""
        self.requests.update(other.requests)
        for route, counts in other.buckets.items():
            known = self.buckets.get(route, [0] * len(counts))
            self.buckets[route] = [one + more for one, more in zip(known, counts, strict=True)]
            self.seconds[route] = self.seconds.get(route, 0.0) + other.seconds[route]
        self.failed_logins += other.failed_logins

    def families(self) -> tuple[Family, ...]:
        """Return it for Prometheus."""
        counted = tuple(
            Sample({"route": route, "method": method, "status": status}, count)
            for (route, method, status), count in sorted(self.requests.items())
        )
        timed = tuple(
            sample
            for route, counts in sorted(self.buckets.items())
            for sample in _histogram(route, counts, self.seconds[route])
        )
        failed = (Sample({}, self.failed_logins),)
        return (
            Family("calipso_http_requests_total", "counter", "Requests that were answered.", counted),
            Family("calipso_http_request_seconds", "histogram", "Seconds until the answer had been sent.", timed),
            Family("calipso_login_failures_total", "counter", "Logins with a wrong name or password.", failed),
        )


class Meter:
    """The requests of this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts = Counts()

    def served(self, *, route: str | None, method: str, status: int, seconds: float) -> None:
        """Count a request; ``route`` is the template of its path, None if no route was meant."""
        template = route or OTHER
        method = method if method in _METHODS else OTHER
        with self._guard:
            counts = self._counts
            counts.requests[template, method, _class_of(status)] += 1
            buckets = counts.buckets.setdefault(template, [0] * (len(BUCKETS_S) + 1))
            buckets[bisect_left(BUCKETS_S, seconds)] += 1
            counts.seconds[template] = counts.seconds.get(template, 0.0) + seconds

    def login_failed(self) -> None:
        """Count a login with a wrong name or password."""
        with self._guard:
            self._counts.failed_logins += 1

    def counts(self) -> Counts:
        """Return a copy of what was counted."""
        with self._guard:
            return deepcopy(self._counts)

    def families(self) -> tuple[Family, ...]:
        """Return what was counted, for Prometheus."""
        return self.counts().families()


def _histogram(route: str, counts: list[int], seconds: float) -> Iterator[Sample]:
    bounds = [*(f"{bound:g}" for bound in BUCKETS_S), "+Inf"]
    for bound, below in zip(bounds, accumulate(counts), strict=True):
        yield Sample({"route": route, "le": bound}, below, "_bucket")
    yield Sample({"route": route}, seconds, "_sum")
    yield Sample({"route": route}, sum(counts), "_count")


def _class_of(status: int) -> str:
    """Return "2xx" and the like; a request that got no answer at all counts as a failure of ours."""
    return f"{status // 100}xx" if 100 <= status < 600 else "5xx"  # noqa: PLR2004 - RFC 9110, 15
