# SPDX-License-Identifier: Apache-2.0
"""The scan manager runs requests: several environments at once, one scan of each, each with one outcome."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import InvalidRequest, StoreUnavailable
from calipso_nornir.scan_manager import ScanManager, ScanQueue, ScanRequest
from calipso_nornir.scan_manager.settings import Settings
from calipso_nornir.scan_manager.slots import Slots
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from calipso_nornir.store.record_retention import keep_records
from tests.fixtures.canned import CannedSource
from tests.fixtures.silent import Silent
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Document

WEB1 = "77656231-0000-0000-0000-000000000000"
CLOUDS = tuple(replace(CLOUD, name=name) for name in ("cloud", "cloud-2", "cloud-3"))


class Place:
    """A store with environments, a queue, and sources that answer."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = open_store(path)
        for one in CLOUDS:
            save_environment(self.store, one)
        self.queue = ScanQueue(self.store)
        self.sources: dict[str, Source] = {}

    def source(self, environment: Environment) -> Source:
        return self.sources.get(environment.name) or CannedSource(TinyCloud().answers())

    def manager(self, **settings: object) -> ScanManager:
        chosen = {"poll_s": 0.1, "source": self.source, "open": lambda name: open_store(self.path, inventory=name)}
        return ScanManager(self.store, Settings(**{**chosen, **settings}))  # type: ignore[arg-type]  # as given

    def submit(self, environment: str = "cloud", **request: object) -> str:
        return self.queue.submit(ScanRequest(environment=environment, untested=True, **request))  # type: ignore[arg-type]  # as given

    def there(self, scan_id: str) -> Document:
        document = self.queue.get(scan_id)
        assert document is not None
        return document

    def failure(self, scan_id: str) -> str:
        (failure,) = self.there(scan_id)["failures"]
        return str(failure["message"])

    def wait(self, scan_id: str, holds: Callable[[Document], bool]) -> Document:
        deadline = time.monotonic() + 30
        while not holds(self.there(scan_id)):
            assert time.monotonic() < deadline, self.there(scan_id)
            time.sleep(0.05)
        return self.there(scan_id)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "s.db")
    yield place
    for source in place.sources.values():
        if isinstance(source, Silent):
            source.let_go.set()
    place.store.close()


@pytest.fixture
def running(place: Place) -> Iterator[ScanManager]:
    """A manager that works in a thread until the test ends."""
    manager = place.manager()
    thread = threading.Thread(target=manager.run)
    thread.start()
    yield manager
    manager.stop()
    thread.join(30)
    assert not thread.is_alive()


def test_requests_are_run_and_their_outcome_is_noted(place: Place) -> None:
    whole = place.submit()
    only = place.submit(inventory_only=True)
    other = place.submit("cloud-2", log_level="error")
    place.manager().run(until_empty=True)
    for scan_id in (whole, only, other):
        done = place.there(scan_id)
        assert (done["status"], done["attempt"], done["failures"]) == ("completed", 1, [])
        assert done["end_timestamp"] > done["start_timestamp"] > done["submit_timestamp"]
    assert place.there(whole)["links"]["new"] > 0 == place.there(only)["links"]["new"]
    assert place.store.environments() == ["cloud", "cloud-2"]
    told = {one["scan_id"] for one in place.store.collection("messages").find()}
    assert told == {whole, only}, "the other one wanted errors only"
    assert {one["status"] for one in place.store.collection("scan_slots").find()} == {"free"}


def test_what_waits_is_no_old_scan(place: Place) -> None:
    """Of ended scans only the last ones are kept; requests and drafts are kept, however many there are."""
    keep_records(place.store, scans=2)
    draft = place.queue.submit(ScanRequest(environment="cloud"), draft=True)
    ids = [place.submit(links_only=True) for _ in range(6)]
    place.manager().run(until_empty=True)
    assert [place.queue.get(one) is not None for one in ids] == [False] * 4 + [True] * 2
    assert place.there(draft)["status"] == "draft"
    told = [one["scan_id"] for one in place.store.collection("messages").find({"level": "info"})]
    assert set(told) == set(ids[-2:])


