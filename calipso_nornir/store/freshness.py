# SPDX-License-Identifier: Apache-2.0
"""Determines which documents the last full scan kept without confirming them, because it could not examine them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.store.frozen import Frozen
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import Store


_TOLERANCE: Final = timedelta(minutes=1)
"""Synchronised clocks differ by less than this."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Distinguishes confirmed documents from kept ones.

    Attributes:
        looked_at: when the last scan of the whole inventory began (aware, UTC, milliseconds); None if there was none.
    """

    looked_at: datetime | None = None

    def unconfirmed_since(self, one: InventoryObject | Link | Clique) -> datetime | None:
        """Return when it was last confirmed, if a later full scan has not confirmed it; else None.

        A link is confirmed if both its ends are, a clique if all its links are. A time in the future, from a clock that
        was ahead, confirms nothing.
        """
        seen = one.scanned_at
        if seen is None or self.looked_at is None:
            return None
        return seen if seen < self.looked_at or seen > max(self.looked_at, datetime.now(UTC)) else None


def freshness_of(store: Store, environment: str) -> Freshness:
    """Read when the last full scan of an environment began; for a past state of the store, the last one then."""
    scans = store.collection("scans").find({"environment": environment})
    at = _until(store, environment)
    if at is not None:
        scans = [one for one in scans if one.get("end_timestamp") and _time(one["end_timestamp"]) <= at]
    whole = newest_whole(scans)
    return Freshness(utc_ms(_time(whole["start_timestamp"])) if whole is not None else None)


def _until(store: Store, environment: str) -> datetime | None:
    """Return when the state that a store shows ended: a revision lasts until the next commit. None: it is current."""
    at = store.at if isinstance(store, Frozen) else None
    if not isinstance(at, int):
        return at
    newest = store.commits(environment, limit=1)
    if not newest or newest[0].revision <= at:
        return None
    return store.commits(environment, limit=newest[0].revision - at)[-1].at


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text))


def newest_whole(scans: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the newest document of a scan that examined the whole environment and stored the result."""
    found = [scan for scan in scans if _is_whole(scan) and scan.get("status") in ("completed", "completed_with_errors")]
    return max(found, key=age_key, default=None)


def age_key(scan: Mapping[str, Any]) -> tuple[int, str]:
    """Return the sort key of scans' documents, oldest first: the number that they got at their end, never a time.

    Scans of older releases have no number; they are ordered by their start times.
    """
    number = scan.get("number")
    return (number if isinstance(number, int) else 0, str(scan.get("start_timestamp")))


def next_number(scans: Iterable[Mapping[str, Any]]) -> int:
    """Return the number for a scan that ends now."""
    return 1 + max((age_key(scan)[0] for scan in scans), default=0)


def in_the_future(scans: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the latest start time that is in the future, if any: it shows that a clock was, or is, wrong."""
    now = datetime.now(UTC) + _TOLERANCE
    begun = [str(scan["start_timestamp"]) for scan in scans if scan.get("start_timestamp")]
    return max((one for one in begun if datetime.fromisoformat(one) > now), default=None)


def _is_whole(scan: Mapping[str, Any]) -> bool:
    return not any(scan.get(name) for name in ("object_id", "refs", "links_only", "cliques_only"))
