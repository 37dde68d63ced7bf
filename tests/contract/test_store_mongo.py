# SPDX-License-Identifier: Apache-2.0
"""Behaviour that only MongoDB has: unfinished commits, locks that expire, URIs with passwords."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from bson.objectid import ObjectId

from calipso_nornir.errors import (
    DocumentRefused,
    PastUnknown,
    StoreBusy,
    StoreUnavailable,
    StoreVersionMismatch,
    UnknownInventory,
)
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.finding import Equal, Find, Prefix
from calipso_nornir.store import clear, open_store
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.mongo import MongoStore, applying_redos, small_commit
from calipso_nornir.store.mongo.commit import Attempt
from calipso_nornir.store.mongo.connection import Riding
from calipso_nornir.store.mongo.redo import MOST_COMMITS
from calipso_nornir.store.mongo.small_commit import SmallCommit
from calipso_nornir.store.mongo.writer import MongoWriter
from calipso_nornir.store.names import KINDS
from calipso_nornir.store.retention import LEAST, OFF, keep
from calipso_nornir.testing.store_samples import (
    AT,
    ENVIRONMENT,
    LATER,
    ODD_ATTRIBUTES,
    check_lives,
    host,
    link,
    pnic,
    put,
    stored,
)
from tests.contract.store_worker import check, write
from tests.contract.test_store_processes import said, worker
from tests.fixtures.places import LEASE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store, StoreView
    from tests.fixtures.mongod import Mongod
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

PASSWORD = "c4n4ry:p?ss/w@rd"  # noqa: S105 - nobody's

CLIQUE = Clique(focal_point=host("h1").ref, clique_type="ANY:host", links=(), nodes=(host("h1").ref,))


@pytest.fixture
def database(mongo_place: Place) -> Iterator[pymongo.database.Database[dict[str, Any]]]:
    with pymongo.MongoClient[dict[str, Any]](mongo_place.uri) as client:
        yield client.get_default_database()


def old_generation(store: Store) -> None:
    with store.write(ENVIRONMENT) as writer:
        writer.put("inventory", map(object_document, [host("h1"), host("h2"), pnic("h1", "eth0"), pnic("h1", "eth1")]))
        writer.put("links", [link_document(link(host("h1"), pnic("h1", "eth0")))])
        writer.put(
            "cliques", [clique_document(Clique(focal_point=host("h1").ref, clique_type="a", links=(), nodes=()))]
        )


def new_generation(store: Store) -> None:
    """Change, move, add, remove and see documents of every kind."""
    moved = pnic("h2", "eth0")
    with store.write(ENVIRONMENT) as writer:
        writer.put("inventory", map(object_document, [host("h1", new=1), host("h3"), moved]))
        writer.remove("inventory", [host("h2").ref.document_id, pnic("h1", "eth0").ref.document_id])
        writer.seen("inventory", [pnic("h1", "eth1").ref.document_id, host("h3").ref.document_id], LATER)
        writer.put("links", [link_document(link(host("h3"), moved))])
        writer.put("implicit_links", [link_document(link(moved, host("h3")))])
        writer.remove("links", [link(host("h1"), pnic("h1", "eth0")).document_id])
        writer.seen(
            "cliques", [Clique(focal_point=host("h1").ref, clique_type="a", links=(), nodes=()).document_id], AT
        )


def everything(store: Store, view: StoreView | None = None) -> dict[str, Any]:
    """Return what every look-up gives."""
    view = view or store.view(ENVIRONMENT)
    objects = [host("h1"), host("h2"), host("h3"), pnic("h1", "eth0"), pnic("h1", "eth1"), pnic("h2", "eth0")]
    return {
        "get": [view.get(one.ref) for one in objects],
        "of_type": [view.of_type(type_) for type_ in ("host", "host_pnic")],
        "children": [view.children(one.ref) for one in objects],
        "links": [view.links(), view.links("host-host_pnic"), *(view.links(source=one.ref) for one in objects)],
        "targets": [view.links(target=one.ref) for one in objects],
        "implicit": view.implicit_links(),
        "cliques": [view.cliques(), *(view.cliques(one.ref) for one in objects)],
        "search": [view.search(text) for text in ("h1", "h2", "eth0", "9001", "tor-")],
        "counts": dict(view.counts()),
        "documents": [list(view.documents(kind)) for kind in ("inventory", "links", "implicit_links", "cliques")],
        "environments": store.environments(),
    }


def test_looking_makes_no_collections(mongo_place: Place, database: Any) -> None:  # noqa: ANN401 - pymongo's
    with pytest.raises(UnknownInventory, match="RDO"):
        MongoStore(mongo_place.uri, inventory="RDO", use="read")
    assert [name for name in database.list_collection_names() if "RDO" in name] == []
    store = mongo_place.open()
    old_generation(store)
    with contextlib.closing(MongoStore(mongo_place.uri, use="read")) as reader:
        assert everything(reader) == everything(store)


STEPS = ("_known", "_keep", "_write", "_seen", "publish")
"""What a commit is made of; a process may die before each of them."""


@pytest.fixture
def under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every commit be one that takes the lock."""
    monkeypatch.setattr(small_commit, "MOST_DOCUMENTS", -1)


