# SPDX-License-Identifier: Apache-2.0
"""Records are kept as long as the store's setting says: ended scans, messages, connection tests, the audit trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import InvalidRequest, StoreUnavailable
from calipso_nornir.store.record_retention import (
    EVERY,
    RecordRetention,
    RecordSweeper,
    keep_records,
    records_kept,
    remove_old_records,
)
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]
NOW = datetime(2026, 11, 29, tzinfo=UTC)
FIELDS = {"audit": "at", "messages": "timestamp", "connection_tests": "submit_timestamp"}


def fill(store: Store) -> None:
    for name, field in FIELDS.items():
        for days in (1, 20, 60, 200, 500):
            key = f"{name} {days}"
            store.collection(name).put(key, {"id": key, field: (NOW - timedelta(days=days)).isoformat()})
        store.collection(name).put("other", {"id": "other", "note": "without a time"})


def left(store: Store, name: str) -> list[int]:
    found = (one["id"].rpartition(" ")[2] for one in store.collection(name).find() if one["id"] != "other")
    return sorted(int(days) for days in found)


def test_what_is_too_old_is_removed(place: Place) -> None:
    store = place.open()
    fill(store)
    assert remove_old_records(store, now=NOW) == {"audit": 1, "messages": 2, "connection_tests": 3}
    assert [left(store, name) for name in FIELDS] == [[1, 20, 60, 200], [1, 20, 60], [1, 20]]
    keep_records(store, audit_days=10, message_days=0)
    assert remove_old_records(store, now=NOW) == {"audit": 3, "messages": 3, "connection_tests": 0}
    assert all(store.collection(name).get("other") for name in FIELDS), "what has no time has no age"


def test_one_process_of_a_store_does_it_once_an_hour(place: Place) -> None:
    store, now = place.open(), [0.0]
    fill(store)
    one, other = (RecordSweeper(store, clock=lambda: now[0]) for _ in range(2))
    assert one.sweep()["audit"] >= 1
    assert (one.sweep(), other.sweep()) == ({}, {})
    now[0] += EVERY.total_seconds()
    assert one.sweep() == {}, "by the store's own note it is not yet time"
    store.collection("store_settings").put("records_removed", {"at": (datetime.now(UTC) - EVERY).isoformat()})
    assert other.sweep() == {"audit": 0, "messages": 0, "connection_tests": 0}


def test_a_store_that_fails_stops_nobody(sqlite_place: Place, caplog: pytest.LogCaptureFixture) -> None:
    store = sqlite_place.open()
    store.close()

    class Failing:
        def collection(self, _name: str) -> object:
            raise StoreUnavailable("here", "it is gone")

    assert RecordSweeper(Failing()).sweep() == {}  # type: ignore[arg-type]  # as much of a store as is asked
    assert "old records could not be removed: store here cannot be used: it is gone" in caplog.text


def test_the_setting_is_shown_and_changed(sqlite_place: Place) -> None:
    store = sqlite_place.open()
    assert "the last 50 ended scans" in calipso("store", "retention", store=sqlite_place.uri).out
    options = ("--scans", "7", "--audit-days", "30.5")
    shown = calipso("store", "retention", *options, store=sqlite_place.uri).out
    assert (
        "the last 7 ended scans are kept; messages for 90 days, connection tests for 30, the audit trail for 30.5"
        in (" ".join(shown.split()))
    )
    assert records_kept(store) == RecordRetention(scans=7, audit_days=30.5)
    assert "30 days, at most" in shown, "history is as it was"


@pytest.mark.parametrize("change", [{"scans": 0}, {"audit_days": -1}])
def test_a_setting_that_cannot_be_is_refused(sqlite_place: Place, change: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest, match=next(iter(change))):
        keep_records(sqlite_place.open(), **change)
