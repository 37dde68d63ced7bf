# SPDX-License-Identifier: Apache-2.0
"""Schedules on both stores: one request per due time, one for missed ones, never two at a time; none harms another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.scan_manager.queue import ScanQueue
from calipso_nornir.scan_manager.recurrence import Recurrence
from calipso_nornir.scan_manager.request import ScanRequest
from calipso_nornir.scan_manager.schedules import COLLECTION, Schedule, Schedules

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document, Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

NOON = datetime(2126, 1, 1, 12, tzinfo=UTC)
"""Later than any now: a test's times are its own."""
HOUR = timedelta(hours=1)


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


class Manager:
    """What one scan manager has to do with schedules."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.queue = ScanQueue(store)
        self.schedules = Schedules(store, self.queue)

    def add(self, **recurrence: object) -> str:
        return self.schedules.add(
            Schedule(
                request=ScanRequest(environment="cloud", clear=True, object_id=None),
                recurrence=Recurrence(**{"freq": "HOURLY", "start": NOON, **recurrence}),  # type: ignore[arg-type]  # as given
            )
        )

    def made(self, at: datetime) -> list[str]:
        return self.schedules.submit_due(at)

    def ended(self, scan_id: str, status: str = "completed") -> None:
        self.store.collection("scans").update_if(scan_id, {}, {"status": status})

    def document(self, id_: str) -> Document:
        document = self.store.collection(COLLECTION).get(id_)
        assert document is not None
        return document


@pytest.fixture
def manager(store: Store) -> Manager:
    return Manager(store)


def test_a_schedule_makes_a_request_each_time(manager: Manager) -> None:
    id_ = manager.add()
    assert manager.made(NOON - timedelta(seconds=1)) == []
    (first,) = manager.made(NOON)
    assert manager.made(NOON) == []
    request = manager.queue.get(first)
    assert request is not None
    fields = ("environment", "status", "interval", "clear", "submitted_by")
    assert [request[name] for name in fields] == ["cloud", "pending", "HOURLY", True, f"schedule {id_}"]
    assert manager.document(id_)["status"] == "ongoing"
    manager.ended(first, "completed_with_errors")
    (second,) = manager.made(NOON + HOUR + timedelta(seconds=5))
    assert second != first
    noted = manager.document(id_)
    assert (noted["last_scan_id"], noted["last_status"]) == (second, "completed_with_errors")
    assert noted["scheduled_timestamp"] == (NOON + 2 * HOUR).isoformat(), "no drift"


def test_what_was_missed_is_made_up_once(manager: Manager) -> None:
    manager.add()
    (first,) = manager.made(NOON)
    manager.ended(first)
    late = NOON + 7 * HOUR + timedelta(minutes=20)
    (second,) = manager.made(late)
    manager.ended(second)
    assert manager.made(late) == []
    assert len(manager.made(NOON + 8 * HOUR)) == 1


def test_two_managers_make_one_request(manager: Manager, store: Store) -> None:
    manager.add()
    other = Manager(store)
    assert len(manager.made(NOON)) == 1
    assert other.made(NOON) == []
    assert len(store.collection("scans").find()) == 1


def test_a_manager_that_dies_before_it_notes_the_next_time_makes_no_second_request(
    manager: Manager, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.add()
    with monkeypatch.context() as patch:
        patch.setattr(Schedules, "_advance", lambda *_args, **_changes: None)
        manager.made(NOON)
    Manager(store).made(NOON + timedelta(minutes=5))
    assert len(store.collection("scans").find()) == 1


def test_no_request_is_made_while_the_last_one_has_not_ended(manager: Manager) -> None:
    id_ = manager.add()
    (first,) = manager.made(NOON)
    assert manager.made(NOON + HOUR) == []
    assert manager.document(id_)["scheduled_timestamp"] == (NOON + 2 * HOUR).isoformat()
    manager.ended(first)
    assert len(manager.made(NOON + 2 * HOUR)) == 1


def test_once_ends(manager: Manager) -> None:
    id_ = manager.add(freq="ONCE")
    (only,) = manager.made(NOON + HOUR)
    manager.ended(only)
    assert manager.made(NOON + 2 * HOUR) == []
    assert (manager.document(id_)["status"], manager.document(id_)["scheduled_timestamp"]) == ("finished", None)
    assert manager.made(NOON + 3 * HOUR) == []
    with pytest.raises(InvalidRequest, match="due once at 2020-01-01T00:00:00"):
        manager.add(freq="ONCE", start=datetime(2020, 1, 1, tzinfo=UTC))


def test_a_paused_schedule_waits(manager: Manager) -> None:
    id_ = manager.add(start=datetime(2026, 1, 1, 12, 30, tzinfo=UTC))
    manager.schedules.pause(id_)
    assert manager.made(NOON) == []
    manager.schedules.resume(id_)
    due = datetime.fromisoformat(manager.document(id_)["scheduled_timestamp"])
    assert due > datetime.now(UTC), "what was missed is not made up"
    assert due.minute == 30
    manager.schedules.remove(id_)
    assert manager.schedules.all() == []
    for verb in (manager.schedules.pause, manager.schedules.resume, manager.schedules.remove):
        with pytest.raises(InvalidRequest, match=f"there is no schedule {id_}: calipso schedules lists them"):
            verb(id_)


OLD = {"id": "s", "environment": "cloud", "submit_timestamp": NOON.isoformat()}


@pytest.mark.parametrize("named", ["freq", "recurrence"])
def test_documents_of_the_older_system_work_without_flags(manager: Manager, named: str) -> None:
    """Its API leaves all flags out, which ended its scan manager (D-SM2); its next time was that of whoever looked."""
    manager.store.collection(COLLECTION).put("s", {**OLD, named: "DAILY"})
    assert manager.made(NOON) == []
    assert manager.document("s")["scheduled_timestamp"] == (NOON + timedelta(days=1)).isoformat()
    assert len(manager.made(NOON + timedelta(days=1))) == 1


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"freq": "SOMETIMES"}, "schedule s: freq is 'SOMETIMES'; expected one of ONCE, HOURLY"),
        ({}, "schedule s: freq is None; expected one of"),
        ({"freq": "DAILY", "clear": 1}, "s: clear is 1; expected true or false"),
        ({"freq": "DAILY", "submit_timestamp": None}, "submit_timestamp is None; expected a time from which"),
        ({"freq": "DAILY", "submit_timestamp": "soon"}, "submit_timestamp is 'soon'; expected a time such as"),
        *(
            ({"freq": "DAILY", field: text}, f"{field} is '{text}'; expected a time")
            for field in ("submit_timestamp", "start_timestamp", "scheduled_timestamp")
            for text in (
                "9999-12-31T23:59:59-12:00",
                "0001-01-01T00:00:00+12:00",
                "0001-01-01T00:00:00Z",
                "9999-12-01T00:00:00Z",
            )
        ),
        ({"freq": "ONCE"}, "start_timestamp is None; expected the time at which it is due once"),
        ({"freq": "CRON", "cron": "x"}, "cron expression 'x'"),
        ({"freq": "DAILY", "environment": None}, "environment is None"),
    ],
)
def test_a_spoilt_schedule_says_so_and_harms_no_other(
    manager: Manager, spoilt: Document, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    manager.store.collection(COLLECTION).put("s", {**OLD, **spoilt})
    manager.add()
    assert len(manager.made(NOON)) == 1
    assert said in manager.document("s")["error"]
    manager.made(NOON)
    assert len([one for one in caplog.records if "s" in one.message and one.levelname == "WARNING"]) == 1, "once"
