# SPDX-License-Identifier: Apache-2.0
"""A replica set whose primary is killed during commits and a scan: both continue, and no reader sees older data."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from calipso_nornir.store import open_store
from calipso_nornir.store.documents import object_document
from calipso_nornir.testing.store_samples import ENVIRONMENT, host
from tests.fixtures.mongod import LOOPBACK
from tests.fixtures.replica_set import replica_set
from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import TinyCloud

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.collection import Collection

    from calipso_nornir.model.stores import Store
    from tests.fixtures.replica_set import ReplicaSet


pytestmark = pytest.mark.chaos


def test_a_primary_that_is_killed_costs_time_and_nothing_else(tmp_path: Path) -> None:
    with replica_set(tmp_path) as servers, contextlib.ExitStack() as stack:
        store, reader = (stack.enter_context(contextlib.closing(open_store(servers.uri("calipso")))) for _ in range(2))
        stop, killed = threading.Event(), threading.Event()
        done: list[int] = []
        seen: list[int] = []
        faults: list[BaseException] = []
        threads = [
            threading.Thread(target=_guarded, args=(faults, _write, store, done, stop)),
            threading.Thread(target=_guarded, args=(faults, _read, reader, seen, stop)),
            threading.Thread(target=_guarded, args=(faults, _scan, tmp_path / "scan", servers.uri("scans"), killed)),
        ]
        for thread in threads:
            thread.start()
        while len(done) < 20:
            time.sleep(0.01)
            assert not faults, faults
        servers.kill_primary()
        killed.set()
        before = len(done)
        servers.primary()
        deadline = time.monotonic() + 60
        while len(done) < before + 20 and time.monotonic() < deadline and not faults:
            time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join(90)
        assert faults == []
        assert len(done) >= before + 20
        view = store.view(ENVIRONMENT)
        assert [one["n"] for one in view.of_type("host")] == [done[-1]] * 3, "what was reported as written is there"
        assert [one.cause for one in store.commits(ENVIRONMENT, limit=5)] == [f"commit {n}" for n in done[:-6:-1]]
        assert seen == sorted(seen), "no reader goes back in time"
        assert seen[-1] > before


def _guarded(faults: list[BaseException], run: object, *arguments: object) -> None:
    try:
        run(*arguments)  # type: ignore[operator]
    except BaseException as error:  # noqa: BLE001 - handed to the test
        faults.append(error)


def _write(store: Store, done: list[int], stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        number += 1
        with store.write(ENVIRONMENT, cause=f"commit {number}") as writer:
            writer.put("inventory", (object_document(host(f"h{each}", n=number)) for each in range(3)))
        done.append(number)


def _read(store: Store, seen: list[int], stop: threading.Event) -> None:
    while not stop.is_set():
        numbers = {one["n"] for one in store.view(ENVIRONMENT).of_type("host")}
        assert len(numbers) <= 1, f"half a commit: {numbers}"
        seen.extend(numbers)


def _scan(folder: Path, uri: str, killed: threading.Event) -> None:
    """Scan again and again until the primary was killed, and once more."""
    folder.mkdir()
    scanned = Scanned(folder, TinyCloud())
    scanned.store.close()
    scanned.store = open_store(uri)
    while True:
        last = killed.is_set()
        assert scanned.scan().status == "completed"
        if last:
            break
    assert content(scanned.stored())["inventory"]
    scanned.store.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    """Three servers, none of which is killed."""
    with replica_set(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture
def stores(servers: ReplicaSet) -> Iterator[tuple[Store, Store]]:
    """Two stores on one empty database, each with what it knows by itself."""
    uri = servers.uri("calipso")
    with pymongo.MongoClient[dict[str, Any]](uri) as client:
        client.drop_database("calipso")
    with contextlib.closing(open_store(uri)) as one, contextlib.closing(open_store(uri)) as other:
        yield one, other


def test_what_no_majority_has_is_seen_by_nobody(servers: ReplicaSet, stores: tuple[Store, Store]) -> None:
    """Both secondaries are held up: the primary alone has the commit, and would take it to its grave."""
    store, reader = stores
    _commit(store, 1)
    _until(lambda: _numbers(reader) == {1})
    servers.hold_secondaries()
    writing = threading.Thread(target=_commit, args=(store, 2))
    writing.start()
    _until(lambda: _revision_of_the_primary(servers) == 2)
    seen = [(_numbers(reader), [one.cause for one in reader.commits(ENVIRONMENT)]) for _ in range(20)]
    assert writing.is_alive(), "it is not made before a majority has it"
    servers.let_go()
    writing.join(60)
    assert seen == [({1}, ["commit 1"])] * 20
    assert _numbers(store) == {2}, "who made it sees it"
    _until(lambda: _numbers(reader) == {2})


def test_a_primary_that_does_not_know_yet_what_a_majority_has_is_asked_again(
    servers: ReplicaSet, stores: tuple[Store, Store]
) -> None:
    store, _ = stores
    _commit(store, 1)
    _commit(store, 2)
    assert store.view(ENVIRONMENT).revision == 2
    with _markers(servers) as markers:
        markers.update_one({"_id": ENVIRONMENT}, {"$set": {"revision": 1}})
        later = threading.Timer(1.0, markers.update_one, ({"_id": ENVIRONMENT}, {"$set": {"revision": 2}}))
        later.start()
        assert store.view(ENVIRONMENT).revision == 2
        later.join()


def test_a_database_that_was_put_back_is_believed_in_the_end(
    servers: ReplicaSet,
    stores: tuple[Store, Store],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("calipso_nornir.store.mongo.environment_collections.LAG_S", 0.2)
    store, _ = stores
    _commit(store, 1)
    assert store.view(ENVIRONMENT).revision == 1
    with _markers(servers) as markers:
        markers.delete_one({"_id": ENVIRONMENT})
    assert store.view(ENVIRONMENT).revision == 0
    assert f"{ENVIRONMENT} went back from revision 1 to 0" in caplog.text


@contextlib.contextmanager
def _markers(servers: ReplicaSet) -> Iterator[Collection[dict[str, Any]]]:
    """Give the markers, for what no store does."""
    with pymongo.MongoClient[dict[str, Any]](servers.uri("calipso")) as client:
        yield client["calipso"].get_collection("revisions", write_concern=pymongo.WriteConcern(w="majority"))


def _commit(store: Store, number: int) -> None:
    with store.write(ENVIRONMENT, cause=f"commit {number}") as writer:
        writer.put("inventory", [object_document(host("h", n=number))])


def _numbers(store: Store) -> set[int]:
    return {one["n"] for one in store.view(ENVIRONMENT).of_type("host")}


def _revision_of_the_primary(servers: ReplicaSet) -> int:
    with pymongo.MongoClient[dict[str, Any]](LOOPBACK, servers.primary(), directConnection=True) as client:
        return int((client["calipso"]["revisions"].find_one({"_id": ENVIRONMENT}) or {})["revision"])


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