def test_one_object_is_scanned(place: Place) -> None:
    first, then = place.submit(), place.submit(object_id=WEB1, object_type="instance")
    place.manager().run(until_empty=True)
    assert place.there(first)["status"] == place.there(then)["status"] == "completed"
    assert 0 < place.there(then)["objects"]["unchanged"] < place.there(first)["objects"]["new"]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"environment": "nosuch"}, "nosuch"),
        ({"object_id": "nosuch"}, "nosuch"),
        ({"untested": False}, "is not listed as supported"),
        ({"log_level": "loud"}, "log_level is 'loud'; expected one of"),
        ({"inventory": "a/b"}, 'inventory name "a/b": expected'),
        ({"es_index": True}, "es_index is not available"),
    ],
)
def test_a_request_that_cannot_be_run_says_why(place: Place, request_: Document, said: str) -> None:
    scan_id = place.submit()
    place.store.collection("scans").update_if(scan_id, {}, request_)
    if request_ == {"untested": False}:
        save_environment(place.store, replace(CLOUD, distribution="Unheard-of"))
    place.manager().run(until_empty=True)
    assert place.there(scan_id)["status"] == "failed"
    assert said in place.failure(scan_id)
    assert place.there(scan_id)["end_timestamp"]
    again = place.submit("cloud-2")
    place.manager().run(until_empty=True)
    assert place.there(again)["status"] == "completed"


def test_a_source_that_breaks_fails_its_scan_alone(place: Place) -> None:
    broken = CannedSource(TinyCloud().answers())

    def breaks(_queries: object) -> None:
        raise RuntimeError("broken")

    broken.before_round = breaks
    place.sources["cloud"] = broken
    bad, good = place.submit(), place.submit("cloud-2")
    place.manager().run(until_empty=True)
    assert (place.there(bad)["status"], place.there(good)["status"]) == ("failed", "completed")


def test_environments_are_scanned_side_by_side_and_each_by_one(place: Place) -> None:
    silent = {name: Silent() for name in ("cloud", "cloud-2")}
    place.sources.update(silent)
    first, second, third = place.submit(), place.submit("cloud-2"), place.submit()
    manager = place.manager()
    manager.round()
    assert all(one.reached.wait(30) for one in silent.values())
    place.manager().round()
    assert [place.there(one)["status"] for one in (first, second, third)] == ["running", "running", "pending"]
    for one in silent.values():
        one.let_go.set()
    manager.run(until_empty=True)
    assert [place.there(one)["status"] for one in (first, second, third)] == ["completed"] * 3


def test_many_requests_of_one_environment_keep_no_other_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calipso_nornir.scan_manager.manager.LONG", 3)
    place.sources["cloud"] = silent = Silent()
    many = [place.submit() for _ in range(5)]
    late = place.submit("cloud-2")
    manager = place.manager(parallel=2)
    manager.round()
    place.wait(late, lambda document: document["status"] == "completed")
    assert [place.there(one)["status"] for one in many] == ["running", *["pending"] * 4]
    silent.let_go.set()
    manager.run(until_empty=True)
    assert {place.there(one)["status"] for one in many} == {"completed"}


def test_parallel_is_a_limit(place: Place) -> None:
    place.sources["cloud"] = Silent()
    place.submit()
    second = place.submit("cloud-2")
    manager = place.manager(parallel=1)
    for _ in range(3):
        manager.round()
    assert place.there(second)["status"] == "pending"
    place.sources["cloud"].let_go.set()  # type: ignore[attr-defined]  # a Silent
    manager.run(until_empty=True)
    assert place.there(second)["status"] == "completed"


def test_a_running_scan_shows_its_progress_and_is_cancelled(place: Place, running: ScanManager) -> None:
    place.sources["cloud"] = silent = Silent()
    scan_id = place.submit()
    assert silent.reached.wait(30)
    progress = place.wait(scan_id, lambda one: bool((one.get("progress") or {}).get("objects")))["progress"]
    assert progress["phase"] == "inventory"
    asked = time.monotonic()
    place.queue.cancel(scan_id, by="ann")
    place.wait(scan_id, lambda one: one["status"] == "aborted")
    assert time.monotonic() - asked < 10
    after = place.submit("cloud-2")
    place.wait(after, lambda one: one["status"] == "completed")
    assert running is not None


def test_a_scan_that_takes_too_long_is_stopped(place: Place) -> None:
    place.sources["cloud"] = Silent()
    scan_id = place.submit(time_limit=0.5)
    place.manager(time_limit=1000).run(until_empty=True)
    assert place.there(scan_id)["status"] == "timed_out"
    assert "time limit of 0.5 s" in place.failure(scan_id)


