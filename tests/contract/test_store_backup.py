# SPDX-License-Identifier: Apache-2.0
"""Backups of both stores, made during commits and restored into an empty store; damaged backups are rejected."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import BackupInvalid, CalipsoError, InvalidRequest, StoreUnavailable, StoreVersionMismatch
from calipso_nornir.store import open_store
from calipso_nornir.store.backup import back_up, restore, vacuum
from calipso_nornir.store.documents import object_document
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import Client, served

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]
ENVIRONMENT = "lab"
EVERY = 4
"""Each so many commits one changes all objects of a type, in place of a few."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("recording") / "whole.calipso")


@pytest.fixture
def elsewhere(place: Place, tmp_path: Path) -> str:
    """Return where there is no store yet, of the same kind."""
    return str(tmp_path / "other" / "s.db") if place.kind == "sqlite" else f"{place.uri}_restored"


def picture(store: Store) -> dict[str, Any]:
    """Return all that a reader sees of the newest revision."""
    with store.snapshot(ENVIRONMENT) as view:
        counts = dict(view.counts())
        objects = {str(one.ref): object_document(one) for kind in counts for one in view.of_type(kind)}
        return {
            "revision": view.revision,
            "objects": objects,
            "links": sorted(map(repr, view.links())),
            "cliques": sorted(map(repr, view.cliques())),
        }


def commit(store: Store, number: int) -> None:
    """Note a number in all hosts, and now and then in all vNICs; the agents are there in every other commit."""
    kinds = ["host", *(["vnic"] if number % EVERY == 0 else [])]
    view = store.view(ENVIRONMENT)
    objects = [one for kind in kinds for one in view.of_type(kind)]
    documents = [object_document(replace(one, attributes={**one.attributes, "note": number})) for one in objects]
    with store.write(ENVIRONMENT, cause=f"number {number}") as writer:
        writer.put("inventory", documents)
        if number % 2:
            writer.remove("inventory", [one["_id"] for one in AGENTS])
        else:
            writer.put("inventory", AGENTS)


AGENTS: list[dict[str, Any]] = []


def check_whole(store: Store) -> int:
    """Check that a store shows one commit of ``commit``, and not parts of two; return its number."""
    with store.snapshot(ENVIRONMENT) as view:
        (number,) = {one["note"] for one in view.of_type("host")}
        assert {one["note"] for one in view.of_type("vnic")} == {number - number % EVERY}
        assert len(view.of_type("network_agent")) == (0 if number % 2 else len(AGENTS))
    newest, *_ = store.commits(ENVIRONMENT, limit=1)
    assert newest.cause == f"number {number}"
    return int(number)


def test_a_store_goes_to_a_file_and_back(place: Place, recording: Path, elsewhere: str, tmp_path: Path) -> None:
    store = place.open(inventory="other")
    store.collection("scans").put("x", {"scan_id": "x"})
    filled(place.uri, recording)
    store = place.open()
    before = picture(store)["revision"]
    store.collection("users").put("ann", {"name": "ann", "roles": {"lab": "viewer"}, "number": 1 << 40})
    AGENTS[:] = [object_document(one) for one in store.view(ENVIRONMENT).of_type("network_agent")]
    for number in (4, 5):
        commit(store, number)
    file = tmp_path / "backup.zip"
    made = back_up(place.uri, file)
    assert made.kind == {"sqlite": "sqlite", "mongo": "mongodb"}[place.kind]
    assert file.stat().st_mode & 0o777 == 0o600
    restore(elsewhere, file)
    restored = open_store(elsewhere)
    try:
        assert picture(restored) == picture(store)
        assert check_whole(restored) == 5
        assert restored.collection("users").get("ann") == store.collection("users").get("ann")
        assert restored.commits(ENVIRONMENT) == store.commits(ENVIRONMENT)
        history = [list(one.changes(ENVIRONMENT, since=before)) for one in (store, restored)]
        assert history[0] == history[1] != []
        commit(restored, 6)
        assert check_whole(restored) == 6
        assert picture(restored)["revision"] == picture(store)["revision"] + 1
    finally:
        restored.close()
    other = open_store(elsewhere, inventory="other")
    assert other.collection("scans").get("x") == {"scan_id": "x"}
    other.close()


