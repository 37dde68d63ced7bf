# SPDX-License-Identifier: Apache-2.0
"""The text index, on SQLite and on a real mongod: many segments, interrupted and concurrent updates, what it reads."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from typing import TYPE_CHECKING, Any

import pymongo
import pytest

from calipso_nornir.store import backup, open_store, text_search, trigrams
from calipso_nornir.store.documents import object_document
from calipso_nornir.store.migrations import migrate
from calipso_nornir.store.mongo import text_indexing as of_mongo
from calipso_nornir.store.mongo import text_segment
from calipso_nornir.store.mongo.text_index import MongoTextIndex
from calipso_nornir.store.searching import Needle, found
from calipso_nornir.store.sqlite import text_indexing as of_sqlite
from calipso_nornir.store.sqlite.text_index import SqliteTextIndex, TableNames
from calipso_nornir.testing.search_contract import SearchContract
from calipso_nornir.testing.store_samples import ENVIRONMENT, host, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from calipso_nornir.model.stores import Document, Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

SOME = [host(f"h{number:03}", motto=f"m{number % 7} {number:x}") for number in range(100)]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make segments of nine objects, and renew the index early."""
    monkeypatch.setattr(of_mongo, "MOST", 9)
    monkeypatch.setattr(of_sqlite, "MOST", 9)
    monkeypatch.setattr(of_sqlite, "_SEGMENT", 9)
    monkeypatch.setattr(text_search, "MOST", 16)


@pytest.mark.usefixtures("small_segments")
class TestManySegments(SearchContract):
    """The contract of search, with an index of many segments, which is renewed all the time."""

    @pytest.mark.chaos
    def test_search_finds_the_same_with_an_index(self, opened: Callable[[], Store]) -> None:
        """Takes many seconds with so many segments."""
        super().test_search_finds_the_same_with_an_index(opened)

    @pytest.fixture
    def opened(self, place: Place) -> Callable[[], Store]:
        """Open it as a user does."""
        return place.open


def _found(store: Store, text: str) -> list[str]:
    return [one.id for one in store.view(ENVIRONMENT).search(text, limit=1000)]


@pytest.mark.usefixtures("small_segments")
def test_an_index_that_was_interrupted_is_finished_by_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store = place.open()
    put(store, "inventory", map(object_document, SOME))
    parts = iter(range(3))

    def breaking(document: Document) -> tuple[str, list[str]]:
        if document["id"] == "h050":
            next(parts)
            raise KeyboardInterrupt
        return trigrams.texts_of(document)

    with monkeypatch.context() as patch:
        for module in (text_segment, of_sqlite):
            patch.setattr(module, "texts_of", breaking)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                place.open().index_texts(ENVIRONMENT)
        assert _found(store, "m3") == [one.id for one in SOME if "m3" in str(one["motto"])], "it is found directly"
    assert store.index_texts(ENVIRONMENT) == len(SOME)
    assert _found(store, "m3") == [one.id for one in SOME if "m3" in str(one["motto"])]
    if place.kind == "mongo":
        with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
            index = client.get_default_database()["search_index"]
            [note] = index.find({"_id": f"note {ENVIRONMENT}"})
            names = {one["name"] for one in note["segments"]}
            assert {one["_id"][:12] for one in index.find({"data": {"$exists": True}})} == names, "nothing is left over"
            assert "building" not in note