def stopped_in_the_middle(place: Place, *, until_empty: bool = False, cancelled: bool = False) -> str:
    """Stop a manager while it scans; return the id of the request."""
    place.sources["cloud"] = silent = Silent()
    scan_id = place.submit()
    manager = place.manager()
    thread = threading.Thread(target=manager.run, kwargs={"until_empty": until_empty})
    thread.start()
    assert silent.reached.wait(30)
    if cancelled:
        place.queue.cancel(scan_id)
    manager.stop()
    thread.join(30)
    return scan_id


@pytest.mark.parametrize("until_empty", [False, True])
def test_a_manager_that_stops_puts_its_requests_back(place: Place, *, until_empty: bool) -> None:
    scan_id = stopped_in_the_middle(place, until_empty=until_empty)
    back = place.there(scan_id)
    assert (back["status"], back["attempt"], back["owner"]) == ("pending", 0, None)
    place.sources.clear()
    place.manager().run(until_empty=True)
    assert place.there(scan_id)["status"] == "completed"


def test_a_cancelled_request_is_not_put_back(place: Place) -> None:
    assert place.there(stopped_in_the_middle(place, cancelled=True))["status"] == "aborted"


def test_a_request_that_is_cancelled_before_its_scan_begins_has_ended(place: Place) -> None:
    """The manager has claimed it, and still reads its environment. Its process lives, so nobody else would end it."""
    scan_id = place.submit()

    def source(_environment: Environment) -> Source:
        place.queue.cancel(scan_id)
        told.wait(30)
        return CannedSource(TinyCloud().answers())

    told = threading.Event()
    manager = place.manager(source=source)
    manager.round()
    place.wait(scan_id, lambda document: bool(document.get("cancel_requested")))
    manager.round()  # it tells its worker
    told.set()
    manager.run(until_empty=True)
    ended = place.there(scan_id)
    assert (ended["status"], ended.get("failures", [])) == ("aborted", [])
    assert ended["end_timestamp"] > ended["start_timestamp"]
    assert Slots(place.store).is_free("cloud")


def test_another_inventory_is_scanned_into(place: Place) -> None:
    scan_id = place.submit(inventory="other")
    place.manager().run(until_empty=True)
    assert (place.there(scan_id)["status"], place.there(scan_id)["objects"]["new"] > 0) == ("completed", True)
    assert place.store.environments() == []
    other = open_store(place.path, inventory="other")
    assert other.environments() == ["cloud"]
    other.close()


def test_clear_all_removes_what_other_environments_have(place: Place) -> None:
    place.submit("cloud-2")
    place.manager().run(until_empty=True)
    place.submit(clear_all=True)
    place.manager().run(until_empty=True)
    assert place.store.environments() == ["cloud"]


def test_a_store_that_is_gone_for_a_moment_loses_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scan_id = place.submit()
    manager = place.manager()
    gone = iter([True, True, False])

    def sometimes(queue: ScanQueue, request: Document, owner: str) -> Document | None:
        if next(gone, False):
            raise StoreUnavailable(place.store.uri, "gone for a moment")
        return take(queue, request, owner)

    take = ScanQueue.take
    monkeypatch.setattr(ScanQueue, "take", sometimes)
    manager.run(until_empty=True)
    assert place.there(scan_id)["status"] == "completed"
    assert "gone for a moment. Trying again in 0.1 s" in caplog.text
    assert Slots(place.store).take("cloud", "x"), "the slot was let go"


def test_an_outcome_that_the_store_could_not_take_is_found_later(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    scan_id = place.submit()
    manager = place.manager()
    gone = iter([True, True])

    def once(queue: ScanQueue, scan_id: str, owner: str, error: Exception) -> bool:
        if next(gone, False):
            raise StoreUnavailable(place.store.uri, "gone for a moment")
        return fail(queue, scan_id, owner, error)

    fail = ScanQueue.fail
    monkeypatch.setattr(ScanQueue, "fail", once)
    place.store.collection("scans").update_if(scan_id, {}, {"environment": "nosuch"})
    manager.run(until_empty=True)
    assert place.there(scan_id)["status"] == "failed"


@pytest.mark.parametrize(
    ("name", "value", "said"), [("poll_s", 0.01, "at least 0.1 s"), ("parallel", 0, "at least 1 scan at a time")]
)
def test_settings_that_cannot_be_are_refused(place: Place, name: str, value: float, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        place.manager(**{name: value})
