# SPDX-License-Identifier: Apache-2.0
"""A scan is ended from outside: by its document, its time limit, or a process that takes over its request."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import (
    ApiUnreachable,
    InvalidRequest,
    ScanCancelled,
    ScanTakenOver,
    ScanTimedOut,
    StoreUnavailable,
)
from calipso_nornir.scan import supervising
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.origin import ScanOrigin
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.store import open_store
from tests.fixtures.canned import CannedSource
from tests.fixtures.silent import Silent
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Collection, Store
    from calipso_nornir.scan.report import ScanReport


DOWN = ApiUnreachable("http://keystone/v3", "refused")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "s.db")
    yield store
    store.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    source = Silent()
    yield source
    source.let_go.set()


class Running:
    """A scan in a thread."""

    def __init__(self, store: Store, source: Silent, *, plan: ScanPlan | None = None, owner: str | None = None) -> None:
        self.reports: list[ScanReport] = []
        self.errors: list[Exception] = []
        self._thread = threading.Thread(target=self._scan, args=(store, source, plan, ScanOrigin(owner=owner)))
        self._thread.start()
        assert source.reached.wait(30)
        self.began = time.monotonic()

    def ended(self) -> ScanReport:
        self._thread.join(30)
        assert time.monotonic() - self.began < 10
        (report,) = self.reports
        return report

    def _scan(self, store: Store, source: Silent, plan: ScanPlan | None, origin: ScanOrigin) -> None:
        with open_cloud(CLOUD, store=store, source=source) as cloud:
            self.reports.append(cloud.scan(plan, scan_id="mine", origin=origin))


def scans(store: Store) -> Collection:
    return store.collection("scans")


def test_a_document_cancels_the_scan(store: Store, silent: Silent) -> None:
    running = Running(store, silent)
    assert scans(store).update_if("mine", {"status": "running"}, {"cancel_requested": {"by": "ann"}})
    report = running.ended()
    assert (report.status, [one.error for one in report.failures]) == ("aborted", [ScanCancelled("cloud")])
    noted = scans(store).get("mine")
    assert noted is not None
    assert (noted["status"], noted["cancel_requested"]) == ("aborted", {"by": "ann"})
    assert store.environments() == []


def test_a_time_limit_ends_the_scan(store: Store, silent: Silent) -> None:
    report = Running(store, silent, plan=ScanPlan(time_limit_s=0.5)).ended()
    assert (report.status, [one.error for one in report.failures]) == ("timed_out", [ScanTimedOut("cloud", 0.5)])
    assert store.environments() == []


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_time_limit_has_to_be_positive(seconds: float) -> None:
    with pytest.raises(InvalidRequest, match="expected more than 0 seconds"):
        ScanPlan(time_limit_s=seconds)


def test_a_scan_whose_request_was_taken_over_ends_and_notes_nothing(
    store: Store, silent: Silent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervising, "BEAT_S", 0.1)
    scans(store).put("mine", {"scan_id": "mine", "environment": "cloud", "status": "running", "owner": "a"})
    running = Running(store, silent, owner="a")
    assert scans(store).update_if("mine", {"owner": "a"}, {"owner": "b", "status": "running"})
    report = running.ended()
    assert [one.error for one in report.failures] == [ScanTakenOver("cloud", "mine")]
    assert "is not recorded: another scan manager runs it" in caplog.text
    noted = scans(store).get("mine")
    assert noted is not None
    assert (noted["owner"], noted["status"]) == ("b", "running")


def test_a_scan_for_another_owner_does_not_begin(store: Store) -> None:
    scans(store).put("mine", {"scan_id": "mine", "environment": "cloud", "status": "running", "owner": "b"})
    source = CannedSource(TinyCloud().answers())
    with open_cloud(CLOUD, store=store, source=source) as cloud, pytest.raises(ScanTakenOver, match="another scan"):
        cloud.scan(scan_id="mine", origin=ScanOrigin(owner="a"))
    assert source.rounds == []


def test_a_scan_keeps_what_its_request_says(store: Store) -> None:
    request = {"scan_id": "mine", "environment": "cloud", "status": "running", "owner": "a", "interval": "DAILY"}
    scans(store).put("mine", {**request, "submit_timestamp": "2026-11-01T00:00:00+00:00"})
    with open_cloud(CLOUD, store=store, source=CannedSource(TinyCloud().answers())) as cloud:
        cloud.scan(scan_id="mine", origin=ScanOrigin(owner="a"))
    noted = scans(store).get("mine")
    assert noted is not None
    assert (noted["status"], noted["interval"], noted["owner"]) == ("completed", "DAILY", "a")
    assert noted["submit_timestamp"] == "2026-11-01T00:00:00+00:00"


def test_a_store_that_is_gone_for_a_moment_ends_no_scan(
    store: Store, silent: Silent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="calipso_nornir")
    monkeypatch.setattr(supervising, "BEAT_S", 0.05)

    def gone(_record: object) -> bool:
        raise StoreUnavailable(store.uri, "gone for a moment")

    monkeypatch.setattr("calipso_nornir.scan.records.ScanRecord.beat", gone)
    running = Running(store, silent)
    time.sleep(0.3)
    silent.let_go.set()
    assert running.ended().status == "completed"
    assert "a heartbeat of scan" in caplog.text


# --- the journal


def told(store: Store) -> list[tuple[str, str]]:
    found = store.collection("messages").find(order=("id",))
    return [(one["level"], one["message"]) for one in found]


def test_messages_tell_the_course_of_a_scan(store: Store) -> None:
    run_scan(CLOUD, store=store, source=CannedSource(TinyCloud().answers()), scan_id="s")
    messages = told(store)
    phases = [("info", f"phase {phase} began") for phase in ("inventory", "links", "cliques", "store")]
    assert messages[:4] == phases
    assert messages[-1][1].startswith("scan completed: ")
    (first, *_) = store.collection("messages").find(order=("id",))
    assert {key: first[key] for key in ("scan_id", "origin_id", "origin_type", "source_system", "viewed")} == {
        "scan_id": "s",
        "origin_id": "s",
        "origin_type": "manual scan",
        "source_system": "Calipso",
        "viewed": False,
    }


def test_the_level_chooses_the_messages(store: Store) -> None:
    origin = {level: ScanOrigin(log_level=level) for level in ("debug", "error")}
    with open_cloud(CLOUD, store=store, source=CannedSource(TinyCloud().answers())) as cloud:
        cloud.scan(scan_id="quiet", origin=origin["error"])
        assert told(store) == []
        cloud.scan(scan_id="loud", origin=origin["debug"])
    assert {level for level, _ in told(store)} == {"debug", "info"}
    assert any(text.startswith("round 1 of api: ") for _, text in told(store))


def test_a_failure_is_an_error_in_the_journal(store: Store) -> None:
    report = run_scan(CLOUD, store=store, source=CannedSource(dict.fromkeys(TinyCloud().answers(), DOWN)))
    assert report.status == "failed"
    assert ("error", str(report.failures[0].error)) in told(store)
    assert told(store)[-1][0] == "error"


def test_a_store_that_takes_no_message_ends_no_scan(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_journal: object, *_message: object) -> None:
        raise StoreUnavailable(store.uri, "full")

    monkeypatch.setattr("calipso_nornir.scan.scan_messages.ScanMessages._write", refuse)
    assert run_scan(CLOUD, store=store, source=CannedSource(TinyCloud().answers())).status == "completed"
    assert told(store) == []