class Died(BaseException):
    """The process died."""


def dying(patch: pytest.MonkeyPatch, step: str, *, after: int) -> None:
    """Let a writer die after so many calls of a step; it tidies nothing up."""
    real: Callable[..., Any] = getattr(Attempt, step)
    calls = 0

    def counted(self: Attempt, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - those of the real one
        nonlocal calls
        calls += 1
        if calls > after:
            raise Died
        return real(self, *arguments, **options)

    patch.setattr(Attempt, step, counted)
    patch.setattr(MongoWriter, "_take_back", lambda *_: None)


def without_times(found: Any) -> Any:  # noqa: ANN401 - whatever look-ups give
    """Return what look-ups gave, but for when it was seen: that is no part of a revision."""
    if isinstance(found, dict):
        return {key: without_times(member) for key, member in found.items() if key != "last_scanned"}
    if isinstance(found, (list, tuple)):
        return [without_times(member) for member in found]
    return replace(found, scanned_at=None) if hasattr(found, "scanned_at") else found


@pytest.mark.chaos
@pytest.mark.usefixtures("under_the_lock")
@pytest.mark.parametrize("step", STEPS)
def test_a_writer_that_died_at_any_step_leaves_what_was_there(
    mongo_place: Place, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = mongo_place.open_impatient()
    put(store, "inventory", [object_document(host("h0", **ODD_ATTRIBUTES))])
    fresh = MongoStore(mongo_place.uri, inventory="RDO")
    put(fresh, "inventory", [object_document(host("h0", **ODD_ATTRIBUTES))])
    old_generation(fresh)
    before = without_times(everything(fresh))
    new_generation(fresh)
    wanted = everything(fresh)
    fresh.close()
    for after in range(5):
        clear(store, ENVIRONMENT)
        put(store, "inventory", [object_document(host("h0", **ODD_ATTRIBUTES))])
        old_generation(store)
        with store.snapshot(ENVIRONMENT) as snapshot:
            with monkeypatch.context() as patch, contextlib.suppress(Died):
                dying(patch, step, after=after)
                new_generation(store)
            now = store.view(ENVIRONMENT).revision
            if now == snapshot.revision:
                assert without_times(everything(store)) == before, "readers notice nothing"
            else:
                assert after > 0
            check_lives(store, "inventory", host("h0").ref.document_id)
            new_generation(store)  # takes back what the dead one left
            for one in store.view(ENVIRONMENT).of_type("host"):
                check_lives(store, "inventory", one.ref.document_id)
            assert everything(store) == wanted
            assert without_times(everything(store, snapshot)) == before, "nor does one who has been reading for long"
            assert [one.revision for one in store.commits(ENVIRONMENT, limit=1)] == [store.view(ENVIRONMENT).revision]


@pytest.mark.usefixtures("under_the_lock")
def test_what_a_commit_could_not_finish_is_taken_back_at_once(
    mongo_place: Place, monkeypatch: pytest.MonkeyPatch, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    store = mongo_place.open()
    old_generation(store)
    before = everything(store)

    def broken(*_: object) -> None:
        raise pymongo.errors.OperationFailure("no more", 1)

    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "_seen", broken)
        with pytest.raises(StoreUnavailable, match="no more"):
            new_generation(store)
    assert without_times(everything(store)) == without_times(before)
    marker = database["revisions"].find_one({"_id": ENVIRONMENT})
    assert marker is not None
    assert "lock" not in marker
    assert database["inventory"].count_documents({"_revision": {"$gt": 1}}) == 0


@pytest.mark.long
def test_a_writer_that_was_suspended_changes_nothing_any_more(mongo_place: Place) -> None:
    size = 3000
    store = mongo_place.open()
    with worker("write", mongo_place, size, 1) as writer:
        said(writer)
        for _ in range(3):
            time.sleep(0.13)
            os.kill(writer.pid, signal.SIGSTOP)
            time.sleep(LEASE_S + 0.3)
            write(store, 9000, size)
            os.kill(writer.pid, signal.SIGCONT)
            time.sleep(0.5)
            if writer.poll() is None:
                os.kill(writer.pid, signal.SIGKILL)
                break
        writer.wait()
    assert check(store, size, seen=9000) in (9000, *range(1, 50))


@pytest.mark.usefixtures("under_the_lock")
@pytest.mark.parametrize("step", ["_keep", "_write", "publish"])
def test_a_writer_whose_lock_was_taken_over_begins_again(
    mongo_place: Place, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store, other = mongo_place.open_impatient(), mongo_place.open_impatient()
    old_generation(store)
    real: Callable[..., Any] = getattr(Attempt, step)
    held_up: list[str] = []

    def slow(self: Attempt, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - those of the real one
        if not held_up:
            held_up.append(step)
            time.sleep(LEASE_S + 0.2)
            put(other, "inventory", [object_document(host("h9"))])
        return real(self, *arguments, **options)

    monkeypatch.setattr(Attempt, step, slow)
    new_generation(store)
    assert {one.id for one in store.view(ENVIRONMENT).of_type("host")} == {"h1", "h3", "h9"}
    assert len(store.commits(ENVIRONMENT)) == 3
    assert list(other.view(ENVIRONMENT).documents("inventory")) == list(store.view(ENVIRONMENT).documents("inventory"))


def busy_days(store: Store) -> list[dict[str, Any]]:
    """Make small commits of every sort; return what was to be seen after each."""
    seen = []
    between = link(host("h1"), host("h4"))
    for number in range(6):
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", [object_document(host("h1", n=number)), object_document(host(f"only-{number}"))])
            if number:
                writer.remove("inventory", [host(f"only-{number - 1}").ref.document_id])
            if number % 2:
                writer.put("links", [link_document(between)])
            else:
                writer.remove("links", [between.document_id])
        seen.append(everything(store))
    return seen


def test_a_small_commit_is_one_update_of_the_marker(
    mongo_place: Place, monkeypatch: pytest.MonkeyPatch, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    store, other = mongo_place.open(), mongo_place.open()
    old_generation(store)
    with monkeypatch.context() as patch:
        patch.setattr(MongoWriter, "_attempt", lambda *_: pytest.fail("it took the lock"))
        busy_days(store)
        put(other, "inventory", [object_document(host("h7"))])
        put(store, "inventory", [object_document(host("h8"))])
    assert database["inventory"].count_documents({"_revision": {"$gt": 1}}) == 0
    marker = database["revisions"].find_one({"_id": ENVIRONMENT})
    assert marker is not None
    assert [one["revision"] for one in marker["pending"]] == list(range(2, 10))
    assert everything(store) == everything(other)
    assert {"h7", "h8"} <= {one.id for one in store.view(ENVIRONMENT).of_type("host")}
    put(store, "inventory", (object_document(host(f"many-{number}")) for number in range(30)))  # is none, and applies
    assert "pending" not in (database["revisions"].find_one({"_id": ENVIRONMENT}) or {})
    assert database["inventory"].count_documents({"_revision": {"$in": [8, 9]}}) == 2
    assert {"h7", "h8"} <= {one.id for one in store.view(ENVIRONMENT).of_type("host")}
    with store.write(ENVIRONMENT) as writer:  # seen unchanged: nothing to commit
        writer.put("inventory", [object_document(replace(host("h7"), scanned_at=LATER))])
        writer.seen("inventory", [host("h8").ref.document_id], LATER)
    assert store.view(ENVIRONMENT).revision == 10
    assert {one.scanned_at for one in store.view(ENVIRONMENT).of_type("host") if one.id in ("h7", "h8")} == {LATER}


def test_what_this_process_wrote_is_looked_up_again_only_after_others_committed(
    mongo_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = mongo_place.open(), mongo_place.open()
    old_generation(store)
    looked_up: list[Any] = []
    real = SmallCommit._current  # noqa: SLF001 - what asks the server

    def current(self: SmallCommit, *some: Any) -> Any:  # noqa: ANN401 - those of the real one
        looked_up.append(some)
        return real(self, *some)

    monkeypatch.setattr(SmallCommit, "_current", current)

    def h1(number: int, *, by: Store = store) -> tuple[int, int]:
        """Put h1; return how often something was looked up for it, and the revision."""
        looked_up.clear()
        put(by, "inventory", [object_document(host("h1", n=number))])
        return len(looked_up), by.view(ENVIRONMENT).revision

    assert h1(1) == (0, 2), "this process has written it before"
    for number in range(2, 2 + 2 * MOST_COMMITS):  # beyond those that a marker holds
        put(store, "inventory", [object_document(host("h2", n=number))])
    assert h1(1) == (0, 2 + 2 * MOST_COMMITS)
    revision = 2 + 2 * MOST_COMMITS
    assert h1(2, by=other)[1] == revision + 1
    assert h1(2)[1] == revision + 1, "the other has written the very same"
    assert h1(1)[1] == revision + 2
    with other.write(ENVIRONMENT) as writer:
        writer.remove("inventory", [host("h1").ref.document_id])
    assert h1(1)[1] == revision + 4, "it is new again"
    with store.write(ENVIRONMENT) as writer:
        writer.remove("inventory", [host("h1").ref.document_id])
    assert h1(1)[1] == revision + 6
    assert [one.new for one in store.commits(ENVIRONMENT, limit=3)] == [1, 0, 1]
    assert everything(store) == everything(other)


@pytest.mark.chaos
@pytest.mark.parametrize("step", ["keep", "write"])
@pytest.mark.parametrize("after", range(2))
def test_a_writer_that_died_while_it_applied_small_commits_lost_nothing(
    mongo_place: Place, monkeypatch: pytest.MonkeyPatch, step: str, after: int
) -> None:
    store = mongo_place.open_impatient()
    old_generation(store)
    wanted = busy_days(store)
    real: Callable[..., Any] = getattr(applying_redos, step)
    calls = 0

    def counted(*arguments: Any) -> Any:  # noqa: ANN401 - those of the real one
        nonlocal calls
        real(*arguments)
        calls += 1
        if calls > after:
            raise Died

    times = [one.at for one in reversed(store.commits(ENVIRONMENT))][1:]
    with store.snapshot(ENVIRONMENT) as snapshot:
        with monkeypatch.context() as patch:
            patch.setattr(applying_redos, step, counted)
            patch.setattr(small_commit, "MOST_DOCUMENTS", -1)
            patch.setattr(MongoWriter, "_take_back", lambda *_: None)
            with pytest.raises(Died):
                put(store, "inventory", [object_document(host("h9"))])
        assert everything(store) == wanted[-1], "readers notice nothing"
        check_lives(store, "inventory", host("h1").ref.document_id)
        put(store, "inventory", [object_document(host("h1", n=5))])  # takes over, and applies them again
        check_lives(store, "inventory", host("h1").ref.document_id)
        put(store, "inventory", (object_document(host(f"many-{number}")) for number in range(30)))
        assert everything(store, snapshot) == wanted[-1]
    for at, before in zip(times, wanted, strict=True):
        with store.snapshot(ENVIRONMENT, at=at) as then:
            assert everything(store, then) == before


def test_a_small_commit_whose_answer_was_lost_is_not_made_twice(
    mongo_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = mongo_place.open(), mongo_place.open()
    old_generation(store)
    real = SmallCommit.publish
    lost: list[int] = []

    def publish(self: SmallCommit, *, token: str, cause: str) -> Any:  # noqa: ANN401 - what the real one gives
        found = real(self, token=token, cause=cause)
        if not lost:
            lost.append(self.revision)
            put(other, "inventory", [object_document(host("h1", by="somebody else"))])
            raise pymongo.errors.AutoReconnect
        return found

    monkeypatch.setattr(Riding, "may_pass", lambda *_: True)
    monkeypatch.setattr(SmallCommit, "publish", publish)
    put(store, "inventory", [object_document(host("h1", by="me"))])
    one = store.view(ENVIRONMENT).get(host("h1").ref)
    assert one is not None
    assert one["by"] == "somebody else"
    assert store.view(ENVIRONMENT).revision == 3


def test_another_who_commits_is_waited_for_and_then_told(
    mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    store = mongo_place.open(wait_s=0.3)
    old_generation(store)
    lock = {"token": "x", "owner": "process 7 on elsewhere", "until": datetime.now(UTC) + timedelta(seconds=60)}
    database["revisions"].update_one({"_id": ENVIRONMENT}, {"$set": {"lock": lock}})
    with pytest.raises(StoreBusy, match="process 7 on elsewhere"):
        new_generation(store)
    put(store, "inventory", [object_document(host("h1", environment="b"))], environment="b")
    database["revisions"].update_one({"_id": ENVIRONMENT}, {"$set": {"lock.until": datetime.now(UTC)}})
    new_generation(store)
    assert store.view(ENVIRONMENT).revision == 3, "the number of who was there before is used no more"


@pytest.mark.long
def test_what_is_too_old_goes(mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]) -> None:
    store = mongo_place.open()
    keep(store, OFF)
    put(store, "inventory", [object_document(host("gone"))])
    clear(store, ENVIRONMENT)
    for number in range(70):
        put(store, "inventory", [object_document(host("h1", n=number))])
    yesterday = datetime.now(UTC) - LEAST - timedelta(hours=20)
    old = {"environment": ENVIRONMENT, "revision": {"$lte": 50}}
    assert database["revision_log"].update_many(old, {"$set": {"at": yesterday}}).modified_count == 50
    for number in range(70, 130):
        put(store, "inventory", [object_document(host("h1", n=number))])
    assert database["inventory_past"].count_documents({"_until": {"$lte": 50}}) == 0
    marker = database["revisions"].find_one({"_id": ENVIRONMENT})
    assert marker is not None
    assert database["inventory_past"].count_documents({}) == 132 - 50 - len(marker.get("pending", ()))
    assert database["inventory"].count_documents({"_gone": True}) == 0
    assert len(store.commits(ENVIRONMENT, limit=1000)) == 132 - 49
    assert store.view(ENVIRONMENT).revision == 132
    assert store.changes(ENVIRONMENT, since=50)
    with pytest.raises(PastUnknown):
        store.changes(ENVIRONMENT, since=49)


def test_ids_are_object_ids_and_times_are_dates(
    mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    old_generation(mongo_place.open())
    one = database["inventory"].find_one({"type": "host", "id": "h1"})
    assert one is not None
    assert one["_id"] == ObjectId(host("h1").ref.document_id)
    assert one["last_scanned"] == AT.replace(tzinfo=None)
    assert one["evidence"][0]["at"] == AT.replace(tzinfo=None)
    between = database["links"].find_one()
    assert between is not None
    assert database["inventory"].find_one({"_id": between["target"]}, {"_id": 0, "id": 1}) == {"id": "h1|eth0"}
    clique = database["cliques"].find_one()
    assert clique is not None
    assert clique["focal_point"] == one["_id"]


def test_keys_are_escaped_as_calipso_always_did(
    mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    attributes: dict[str, Any] = {"eth0.100": {"a.b": 1}}
    put(mongo_place.open(), "inventory", [object_document(host("h1", **attributes))])
    assert database["inventory"].find_one({"eth0[dot]100.a[dot]b": 1}) is not None


def test_every_look_up_uses_an_index(mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]) -> None:
    store = mongo_place.open()
    others = [pnic(f"other-{number}", "eth0") for number in range(300)]  # with little to read, any index is a good one
    with store.write(ENVIRONMENT) as writer:
        writer.put("inventory", map(object_document, others))
        writer.put("links", (link_document(link(one, others[0])) for one in others))
        writer.put("cliques", (clique_document(replace(CLIQUE, focal_point=one.ref)) for one in others))
    old_generation(store)
    store.collection("messages").put("1", {"environment": ENVIRONMENT, "timestamp": "2026-01-01", "id": "1"})
    store.collection("messages").put_all(
        {f"m{n}": {"environment": ENVIRONMENT, "timestamp": f"2026-02-01T{n:04}", "id": f"m{n}"} for n in range(300)}
    )
    store.index(["network"])
    database.command("profile", 2)
    everything(store)
    assert store.view(ENVIRONMENT).find(Find(where=(Equal("network", "n1"),))) == []
    with store.write(ENVIRONMENT) as writer:
        writer.digests("inventory")
        list(writer.documents("inventory", [host("h1").ref.document_id]))
    page_by_page(store.view(ENVIRONMENT), (), ("-_id",))
    messages = mongo_place.open().collection("messages")
    messages.get("1")
    messages.find({"environment": ENVIRONMENT})
    for way in ("", "-"):
        [first, second] = messages.find({"environment": ENVIRONMENT}, order=(f"{way}timestamp",), limit=2)
        after = (first["timestamp"], first["id"])
        again = messages.find({"environment": ENVIRONMENT}, order=(f"{way}timestamp",), after=after, limit=1)
        assert again == [second]
    database.command("profile", 0)
    entries = [
        entry
        for entry in database["system.profile"].find({"planSummary": {"$exists": True}})
        if entry["ns"].rpartition(".")[2] in (*KINDS, "messages")
    ]
    looked_up = set()
    for entry in entries:
        assert "COLLSCAN" not in entry["planSummary"], entry["command"]
        wanted = entry["command"].get("filter", {})
        names = {name for name, value in wanted.items() if "$exists" not in str(value)} - {
            "environment",
            "_revision",
            "$and",
        }
        looked_up |= names
        assert all(f"{name}:" in entry["planSummary"] for name in names), (entry["command"], entry["planSummary"])
    plans = [one["planSummary"] for one in entries if "network" in str(_filter(one["command"]))]
    assert any("network: 1" in plan for plan in plans), plans
    assert looked_up >= {"_id", "type", "parent_id", "link_type", "source", "target", "focal_point", "key"}
    sorting = database["system.profile"].find({"hasSortStage": True})
    assert [(one["ns"], one["command"], one["planSummary"]) for one in sorting] == []
    database["system.profile"].drop()
    database.command("profile", 2)
    page_by_page(store.view(ENVIRONMENT), ("type", "id"), ("-type", "-id"), ("type", "-id"))
    database.command("profile", 0)
    entries = list(database["system.profile"].find({"planSummary": {"$exists": True}, "ns": {"$regex": "inventory$"}}))
    assert len(entries) >= 6
    assert all(one["planSummary"].startswith("IXSCAN") for one in entries), entries


def page_by_page(view: StoreView, *orders: tuple[str, ...]) -> None:
    """Read two pages in each order, and count."""
    for order in orders:
        [*_, last] = view.find_documents(Find(order=order, limit=100, fields=("type", "id")))
        after = (*(last[name.removeprefix("-")] for name in order), last["_id"])
        assert len(view.find_documents(Find(order=order, after=after, limit=3))) == 3
    assert view.count(Find(where=(Equal("type", "host_pnic"), Prefix("id", "other-1")))) == 111


def test_indexes_are_there(mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]) -> None:
    mongo_place.open()
    indexes = database["inventory"].index_information().values()
    unique = [index["key"] for index in indexes if index.get("unique")]
    assert unique == [[("environment", 1), ("type", 1), ("id", 1)]]
    assert [("environment", 1), ("host", 1)] in [index["key"] for index in indexes]
    twin = {"environment": "x", "type": "t", "id": "i"}
    database["inventory"].insert_one(dict(twin))
    with pytest.raises(pymongo.errors.DuplicateKeyError):
        database["inventory"].insert_one(dict(twin))


def test_a_store_of_another_layout_is_left_alone(
    mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    old_generation(mongo_place.open())
    database["store_layout"].update_one({}, {"$set": {"version": 99}})
    before = {name: list(database[name].find()) for name in database.list_collection_names()}
    with pytest.raises(StoreVersionMismatch, match="99"):
        mongo_place.open()
    assert {name: list(database[name].find()) for name in database.list_collection_names()} == before


def test_a_database_of_another_program_is_left_alone(
    mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    database.client.drop_database(database.name)  # it may have empty collections of a store
    database["inventory"].insert_one({"environment": "old", "type": "host", "id": "h1"})
    with pytest.raises(StoreVersionMismatch, match="not recorded"):
        mongo_place.open()
    assert database.list_collection_names() == ["inventory"]
    assert len(database["inventory"].index_information()) == 1


def test_a_server_that_is_not_there(mongo_place: Place) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1") as caught:
        open_store("mongodb://127.0.0.1:1/x?serverSelectionTimeoutMS=300")
    assert time.monotonic() - began < 5
    assert "Topology" not in str(caught.value)
    assert mongo_place.open().uri == mongo_place.uri


@pytest.mark.parametrize(
    "form",
    [
        "mongodb://scan:{quoted}@{address}/x?authSource=admin&serverSelectionTimeoutMS=2000",
        "mongodb://scan:{plain}@{address}/x",
        "mongodb://scan:{plain}@{address}:port/x",
        "mongodb://scan:{quoted}@{address}/x?authMechanism=NOPE",
        "mongodb://{address}/x?proxyPassword={quoted}&tlsCertificateKeyFilePassword={quoted}",
        "mongodb://scan:{plain}@/x",
    ],
)
def test_no_error_shows_the_password(mongod: Mongod, form: str) -> None:
    quoted = "c4n4ry%3Ap%3Fss%2Fw%40rd"
    uri = form.format(quoted=quoted, plain=PASSWORD, address=f"127.0.0.1:{mongod.port}")
    with pytest.raises(StoreUnavailable) as caught:
        open_store(uri)
    told = "".join(traceback.format_exception(caught.value)) + str(caught.value.data())
    for secret in (PASSWORD, quoted, "c4n4ry", "w@rd", "w%40rd"):
        assert secret not in told


def test_a_document_that_is_too_large_is_refused(mongo_place: Place) -> None:
    store = mongo_place.open()
    old_generation(store)
    before = stored(store)
    with pytest.raises(DocumentRefused, match="larger than MongoDB allows"):
        put(store, "inventory", [object_document(host("h9", huge="x" * (17 << 20)))])
    assert stored(store) == before


def test_inventories_of_two_names_know_nothing_of_each_other(
    mongo_place: Place, database: pymongo.database.Database[dict[str, Any]]
) -> None:
    one, other = mongo_place.open(), mongo_place.open(inventory="RDO")
    old_generation(one)
    assert everything(other)["counts"] == {}
    old_generation(other)
    other.collection("scans").put("1", {"a": 1})
    other.collection("constants").put("1", {"a": 1})
    assert one.collection("scans").find() == []
    assert one.collection("constants").find() == [{"a": 1}]
    names = set(database.list_collection_names())
    assert {"inventory", "links", "RDO", "RDO_links", "RDO_scans", "constants", "RDO_revisions"} <= names


@pytest.mark.chaos
def test_a_server_that_dies_loses_no_generation_that_was_written(tmp_path: Path) -> None:
    from tests.fixtures.mongod import running  # noqa: PLC0415 - the plug-in is loaded by pytest first

    for generation in (1, 2, 3):
        with running(tmp_path) as server:
            store = MongoStore(f"{server.uri('test')}?serverSelectionTimeoutMS=1000")
            if generation > 1:
                assert check(store, 500) == generation - 1
            write(store, generation, 500)
            server.process.kill()
            server.process.wait()
            with pytest.raises(StoreUnavailable):
                MongoStore(f"{server.uri('test')}?serverSelectionTimeoutMS=300")
            store.close()


def _filter(command: dict[str, Any]) -> dict[str, Any]:
    """Return the filter of a query, or with which a pipeline begins."""
    found: dict[str, Any] = command["pipeline"][0]["$match"] if "pipeline" in command else command.get("filter", {})
    return found
