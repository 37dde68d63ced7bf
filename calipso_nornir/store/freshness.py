# SPDX-License-Identifier: Apache-2.0
"""What the last scan could not confirm: it is kept, but nobody could look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Store


@dataclass(frozen=True, slots=True)
class Freshness:
    """Tells the confirmed from the kept.

    Attributes:
        looked_at: when the last scan of the whole inventory began (aware, UTC, milliseconds); None when none is known.
    """

    looked_at: datetime | None = None

    def unconfirmed_since(self, one: InventoryObject | Link | Clique) -> datetime | None:
        """Return when it was confirmed last, if a later scan of everything has not confirmed it; else None.

        A link is confirmed when both its ends are, a clique when all its links are.
        """
        seen = one.scanned_at
        return seen if seen is not None and self.looked_at is not None and seen < self.looked_at else None


def freshness_of(store: Store, environment: str) -> Freshness:
    """Read when the last scan of everything in an environment began."""
    whole = newest_whole(store.collection("scans").find({"environment": environment}))
    return Freshness(utc_ms(datetime.fromisoformat(whole["start_timestamp"])) if whole is not None else None)


def newest_whole(scans: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the newest of some scans' documents that looked at a whole inventory and stored it."""
    found = [scan for scan in scans if _is_whole(scan) and scan.get("status") in ("completed", "completed_with_errors")]
    return max(found, key=lambda scan: str(scan.get("start_timestamp")), default=None)


def _is_whole(scan: Mapping[str, Any]) -> bool:
    return not (scan.get("object_id") or scan.get("links_only") or scan.get("cliques_only"))