def test_only_one_at_a_time_brings_it_up_to_date(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = place.open(), place.open()
    put(store, "inventory", map(object_document, SOME))
    told: list[int] = []

    def between(document: Document) -> tuple[str, list[str]]:
        if not told:
            told.append(-1)
            told[0] = other.index_texts(ENVIRONMENT)
        return trigrams.texts_of(document)

    for module in (text_segment, of_sqlite):
        monkeypatch.setattr(module, "texts_of", between)
    assert store.index_texts(ENVIRONMENT) == len(SOME)
    assert told == [0]
    assert _found(other, "m3") == _found(store, "m3")


def test_what_is_written_while_it_is_brought_up_to_date_is_found(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = place.open(), place.open()
    put(store, "inventory", map(object_document, SOME))
    done: list[bool] = []

    def between(document: Document) -> tuple[str, list[str]]:
        if not done:
            done.append(True)
            put(other, "inventory", map(object_document, [host("h000", motto="later"), host("new", motto="later")]))
        return trigrams.texts_of(document)

    for module in (text_segment, of_sqlite):
        monkeypatch.setattr(module, "texts_of", between)
    assert store.index_texts(ENVIRONMENT) == len(SOME)
    assert _found(store, "later") == ["h000", "new"]
    assert "h000" not in _found(store, "m0"), "the index names it still, and it is compared"


@pytest.mark.usefixtures("small_segments")
def test_what_was_replaced_does_not_pile_up(place: Place) -> None:
    store = place.open()
    for number in range(30):
        some = [host(f"h{one}", motto=f"n{number}") for one in range(12)]
        put(store, "inventory", map(object_document, some))
        store.index_texts(ENVIRONMENT)
        assert len(_found(store, f"n{number}")) == len(some)
        assert _found(store, f"n{number - 1}x") == []
    if place.kind == "mongo":
        with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
            [note] = client.get_default_database()["search_index"].find({"_id": f"note {ENVIRONMENT}"})
            there = sum(one["members"] for one in note["segments"])
    else:
        with contextlib.closing(sqlite3.connect(place.uri)) as connection:
            [(there,)] = connection.execute('SELECT count(*) FROM "calipso_fts_members.inventory"')
    assert there < 80, "twelve objects, and what may be stale"


def test_a_search_reads_what_it_needs_and_nothing_more(mongo_place: Place) -> None:
    """The server's profile of a search: every read goes through an index, and only what is found is examined."""
    store = mongo_place.open()
    many = [host(f"h{number:04}", serial=f"{random.Random(number).getrandbits(64):016x}") for number in range(3000)]  # noqa: S311
    put(store, "inventory", map(object_document, many))
    store.index_texts(ENVIRONMENT)
    put(store, "inventory", [object_document(host("late", serial="x"))])
    with pymongo.MongoClient[dict[str, Any]](mongo_place.uri) as client:
        database = client.get_default_database()
        database.command("profile", 2)
        wanted = str(many[1234]["serial"])
        assert _found(store, wanted[3:12].upper()) == ["h1234"]
        database.command("profile", 0)
        reads = list(database["system.profile"].find({"op": {"$in": ["query", "getmore", "command"]}}))
    plans = {one["planSummary"] for one in reads if "planSummary" in one}
    assert plans, "it was watched"
    assert not [plan for plan in plans if "COLLSCAN" in plan]
    inventory = [one for one in reads if one["ns"].endswith(".inventory")]
    assert sum(one.get("docsExamined", 0) for one in inventory) < 30


def test_all_segments_are_read_together(mongo_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that finds few objects in twenty segments takes as many round trips as in one."""
    monkeypatch.setattr(of_mongo, "MOST", 10)
    store = mongo_place.open()
    many = [host(f"h{number:03}", motto="rare" if number % 10 == 3 else f"m{number}") for number in range(200)]
    put(store, "inventory", map(object_document, many))
    store.index_texts(ENVIRONMENT)
    with pymongo.MongoClient[dict[str, Any]](mongo_place.uri) as client:
        database = client.get_default_database()
        database.command("profile", 2)
        assert _found(store, "rare") == [f"h{number:03}" for number in range(3, 200, 10)]
        database.command("profile", 0)
        reads = database["system.profile"].find({"op": {"$in": ["query", "getmore"]}})
        names = [one["ns"].rpartition(".")[2] for one in reads]
    assert names.count("inventory") == 1
    assert names.count("search_index") == 6, "twice the note, names, values, who has them, and the ids"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many objects each question to a text index has read."""
    read: list[int] = []
    for index in (SqliteTextIndex, MongoTextIndex):
        real = index.documents

        def counted(self: Any, segment: Any, places: Any, real: Any = real) -> Any:  # noqa: ANN401 - the real one's
            read.append(len(places))
            return real(self, segment, places)

        monkeypatch.setattr(index, "documents", counted)
    return read


def test_a_late_page_reads_few_objects(place: Place, read: list[int]) -> None:
    """Whether it is one of names or of values, and also if most objects of the index have been removed since."""
    store = place.open()
    many = [host(f"h{number:04}", motto="common") for number in range(3000)]
    put(store, "inventory", map(object_document, many))
    store.index_texts(ENVIRONMENT)

    def page(text: str, *, described: bool, after: str) -> list[str]:
        read.clear()
        view = store.view(ENVIRONMENT)
        return [one.id for one in view.search(text, limit=5, after=(described, "host", after))]

    wanted = [f"h{number}" for number in range(2901, 2906)]
    assert page("common", described=True, after="h2900") == wanted
    assert 0 < sum(read) < 400, "about 16 for each halving, and the page"
    assert page("h", described=False, after="h2900") == wanted
    assert 0 < sum(read) < 400
    assert page("common", described=True, after="h2999") == []
    with store.write(ENVIRONMENT) as writer:
        writer.remove("inventory", [one.ref.document_id for one in many[100:2900]])
    assert page("common", described=True, after="h2900") == wanted
    assert page("common", described=True, after="h0097") == ["h0098", "h0099", "h2900", "h2901", "h2902"]


@pytest.mark.parametrize("form", ["first", "of today"])
def test_only_objects_with_the_text_in_one_value_are_read(place: Place, read: list[int], form: str) -> None:
    """All objects have all trigrams of the text in their values, one object has the text."""
    store = place.open()
    many = [host(f"h{number:04}", one="fa:16:3e:00:00", two=["3e:01", "1:02:03"], n=number) for number in range(500)]
    many[321] = host("h0321", mac="fa:16:3e:01:02:03")
    put(store, "inventory", map(object_document, many))
    if form == "first":
        _make_in_first_form(place)
    store.index_texts(ENVIRONMENT)
    assert _found(store, "FA-16-3E-01-02-03") == ["h0321"]
    assert _found(store, "16:3e:01:0") == ["h0321"]
    assert _found(store, "16:3e:01:02:04") == []
    assert sum(read) == 2, "found twice"


def _make_in_first_form(place: Place) -> None:
    """Put an index there as development versions made it, which names nothing."""
    if place.kind == "mongo":
        with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
            segment = {"name": "0123456789ab", "type": "host", "id": "h0", "members": 500}
            note = {"_id": f"note {ENVIRONMENT}", "upto": 1, "generation": 7, "segments": [segment]}
            client.get_default_database()["search_index"].insert_many([note, {"_id": "0123456789abnh00", "data": b""}])
        return
    names = TableNames.of("inventory")
    with contextlib.closing(sqlite3.connect(place.uri)) as connection, connection:
        for statement in names.creating():
            connection.execute(statement.replace("detail = full", "detail = column"))
        connection.execute(f"INSERT INTO {names.notes} VALUES (?, 1, NULL, NULL)", (ENVIRONMENT,))  # noqa: S608 - a constant
        connection.execute(f"INSERT INTO {names.segments} VALUES (?, 1, 500, 'host', 'h0')", (ENVIRONMENT,))  # noqa: S608 - a constant


def test_sqlite_uses_fts5(sqlite_place: Place) -> None:
    """What SQLite is asked: FTS5 gives the places, and row numbers the objects."""
    store = sqlite_place.open()
    put(store, "inventory", map(object_document, SOME))
    store.index_texts(ENVIRONMENT)
    with contextlib.closing(sqlite3.connect(sqlite_place.uri)) as connection:
        words = '"calipso_fts_words.inventory"'
        found_ = connection.execute(
            f"SELECT rowid FROM {words} WHERE {words} MATCH ?",  # noqa: S608 - a constant
            ('"names" : ("h05")',),
        ).fetchall()
    assert len(found_) == 10
    assert _found(store, "h05") == [f"h05{number}" for number in range(10)]


def test_a_backup_is_searched_like_the_store(place: Place, tmp_path: Path) -> None:
    store = place.open()
    put(store, "inventory", map(object_document, SOME))
    store.index_texts(ENVIRONMENT)
    put(store, "inventory", [object_document(host("h000", motto="later"))])
    file = tmp_path / "backup.zip"
    backup.back_up(place.uri, file)
    elsewhere = str(tmp_path / "again.db") if place.kind == "sqlite" else f"{place.uri}_again"
    backup.restore(elsewhere, file)
    with contextlib.closing(open_store(elsewhere)) as again:
        for text in ("later", "m3", "h00"):
            assert _found(again, text) == _found(store, text)
            again.index_texts(ENVIRONMENT)


def test_on_the_way_back_to_layout_1_the_index_goes(place: Place) -> None:
    store = place.open()
    put(store, "inventory", map(object_document, SOME))
    store.index_texts(ENVIRONMENT)
    store.close()
    migrate(place.uri, to=1)
    if place.kind == "sqlite":
        with contextlib.closing(sqlite3.connect(place.uri)) as connection:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        assert not {name for name in names if "fts" in name}
    else:
        with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
            assert "search_index" not in client.get_default_database().list_collection_names()
    migrate(place.uri)
    with contextlib.closing(open_store(place.uri)) as migrated:
        assert _found(migrated, "m3") == _found(migrated, "M3") != []
        assert migrated.index_texts(ENVIRONMENT) == len(SOME)


def test_an_index_of_another_time_is_not_used(place: Place) -> None:
    """Somebody has put the inventory back to an earlier state, and not the index."""
    store = place.open()
    for number in range(3):
        put(store, "inventory", map(object_document, [host(f"x{number}-{one}") for one in range(30)]))
    store.index_texts(ENVIRONMENT)
    if place.kind == "sqlite":
        with contextlib.closing(sqlite3.connect(place.uri)) as connection, connection:
            connection.execute("UPDATE revisions SET revision = 2")
    else:
        with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
            client.get_default_database()["revisions"].update_one({"_id": ENVIRONMENT}, {"$set": {"revision": 2}})
    again = place.open()
    view = again.view(ENVIRONMENT)
    assert [one.id for one in view.search("x1-1")] == [one["id"] for one in _directly(view.documents("inventory"))]


def _directly(documents: Iterable[Document]) -> list[Document]:
    ordered = sorted(documents, key=lambda one: (one["type"], one["id"]))
    return found(Needle("x1-1"), ordered, limit=100)