@pytest.mark.long
def test_it_is_of_one_revision_while_others_commit(
    place: Place, recording: Path, elsewhere: str, tmp_path: Path
) -> None:
    filled(place.uri, recording)
    store = place.open()
    AGENTS[:] = [object_document(one) for one in store.view(ENVIRONMENT).of_type("network_agent")]
    assert AGENTS
    commit(store, 0)
    stop, failed = threading.Event(), []

    def work() -> None:
        writing = place.open()
        number = 1
        try:
            while not stop.is_set():
                commit(writing, number)
                number += 1
        except CalipsoError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for number in range(2):
            back_up(place.uri, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        thread.join(60)
    assert not failed
    last = check_whole(store)
    seen = []
    for number in range(2):
        where = f"{elsewhere}{number}"
        restore(where, tmp_path / f"{number}.zip")
        restored = open_store(where)
        seen.append(check_whole(restored))
        commit(restored, seen[-1] + 1)
        assert check_whole(restored) == seen[-1] + 1, "the next commit leaves nothing behind of an unfinished one"
        restored.close()
    assert seen == sorted(seen)
    assert 0 <= seen[0] <= seen[-1] <= last


def spoiled(file: Path, how: str) -> None:
    """Damage a backup."""
    raw = bytearray(file.read_bytes())
    if how == "cut off":
        raw = raw[: len(raw) // 2]
    elif how == "empty":
        raw = bytearray()
    elif how == "a bit":
        with zipfile.ZipFile(file) as archive:
            largest = max(archive.infolist(), key=lambda one: one.compress_size)
        raw[largest.header_offset + 100 + largest.compress_size // 2] ^= 1
    elif how == "the manifest":
        with zipfile.ZipFile(file) as archive:
            manifest = archive.getinfo("manifest.json")
        raw[manifest.header_offset + 30 + len(manifest.filename)] = 0x07  # no type of block (RFC 1951, 3.2.3)
    elif how == "another file":
        raw = bytearray(b"SQLite format 3\0" + bytes(4096))
    file.write_bytes(raw)


def with_manifest(file: Path, **changes: object) -> None:
    """Change the manifest, or put another member in."""
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    members["manifest.json"] = json.dumps({**manifest, **changes}).encode()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_the_api_goes_on_during_a_backup_and_what_is_restored_serves_the_same(
    place: Place, recording: Path, elsewhere: str, tmp_path: Path
) -> None:
    """Reads and writes of clients during it all succeed; a store that is served is not restored over."""
    filled(place.uri, recording)
    file, path = tmp_path / "backup.zip", f"/environments/{ENVIRONMENT}/objects"
    with served(place.open(), secrets=tmp_path / "secrets") as api:
        admin = api.user("root", everywhere="admin")
        stop, done = threading.Event(), [0]
        failed: list[str] = []

        def ask() -> None:
            while not stop.is_set():
                body = {"name": f"user-{done[0]}", "password": "correct horse battery"}
                answers = (admin.ask("GET", path), admin.ask("POST", "/users", json=body))
                failed.extend(one.text for one in answers if not one.ok)
                done[0] += 1

        thread = threading.Thread(target=ask)
        thread.start()
        while not done[0]:
            time.sleep(0.01)
        before = done[0]
        back_up(place.uri, file)
        stop.set()
        thread.join()
        assert failed == []
        assert done[0] > before
        with pytest.raises(InvalidRequest, match=r"is not empty|exists already"):
            restore(place.uri, file)
        there = admin.get(path, sort="id", limit=1000)
    restore(elsewhere, file)
    with closing(open_store(elsewhere)) as restored, served(restored, secrets=tmp_path / "secrets") as api:
        again = Client(api.url, admin.headers)
        assert again.get(path, sort="id", limit=1000) == there, "the same token, and the same objects"
        assert {f"user-{number}" for number in range(before)} <= {one["name"] for one in again.get("/users")}


@pytest.mark.parametrize("how", ["cut off", "empty", "a bit", "the manifest", "another file"])
def test_a_damaged_backup_is_refused_and_nothing_is_written(
    place: Place, elsewhere: str, tmp_path: Path, how: str
) -> None:
    noise = random.Random(9).randbytes(50_000).hex()  # noqa: S311 - of what repeats, a wrong bit may say the same
    place.open().collection("users").put("ann", {"name": "ann", "text": noise})
    file = tmp_path / "backup.zip"
    back_up(place.uri, file)
    spoiled(file, how)
    with pytest.raises(BackupInvalid, match="Nothing was written"):
        restore(elsewhere, file)
    assert not Path(elsewhere).exists()
    refused = calipso("store", "restore", str(file), store=elsewhere)
    assert refused.status == 1
    assert "cannot be restored" in refused.err


def test_what_is_not_meant_for_it_is_refused(place: Place, elsewhere: str, tmp_path: Path) -> None:
    place.open().collection("users").put("ann", {"name": "ann"})
    file = tmp_path / "backup.zip"
    back_up(place.uri, file)
    with pytest.raises(InvalidRequest, match="exists already"):
        back_up(place.uri, file)
    with pytest.raises(InvalidRequest, match=r"is not empty|exists already"):
        restore(place.uri, file)
    other = "mongodb://127.0.0.1:1/x" if place.kind == "sqlite" else str(tmp_path / "x.db")
    with pytest.raises(InvalidRequest, match="of another kind"):
        restore(other, file)
    with pytest.raises(CalipsoError, match=r"there is no store|cannot be used|holds no"):
        back_up(str(tmp_path / "nosuch.db"), tmp_path / "other.zip")
    assert not (tmp_path / "other.zip").exists()
    wrong: list[tuple[dict[str, object], str]] = [
        ({"format": 2}, "has format 2"),
        ({"program": "other"}, "no backup manifest"),
        ({"layout": 7}, "no backup manifest"),
    ]
    for changes, said in wrong:
        with_manifest(file, **changes)
        with pytest.raises((BackupInvalid, InvalidRequest), match=said):
            restore(elsewhere, file)
        file.unlink()
        back_up(place.uri, file)
    with_manifest(file, layouts={"": 99})
    with pytest.raises(StoreVersionMismatch):
        restore(elsewhere, file)
    with_manifest(file, layouts={"": 2}, members={"calipso.db": {"bytes": 1, "sha256": "0", "documents": None}})
    with pytest.raises(BackupInvalid, match=r"does not match the manifest|is damaged"):
        restore(elsewhere, file)
    with pytest.raises(BackupInvalid, match="No such file"):
        restore(elsewhere, tmp_path / "missing.zip")


def test_a_damaged_file_of_sqlite_is_found_when_it_is_backed_up(sqlite_place: Place, tmp_path: Path) -> None:
    store = sqlite_place.open()
    for number in range(500):
        store.collection("users").put(str(number), {"text": "x" * 500})
    store.close()
    path = Path(sqlite_place.uri)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(40960)
        file.write(b"\xff" * 65536)
    with pytest.raises(StoreUnavailable, match=r"damaged|malformed"):
        back_up(sqlite_place.uri, tmp_path / "backup.zip")
    assert list(tmp_path.glob("*backup*")) == list(path.parent.glob(".calipso-backup-*")) == []


def test_room_is_given_back(place: Place) -> None:
    store = place.open()
    numbers = range(300 if place.kind == "sqlite" else 10)  # MongoDB writes each to the disk
    for number in numbers:
        store.collection("users").put(str(number), {"text": "x" * 20000 + str(number)})
    for number in numbers:
        store.collection("users").delete(str(number))
    store.collection("users").put("ann", {"name": "ann"})
    before, after = vacuum(place.uri)
    if place.kind == "sqlite":
        assert after < before / 2
    assert store.collection("users").find() == [{"name": "ann"}]


def test_the_commands(sqlite_place: Place, tmp_path: Path) -> None:
    sqlite_place.open().collection("users").put("ann", {"name": "ann"})
    file = tmp_path / "backup.zip"
    assert "sqlite" in calipso("store", "backup", str(file), store=sqlite_place.uri).out
    again = calipso("store", "backup", str(file), store=sqlite_place.uri)
    assert (again.status, "exists already" in again.err) == (2, True)
    where = str(tmp_path / "new" / "s.db")
    assert "restored as it was at 20" in " ".join(calipso("store", "restore", str(file), store=where).out.split())
    assert "MB now" in calipso("store", "vacuum", store=where).out
    assert open_store(where).collection("users").get("ann") == {"name": "ann"}
