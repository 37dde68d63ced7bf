# SPDX-License-Identifier: Apache-2.0
"""The retention of records: ended scans with their messages, the audit trail, connection tests.

It is a setting of the store, for all processes that use it. Once an hour, one of them removes old records.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest, StoreError
from calipso_nornir.model.finding import Range
from calipso_nornir.store.retention import COLLECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calipso_nornir.model.stores import Store

logger = logging.getLogger(__name__)

KEY: Final = "record_retention"
_DONE: Final = "records_removed"
EVERY: Final = timedelta(hours=1)
_AT_ONCE: Final = 1000
"""Maximum number of documents found by one query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRetention:
    """How many records are kept, and for how long.

    Attributes:
        scans: number of ended scans of each environment, with their messages; waiting and running ones are always kept.
        audit_days: days for the audit trail.
        message_days: days for messages of any scan.
        check_days: days for connection tests.
    """

    scans: int = 50
    audit_days: float = 365
    message_days: float = 90
    check_days: float = 30

    def __post_init__(self) -> None:
        for one in fields(self):
            if getattr(self, one.name) < (1 if one.name == "scans" else 0):
                raise InvalidRequest(f"retention: {one.name} is {getattr(self, one.name)}: expected a larger number")

    def __str__(self) -> str:
        return (
            f"of each environment the last {self.scans} ended scans are kept; messages for {self.message_days:g} days, "
            f"connection tests for {self.check_days:g}, the audit trail for {self.audit_days:g}"
        )

    @property
    def by_age(self) -> tuple[tuple[str, str, float], ...]:
        """Collections from which documents are removed by age: name, field with the time, days."""
        return (
            ("audit", "at", self.audit_days),
            ("messages", "timestamp", self.message_days),
            ("connection_tests", "submit_timestamp", self.check_days),
        )


def records_kept(store: Store) -> RecordRetention:
    """Return the store's setting."""
    document = store.collection(COLLECTION).get(KEY) or {}
    known = {one.name for one in fields(RecordRetention)}
    return RecordRetention(**{key: value for key, value in document.items() if key in known})


def keep_records(store: Store, **changes: float | None) -> RecordRetention:
    """Change the given values of the setting, and return it."""
    changed = replace(records_kept(store), **{key: value for key, value in changes.items() if value is not None})  # type: ignore[arg-type]  # scans is an int
    store.collection(COLLECTION).put(KEY, asdict(changed))
    return changed


def remove_old_records(store: Store, *, now: datetime | None = None) -> dict[str, int]:
    """Remove what is too old; return the number of documents removed from each collection."""
    now = now or datetime.now(UTC)
    removed = {}
    for name, field, days in records_kept(store).by_age:
        before = (now - timedelta(days=days)).isoformat()
        removed[name] = _removed(store, name, Range(field, below=before))
    return removed


class RecordSweeper:
    """Removes old records when that is due; of the processes that use the store, the first to notice does it."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._next = float("-inf")
        self._guard = threading.Lock()

    def sweep(self) -> Mapping[str, int]:
        """Remove old records, unless a process did so within the last hour. Errors are only logged."""
        with self._guard:
            if self._clock() < self._next:
                return {}
            self._next = self._clock() + EVERY.total_seconds()
        try:
            return remove_old_records(self._store) if self._mine() else {}
        except StoreError as error:
            logger.warning("old records could not be removed: %s", error)
            return {}

    def _mine(self) -> bool:
        """Return whether it is this process's turn to remove them."""
        settings, now = self._store.collection(COLLECTION), datetime.now(UTC)
        there: dict[str, Any] | None = settings.get(_DONE)
        if there is None:
            return settings.insert(_DONE, {"at": now.isoformat()})
        if now - datetime.fromisoformat(there["at"]) < EVERY:
            return False
        return settings.update_if(_DONE, {"at": there["at"]}, {"at": now.isoformat()}) is not None


def _removed(store: Store, name: str, too_old: Range) -> int:
    collection, removed = store.collection(name), 0
    while found := collection.find(where=(too_old,), limit=_AT_ONCE):
        gone = sum(collection.delete(str(one["id"])) for one in found if one.get("id"))
        removed += gone
        if not gone:
            break  # documents of other programs, without the id that is the key
    return removed
