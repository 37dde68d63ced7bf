# SPDX-License-Identifier: Apache-2.0
"""The queue and the slots, on both stores: each request is taken by one manager, and lost ones return to the queue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from calipso_nornir.errors import InvalidRequest, NothingSeen
from calipso_nornir.scan_manager.queue import ATTEMPTS, ScanQueue
from calipso_nornir.scan_manager.request import ScanRequest
from calipso_nornir.scan_manager.slots import Slots

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document, Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

REQUEST = ScanRequest(environment="cloud")
ELSEWHERE = {"process": {"id": 1, "machine": "another", "started": "1"}}


@pytest.fixture
def store(place: Place) -> Store:
    return place.open()


@pytest.fixture
def queue(store: Store) -> ScanQueue:
    return ScanQueue(store)


def there(queue: ScanQueue, scan_id: str) -> Document:
    document = queue.get(scan_id)
    assert document is not None
    return document


def taken(queue: ScanQueue, owner: str = "me") -> Document:
    """Take the request that waits longest."""
    document = queue.take(queue.waiting()[0], owner)
    assert document is not None
    return document


def silent_since(seconds: float) -> dict[str, Any]:
    return {**ELSEWHERE, "alive_timestamp": (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()}


def test_requests_are_taken_in_the_order_in_which_they_came(queue: ScanQueue) -> None:
    ids = [queue.submit(REQUEST, by="ann") for _ in range(3)]
    assert [taken(queue)["scan_id"] for _ in ids] == ids
    assert queue.waiting() == []
    first = there(queue, ids[0])
    assert (first["status"], first["owner"], first["attempt"], first["submitted_by"]) == ("running", "me", 1, "ann")


def test_the_same_request_is_submitted_once(queue: ScanQueue) -> None:
    assert {queue.submit(REQUEST, scan_id="r") for _ in range(2)} == {"r"}
    taken(queue)
    queue.submit(REQUEST, scan_id="r")
    assert there(queue, "r")["status"] == "running"


def test_only_one_takes_a_request(queue: ScanQueue) -> None:
    queue.submit(REQUEST)
    (document,) = queue.waiting()
    with ThreadPoolExecutor(8) as pool:
        won = [one for one in pool.map(lambda number: queue.take(document, str(number)), range(8)) if one is not None]
    assert len(won) == 1
    assert there(queue, document["scan_id"])["owner"] == won[0]["owner"]


def test_a_draft_waits_until_it_is_released(queue: ScanQueue) -> None:
    scan_id = queue.submit(REQUEST, draft=True)
    assert queue.waiting() == []
    assert queue.release(scan_id)["status"] == "pending"
    assert [one["scan_id"] for one in queue.waiting()] == [scan_id]
    with pytest.raises(InvalidRequest, match=f"scan {scan_id} is pending; expected a draft"):
        queue.release(scan_id)


@pytest.mark.parametrize("spoilt", [{"submit_timestamp": None}, {"scan_id": None}])
def test_what_no_manager_can_take_stays(store: Store, spoilt: Document) -> None:
    document = {"scan_id": "x", "environment": "cloud", "status": "pending", "submit_timestamp": "2026-01-01"}
    store.collection("scans").put("x", {**document, **spoilt})
    assert ScanQueue(store).waiting() == []


def test_times_that_others_write_as_times_count_too(store: Store) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    document = {"scan_id": "x", "environment": "cloud", "status": "pending", "submit_timestamp": at}
    store.collection("scans").put("x", document)
    assert [one["scan_id"] for one in ScanQueue(store).waiting()] == ["x"]


def test_a_request_is_cancelled_in_every_state(queue: ScanQueue) -> None:
    for draft in (True, False):
        waiting = queue.submit(REQUEST, draft=draft)
        assert queue.cancel(waiting, by="bob")["status"] == "aborted"
        assert there(queue, waiting)["cancel_requested"]["by"] == "bob"
        with pytest.raises(InvalidRequest, match=f"scan {waiting} has ended: aborted"):
            queue.cancel(waiting)
    running = queue.submit(REQUEST)
    taken(queue)
    assert queue.cancel(running)["status"] == "running"
    assert there(queue, running)["cancel_requested"]
    with pytest.raises(InvalidRequest, match="there is no scan nosuch: calipso scans lists them"):
        queue.cancel("nosuch")


def test_a_request_whose_manager_is_gone_comes_back(store: Store) -> None:
    queue = ScanQueue(store)
    scan_id = queue.submit(REQUEST)
    scans = store.collection("scans")
    for attempt in range(1, ATTEMPTS):
        taken(queue)
        assert queue.give_back_lost() == [], "it lives"
        scans.update_if(scan_id, {}, silent_since(80))
        assert queue.give_back_lost() == [], "it may live"
        scans.update_if(scan_id, {}, silent_since(100))
        assert queue.give_back_lost() == [scan_id]
        assert (there(queue, scan_id)["status"], there(queue, scan_id)["attempt"]) == ("pending", attempt)
    taken(queue)
    scans.update_if(scan_id, {}, silent_since(100))
    assert queue.give_back_lost() == [scan_id]
    ended = there(queue, scan_id)
    assert (ended["status"], ended["failures"][0]["message"]) == (
        "failed",
        "given up after 3 attempts: each time the scan manager that ran it died",
    )
    assert ended["end_timestamp"]


def test_a_lost_request_that_was_cancelled_does_not_come_back(store: Store) -> None:
    queue = ScanQueue(store)
    scan_id = queue.submit(REQUEST)
    taken(queue)
    queue.cancel(scan_id)
    store.collection("scans").update_if(scan_id, {}, silent_since(100))
    assert queue.give_back_lost() == [scan_id]
    assert there(queue, scan_id)["status"] == "aborted"


def test_a_scan_that_no_manager_runs_is_not_put_back(store: Store) -> None:
    by_hand = {"scan_id": "h", "environment": "cloud", "status": "running", **silent_since(1000)}
    store.collection("scans").put("h", by_hand)
    assert ScanQueue(store).give_back_lost() == []


def test_only_its_owner_ends_a_request(queue: ScanQueue) -> None:
    scan_id = queue.submit(REQUEST)
    taken(queue, "me")
    assert not queue.fail(scan_id, "another", NothingSeen("cloud"))
    assert not queue.give_back(scan_id, "another")
    assert not queue.note(scan_id, "another", {"x": 1})
    assert queue.fail(scan_id, "me", NothingSeen("cloud"))
    assert there(queue, scan_id)["failures"][0]["message"] == str(NothingSeen("cloud"))
    assert not queue.give_back(scan_id, "me"), "it has ended"


def test_what_is_put_back_was_not_an_attempt(queue: ScanQueue) -> None:
    scan_id = queue.submit(REQUEST)
    taken(queue)
    assert queue.give_back(scan_id, "me")
    assert (there(queue, scan_id)["status"], there(queue, scan_id)["attempt"]) == ("pending", 0)


# --- slots


def test_a_slot_is_held_by_one(store: Store) -> None:
    slots = Slots(store)
    with ThreadPoolExecutor(8) as pool:
        owners = [str(number) for number in range(8)]
        took = pool.map(lambda owner: slots.take("cloud", owner), owners)
        won = [owner for owner, mine in zip(owners, took, strict=True) if mine]
    assert len(won) == 1
    assert slots.take("another", "x")
    assert slots.keep("cloud", won[0])
    assert not slots.keep("cloud", "another")
    slots.give("cloud", "another")
    assert not slots.take("cloud", "y"), "only its holder gives it"
    slots.give("cloud", won[0])
    assert slots.take("cloud", "y")


def test_the_slot_of_a_dead_manager_is_free(store: Store) -> None:
    slots = Slots(store)
    assert slots.take("cloud", "dead")
    store.collection("scan_slots").update_if("cloud", {}, silent_since(100))
    assert slots.take("cloud", "alive")
    assert not slots.keep("cloud", "dead")


def test_an_idle_manager_reads_no_scan_that_has_ended(mongo_place: Place) -> None:
    """The server's profile of what a manager asks in each round."""
    store = mongo_place.open()
    queue = ScanQueue(store)
    for number in range(200):
        queue.submit(REQUEST, scan_id=f"s{number}")
        store.collection("scans").update_if(f"s{number}", {}, {"status": "completed"})
    with pymongo.MongoClient[dict[str, Any]](mongo_place.uri) as client:
        database = client.get_default_database()
        database.command("profile", 2)
        assert queue.waiting() == []
        assert queue.give_back_lost() == []
        database.command("profile", 0)
        reads = list(database["system.profile"].find({"op": "query", "ns": {"$regex": "scans$"}}))
    assert reads, "it was watched"
    assert sum(one["docsExamined"] + one["keysExamined"] for one in reads) < 20
