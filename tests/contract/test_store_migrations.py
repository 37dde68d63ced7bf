# SPDX-License-Identifier: Apache-2.0
"""A store of release 905c723 (``tests/fixtures/layout1``, written by its code) is migrated, and back."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymongo
import pytest
from bson import json_util

from calipso_nornir.errors import StoreVersionMismatch, UnknownStore
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.finding import Equal, Find, Holds, found_by
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import clique_document, object_document
from calipso_nornir.store.migrations import layout_of, migrate
from calipso_nornir.testing.store_samples import AT, ENVIRONMENT, LATER, ODD_ATTRIBUTES, host, link, pnic, put

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

LAYOUT_1 = Path(__file__).parents[1] / "fixtures" / "layout1"
ONE, OTHER = host("h1", **ODD_ATTRIBUTES), pnic("h1", "eth0")


@pytest.fixture
def old(place: Place) -> Place:
    """Put the old store into a place."""
    if place.kind == "sqlite":
        path = Path(place.uri)
        path.parent.mkdir(parents=True)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.executescript((LAYOUT_1 / "sqlite.sql").read_text())
            connection.execute("PRAGMA journal_mode = WAL")
    else:
        with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
            for line in (LAYOUT_1 / "mongo.jsonl").read_text().splitlines():
                entry = json_util.loads(line)
                client.get_default_database()[entry["collection"]].insert_one(entry["document"])
    return place


def content(place: Place) -> Any:  # noqa: ANN401 - whatever is there
    """Return everything that is in a place, as its own program gives it."""
    if place.kind == "sqlite":
        with contextlib.closing(sqlite3.connect(place.uri)) as connection:
            return [*connection.iterdump()]
    with pymongo.MongoClient[dict[str, Any]](place.uri) as client:
        database = client.get_default_database()
        return {name: list(database[name].find().sort("_id")) for name in sorted(database.list_collection_names())}


def check(store: Store, *, half: bool) -> None:
    """Compare a store with what the old one held; ``half``: its last generation was valid and not applied yet."""
    view = store.view(ENVIRONMENT)
    assert view.get_by_id("inventory", ONE.ref.document_id) == object_document(ONE)
    assert [one.id for one in view.of_type("host")] == (["h1", "h3"] if half else ["h1", "h2"])
    seen = [one.scanned_at for one in view.of_type("host_pnic")]
    assert seen == ([LATER, AT] if half else [AT, AT])
    between = link(ONE, OTHER, attributes={"network": ["n1"]})
    assert view.links() == [between]
    assert view.implicit_links() == [link(OTHER, ONE, implicit=True)]
    clique = Clique(
        focal_point=ONE.ref,
        clique_type="ANY:host",
        links=(between.document_id,),
        nodes=(ONE.ref, OTHER.ref),
        scanned_at=AT,
    )
    assert view.cliques_with([between.document_id]) == [clique]
    [stored] = view.documents("cliques")
    assert stored["digest"] == clique_document(clique)["digest"], "a scan that finds the same changes nothing"
    for condition in (Equal("port_id", "p1"), Equal("device", "tap1"), Holds("mac_addresses", "fa:16:3e:00:00:01")):
        assert [one.id for one in view.find(Find(where=(condition,)))] == ["h1|tap1"]
    assert ONE.ref in [one.ref for one in view.find(Find(where=(found_by(next(iter(ONE.found_by))),)))]
    assert store.environments() == [ENVIRONMENT, "there"]
    assert store.collection("environments_config").get(ENVIRONMENT) == {"name": ENVIRONMENT, "a.b": 1}
    assert [one["scan_id"] for one in store.collection("scans").find()] == ["1"]


def test_it_is_carried_over(old: Place) -> None:
    with pytest.raises(StoreVersionMismatch, match="calipso store migrate"):
        old.open()
    assert set(layout_of(old.uri)[1].values()) == {1}
    before = content(old)
    rehearsed = migrate(old.uri, dry_run=True)
    assert content(old) == before
    done = migrate(old.uri)
    assert (done.found, done.to, done.documents) == (1, 2, rehearsed.documents)
    assert done.documents["inventory: links"] == done.documents["RDO: inventory"] == 1
    assert set(layout_of(old.uri)[1].values()) == {2}
    store = old.open()
    half = old.kind == "mongo"
    check(store, half=half)
    assert store.view(ENVIRONMENT).revision == (3 if half else 2), "it goes on counting"
    assert [one.id for one in old.open(inventory="RDO").view(ENVIRONMENT).of_type("host")] == ["rdo1"]
    with store.snapshot(ENVIRONMENT, at=datetime.now(UTC)) as then:
        assert then.get_by_id("inventory", ONE.ref.document_id) == object_document(ONE)
    put(store, "inventory", [object_document(host("h9"))])
    assert [one.document_id for one in store.changes(ENVIRONMENT, since=3 if half else 2)] == [
        host("h9").ref.document_id
    ]
    assert migrate(old.uri).documents == {}, "once is enough"


@pytest.mark.long
def test_and_back(old: Place) -> None:
    before = content(old)
    migrate(old.uri)
    old.open().close()
    rehearsed = migrate(old.uri, to=1, dry_run=True)
    assert rehearsed.documents
    assert set(layout_of(old.uri)[1].values()) == {2}
    migrate(old.uri, to=1)
    assert set(layout_of(old.uri)[1].values()) == {1}
    after = content(old)
    if old.kind == "sqlite":
        assert sorted(after) == sorted(before)
    else:
        names = {name for name, documents in before.items() if documents and "generation_changes" not in name}
        assert names <= {name for name, documents in after.items() if documents}
        assert after["generations"][0] == {"_id": ENVIRONMENT, "generation": 3, "state": "clean"}
        assert all(one in after["links"] for one in before["links"])
    migrate(old.uri)
    check(old.open(), half=old.kind == "mongo")


def test_a_migration_that_was_interrupted_is_begun_again(old: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from calipso_nornir.store.mongo import migrating as of_mongo  # noqa: PLC0415 - to break it
    from calipso_nornir.store.sqlite import migrating as of_sqlite  # noqa: PLC0415 - to break it

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(of_sqlite, "_note_revisions", broken)
        patch.setattr(of_mongo, "_note_revision", broken)
        with pytest.raises(KeyboardInterrupt):
            migrate(old.uri)
    assert set(layout_of(old.uri)[1].values()) == {1}
    migrate(old.uri)
    check(old.open(), half=old.kind == "mongo")


def test_what_cannot_be_migrated_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownStore):
        migrate(tmp_path / "nowhere.db")
    with contextlib.closing(open_store(tmp_path / "x.db")):
        pass
    with pytest.raises(StoreVersionMismatch, match="layout 2"):
        migrate(tmp_path / "x.db", to=7)
