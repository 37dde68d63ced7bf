# SPDX-License-Identifier: Apache-2.0
"""A cloud that stays open: what it keeps, what it leaves to its caller, and how its scans are stopped."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import InvalidRequest, ScanCancelled, UnknownEnvironment
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures.canned import CannedSource
from tests.fixtures.silent import Silent
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.cloud import Cloud
    from calipso_nornir.scan.report import ScanReport


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "calipso.db")
    yield opened
    opened.close()


def test_one_cloud_scans_as_often_as_one_likes(store: Store) -> None:
    source = CannedSource(TinyCloud().answers())
    with open_cloud(CLOUD, store=store, source=source) as cloud:
        first = cloud.scan()
        second = cloud.scan(ScanPlan(object_id="cmp1", object_type="host"), scan_id="my-own-id")
    assert (first.status, second.status) == ("completed", "completed")
    assert (first.objects.new > 0, second.objects.new, second.scan_id) == (True, 0, "my-own-id")
    assert {one["scan_id"] for one in store.collection("scans").find({})} == {first.scan_id, "my-own-id"}
    assert source.closed == 0, "it is the caller's"
    assert store.environments() == ["cloud"], "the caller's store is open, too"


def test_a_request_brings_its_own_id(store: Store) -> None:
    report = run_scan(CLOUD, store=store, source=CannedSource(TinyCloud().answers()), scan_id="from-the-queue")
    assert report.scan_id == "from-the-queue"
    assert store.collection("scans").get("from-the-queue") is not None


def test_metadata_is_chosen_when_it_is_opened(store: Store, tmp_path: Path) -> None:
    source = CannedSource(TinyCloud().answers())
    with open_cloud(CLOUD, store=store, source=source) as cloud, pytest.raises(InvalidRequest, match="metadata"):
        cloud.scan(ScanPlan(metadata=(tmp_path,)))


def test_an_environment_that_nobody_knows(store: Store) -> None:
    with pytest.raises(UnknownEnvironment), open_cloud("nonesuch", store=store):
        pass


def test_two_clouds_do_not_know_each_other(store: Store) -> None:
    """While one waits for a silent host, the other scans."""
    silent = Silent()
    with open_cloud(CLOUD, store=store, source=silent) as one, open_cloud(CLOUD, store=store) as other:
        thread, reports = scanning(one)
        assert silent.reached.wait(30)
        other.cancel()
        assert run_scan(CLOUD, store=store, source=CannedSource(TinyCloud().answers())).status == "completed"
        silent.let_go.set()
        thread.join(30)
    assert [report.status for report in reports] == ["completed"]


def scanning(cloud: Cloud) -> tuple[threading.Thread, list[ScanReport]]:
    """Scan in a thread."""
    reports: list[ScanReport] = []
    thread = threading.Thread(target=lambda: reports.append(cloud.scan()))
    thread.start()
    return thread, reports


def test_a_scan_is_cancelled_while_a_host_is_silent(store: Store) -> None:
    silent = Silent()
    with open_cloud(CLOUD, store=store, source=silent) as cloud:
        thread, reports = scanning(cloud)
        assert silent.reached.wait(30)
        began = time.monotonic()
        cloud.cancel()
        thread.join(30)
        assert time.monotonic() - began < 10
    silent.let_go.set()
    (report,) = reports
    assert (report.status, [one.error for one in report.failures]) == ("aborted", [ScanCancelled("cloud")])
    assert store.environments() == [], "nothing was stored"
    assert report.objects.total == 0
    (noted,) = store.collection("scans").find({})
    assert (noted["status"], noted["objects"]["new"]) == ("aborted", 0)


def test_after_a_cancelled_scan_the_next_one_runs(store: Store) -> None:
    silent = Silent()
    with open_cloud(CLOUD, store=store, source=silent) as cloud:
        thread, _ = scanning(cloud)
        assert silent.reached.wait(30)
        cloud.cancel()
        thread.join(30)
        silent.let_go.set()
        silent.before_round = lambda _queries: None
        assert cloud.scan().status == "completed"


def test_cancelling_what_does_not_run_does_nothing(store: Store) -> None:
    with open_cloud(CLOUD, store=store, source=CannedSource(TinyCloud().answers())) as cloud:
        cloud.cancel()
        assert cloud.scan().status == "completed"


def test_a_description_that_lacks_what_is_needed_is_told_before_anything_is_asked(store: Store) -> None:
    save_environment(store, CLOUD)
    with open_cloud("cloud", store=store, source=CannedSource(TinyCloud().answers())) as cloud:
        assert cloud.scan().status == "completed", "a recording needs no sections"
