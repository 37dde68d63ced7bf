# SPDX-License-Identifier: Apache-2.0
"""Behaviour that only SQLite has: files that are not stores, full disks, permissions, query plans."""

from __future__ import annotations

import contextlib
import os
import random
import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    InvalidRequest,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreUnavailable,
    StoreVersionMismatch,
)
from calipso_nornir.model.cliques import Clique
from calipso_nornir.model.finding import Equal, Find, OneOf, Prefix, Range
from calipso_nornir.store import clear, open_store
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.names import KINDS
from calipso_nornir.store.sqlite.commit import Committing
from calipso_nornir.store.sqlite.connection_check import try_sqlite
from calipso_nornir.testing.store_samples import AT, ENVIRONMENT, LATER, host, link, pnic, put, stored
from tests.contract.store_worker import check, objects, write
from tests.fixtures import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Document, Store

NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calipso.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., Store]]:
    with contextlib.ExitStack() as stack:

        def open_it(**options: Any) -> Store:  # noqa: ANN401 - those of open_store
            return stack.enter_context(contextlib.closing(open_store(path, **options)))

        yield open_it


def filled(path: Path, *, size: int = 50) -> None:
    """Make a store with a generation; its log is written back when it is closed."""
    with contextlib.closing(open_store(path)) as store:
        write(store, 1, size)


# --- files that are no store, or none of ours


def test_the_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "there.db"
    filled(path)
    assert path.is_file()


def test_one_file_is_left(path: Path, tmp_path: Path) -> None:
    filled(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"x", b"no database at all\n" * 100, b"SQLite format 3", b"\0" * 4096])
def test_a_file_that_is_no_database_is_left_alone(path: Path, tmp_path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="not an SQLite database"):
        open_store(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_many_open_a_new_file_at_the_same_time(tmp_path: Path) -> None:
    """Whoever is slower sees either no table or all of them with the file's numbers, and waits."""

    def opened(number: int) -> None:
        open_store(tmp_path / f"{number % 20}.db").close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(opened, sorted(range(160), key=lambda number: number % 20))) == [None] * 160


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    filled(path)
    with contextlib.closing(open_store(path)) as store:
        assert check(store, 50) == 1


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE inventory (x)")
    before = path.read_bytes()
    with pytest.raises(StoreUnavailable, match="another program"):
        open_store(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("version", [0, 3, 99])
def test_a_store_of_another_layout_is_left_alone(path: Path, tmp_path: Path, version: int) -> None:
    filled(path)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA user_version = {version}")
    before = path.read_bytes()
    with pytest.raises(StoreVersionMismatch, match=str(version)) as caught:
        open_store(path)
    assert (caught.value.found, caught.value.expected) == (str(version), "2")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kept", [1, 99, 100, 4095, 4096, 8192, 0.3, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_told_from_a_store(path: Path, kept: float) -> None:
    filled(path)
    size = path.stat().st_size
    os.truncate(path, int(kept * size) if isinstance(kept, float) else kept)
    with pytest.raises(StoreUnavailable):
        open_store(path)


def test_a_text_that_is_cut_short_is_told(path: Path) -> None:
    filled(path)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE calipso_text_inventory SET document = substr(document, 1, 200)")
        other.execute("UPDATE calipso_text_links SET document = '{}'")
        other.commit()
    with contextlib.closing(open_store(path)) as store:
        for look, wanted in (("of_type", "host"), ("search", "xxx")):
            with pytest.raises(StoreUnavailable, match="damaged"):
                getattr(store.view(ENVIRONMENT), look)(wanted)
        with pytest.raises(StoreUnavailable, match="damaged"):
            store.view(ENVIRONMENT).links()
        with pytest.raises(StoreUnavailable, match="damaged"):
            list(store.view(ENVIRONMENT).documents("inventory"))
        clear(store, ENVIRONMENT)
        write(store, 2, 50)
        assert check(store, 50) == 2


def test_a_damaged_file_never_crashes_and_never_passes_for_whole(path: Path) -> None:
    filled(path)
    whole, before = path.read_bytes(), _all_documents(path)
    passed = 0
    for seed in range(20):
        content, chance = bytearray(whole), random.Random(seed)  # noqa: S311 - places to damage, no secrets
        for _ in range(20):
            start = chance.randrange(100, len(content) - 512)
            content[start : start + 512] = chance.randbytes(512)
        path.write_bytes(content)
        with contextlib.suppress(StoreError), contextlib.closing(open_store(path)) as store:
            for kind in KINDS:
                with contextlib.suppress(StoreError):
                    list(store.view(ENVIRONMENT).documents(kind))
            with contextlib.suppress(StoreError):
                store.view(ENVIRONMENT).search("host")
            with contextlib.suppress(AssertionError):
                check(store, 50)
                passed += 1
                if _all_documents(path) != before:
                    pytest.fail(f"seed {seed}: what is damaged passed for whole")
    assert passed <= 1, "only damage where nothing of this is stored, such as an index of other records, may pass"


def _all_documents(path: Path) -> dict[str, list[Document]]:
    with contextlib.closing(open_store(path)) as store:
        return {kind: list(store.view(ENVIRONMENT).documents(kind)) for kind in KINDS}


def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    for path in (tmp_path, file / "below.db"):
        with pytest.raises(StoreUnavailable) as caught:
            open_store(path)
        assert str(path) in caught.value.uri


def test_a_file_without_the_right_to_read_or_write(tmp_path: Path, path: Path) -> None:
    filled(path)
    path.chmod(0o444)
    with _powerless(tmp_path):
        with pytest.raises(StoreUnavailable, match=r"readonly|unable to open|denied"):
            filled(path)
        with pytest.raises(StoreUnavailable, match=r"denied|unable to open"):
            filled(tmp_path / "new" / "other.db")
    path.chmod(0)
    with _powerless(tmp_path), pytest.raises(StoreUnavailable, match="denied"):
        filled(path)
    path.chmod(0o644)
    with contextlib.closing(open_store(path)) as store:
        assert check(store, 50) == 1


@contextlib.contextmanager
def _powerless(folder: Path) -> Iterator[None]:
    """Make a folder one that may only be read; root, who may always write, becomes somebody else for the while."""
    between = [one for one in folder.parents if needs.IS_ROOT and one.stat().st_mode & 0o777 == 0o700]  # pytest's own
    modes = {one: one.stat().st_mode for one in (folder, *between)}
    folder.chmod(0o555)
    for one in between:
        one.chmod(0o755)
    if needs.IS_ROOT:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if needs.IS_ROOT:
            os.seteuid(0)
        for one, mode in modes.items():
            one.chmod(mode)


# --- no room


def _fills_up(store: Store) -> None:
    """Write until there is no room; what was there stays, and can be read and, when there is room, written."""
    write(store, 1, 50)
    with pytest.raises(StoreFull, match="unchanged"):
        write(store, 2, 12_000)
    assert check(store, 50) == 1


@pytest.mark.long
def test_a_full_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite3.connect

    def small(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401 - those of the real one
        connection: sqlite3.Connection = real(*arguments, **options)
        connection.execute("PRAGMA max_page_count = 400")
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        with contextlib.closing(open_store(path)) as store:
            _fills_up(store)
            with pytest.raises(StoreFull):
                store.collection("messages").put("1", {"text": "x" * 10_000_000})
    with contextlib.closing(open_store(path)) as store:
        write(store, 2, 5000)
        assert check(store, 5000) == 2


@pytest.mark.long
@needs.root("only root can mount a small file system")
@pytest.mark.parametrize("size_kib", [1024, 1500, 2500, 4000])
def test_a_full_disk(tmp_path: Path, size_kib: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "none", disk], check=True)  # noqa: S603, S607
    try:
        with contextlib.closing(open_store(disk / "calipso.db")) as store:
            _fills_up(store)
        (disk / "more").write_bytes(b"x" * 100)
        with contextlib.suppress(OSError), (disk / "rest").open("wb", buffering=0) as rest:
            while True:
                rest.write(b"x" * 512)
        with pytest.raises(StoreFull), contextlib.closing(open_store(disk / "another.db")):
            pass
        (disk / "rest").unlink()
        with contextlib.closing(open_store(disk / "calipso.db")) as store:
            write(store, 3, 60)
            assert check(store, 60) == 3
    finally:
        subprocess.run(["umount", disk], check=True)  # noqa: S603, S607


# --- inside


def test_every_look_up_uses_an_index(opened: Callable[..., Store], path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []
    real = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401 - those of the real one
        connection: sqlite3.Connection = real(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    one, other = host("h1"), pnic("h1", "eth0")
    with contextlib.closing(open_store(path)) as first:
        with first.write(ENVIRONMENT) as writer:
            writer.put("inventory", map(object_document, (one, other)))
            writer.put("links", [link_document(link(one, other))])
            writer.put("cliques", [clique_document(Clique(focal_point=one.ref, clique_type="a", links=(), nodes=()))])
        first.collection("messages").put("1", {"environment": ENVIRONMENT, "timestamp": "2026-01-01", "scan_id": "x"})
        first.collection("audit").put("1", {"at": "2026-01-01"})
    monkeypatch.setattr(sqlite3, "connect", traced)
    store = opened()
    store.index(["network"])
    view = store.view(ENVIRONMENT)
    assert view.find(Find(where=(Equal("network", "n1"),))) == []
    assert view.find(Find(where=(OneOf("network", ("n1", "n2")), Equal("type", "host")))) == []
    assert view.find(Find(where=(Prefix("network", "n"),))) == []
    assert view.find(Find(where=(Range("network", "n1", "n3"),))) == []
    orders: list[tuple[str, ...]] = [(), ("type", "id"), ("-type", "-id"), ("type", "-id"), ("-_id",)]
    for order in orders:
        view.find_documents(Find(order=order, limit=3))
        view.find_documents(Find(order=order, after=("a",) * len(order) + ("0" * 24,), limit=3))
    assert view.count(Find(where=(Equal("type", "host"), Prefix("id", "h")))) == 1
    view.get(one.ref)
    view.of_type("host")
    view.children(one.ref)
    view.links()
    view.links("host-host_pnic")
    view.links(source=one.ref)
    view.links(target=one.ref)
    view.implicit_links()
    view.cliques()
    view.cliques(one.ref)
    view.counts()
    view.search("x")
    store.environments()
    store.collection("messages").get("1")
    store.collection("messages").find({"environment": ENVIRONMENT})
    assert store.collection("messages").find(where=(Equal("environment", ENVIRONMENT),))
    _list_records(store)
    for kind in KINDS:
        list(view.documents(kind))
    with store.write(ENVIRONMENT) as writer:
        writer.digests("inventory")
        list(writer.documents("inventory", [one.ref.document_id]))
    selects = {one for one in statements if one.startswith("SELECT") and "sqlite_master" not in one}
    assert len(selects) >= 18
    with contextlib.closing(real(path)) as connection:
        for select in selects:
            _goes_by_an_index(select, [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {select}")])


def _list_records(store: Store) -> None:
    for way in ("", "-"):
        store.collection("messages").find({"environment": ENVIRONMENT}, order=(f"{way}timestamp",), limit=2)
        store.collection("messages").find({"scan_id": "x"}, order=(f"{way}timestamp",), after=("a", "b"), limit=2)
        store.collection("audit").find(order=(f"{way}at",), where=(Range("at", at_least="a"),), limit=2)


def _goes_by_an_index(select: str, plan: list[str]) -> None:
    scans = [step for step in plan if step.startswith("SCAN") and 'FROM "revisions" AS known' not in select]
    if "LIMIT" in select and "CO-ROUTINE head" in plan:  # narrow rows are sorted, and a page of them is read
        scans.remove("SCAN head")
    assert [step for step in scans if not step.startswith(("SCAN json_each", "SCAN CONSTANT"))] == [], (select, plan)
    assert "LIMIT" in select or not [step for step in plan if "TEMP B-TREE" in step], (select, plan)
    if '"network"' in select:
        assert any("calipso_attribute.inventory.network" in step for step in plan), (select, plan)
    if "calipso_documents" in select and "environment" in select:
        by = "calipso_list.messages." if "timestamp" in select else "calipso_documents_by_environment"
        assert all(by in step for step in plan if "calipso_documents" in step), (select, plan)
    if "$.at" in select:
        assert all("calipso_list.audit.at" in step for step in plan if "calipso_documents" in step), (select, plan)
    wanted = re.findall(r"head\.(\w+) IS ", select) or re.findall(r"head\.(_id) IN", select)
    assert all(f"{name}=?" in "".join(plan) for name in wanted), (select, plan)


def test_another_who_commits_is_waited_for_and_then_told(opened: Callable[..., Store], path: Path) -> None:
    store = opened(wait_s=0.3)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="another process is writing"):
            put(store, "inventory", [object_document(host("h1"))])
        assert stored(store) == {}
        other.execute("ROLLBACK")
    put(store, "inventory", [object_document(host("h1"))])
    assert len(stored(store)) == 1


def test_a_first_scan_leaves_every_index(
    opened: Callable[..., Store], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made() -> set[tuple[str, str]]:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            return set(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL"))

    store = opened()
    before = made()
    many = [host(f"h{n}", n=n) for n in range(1500)]
    links = [link(one, many[0]) for one in many[1:]]

    def commit() -> None:
        with store.write(ENVIRONMENT) as writer:
            writer.put("inventory", map(object_document, many))
            writer.put("inventory", [object_document(host("h7", n=8)), object_document(host("h8", n=8))])
            writer.seen("inventory", [many[9].ref.document_id], LATER)
            writer.remove("inventory", [many[10].ref.document_id])
            writer.put("links", map(link_document, links))
            writer.remove("links", [links[0].document_id])

    with monkeypatch.context() as patch:
        patch.setattr(Committing, "end", lambda _self, _cause: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            commit()
    assert made() == before
    assert stored(store) == {}
    commit()
    assert made() == before
    view = store.view(ENVIRONMENT)
    assert len(stored(store)) == 1499
    assert len(view.links()) == 1498
    assert [stored(store)[many[n].ref.document_id]["n"] for n in (6, 7, 8)] == [6, 8, 8]
    assert stored(store)[many[9].ref.document_id]["last_scanned"] == LATER
    assert view.links_of(many[20].ref) == view.links(source=many[20].ref)


def test_marking_documents_as_seen_leaves_their_texts_alone(opened: Callable[..., Store], path: Path) -> None:
    store = opened()
    put(store, "inventory", [object_document(host(f"h{n}", filler="x" * 2000)) for n in range(1000)])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        before = connection.execute("SELECT * FROM calipso_text_inventory").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    seen = list(stored(store))
    with store.write(ENVIRONMENT) as writer:
        writer.seen("inventory", seen, LATER)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM calipso_text_inventory").fetchall() == before
    assert {document["last_scanned"] for document in stored(store).values()} == {LATER}


def test_times_are_iso_8601_and_texts_are_json(opened: Callable[..., Store], path: Path) -> None:
    attributes: dict[str, Any] = {"odd": float("nan"), "big": 10**30, "b": b"x", "when": AT}
    put(opened(), "inventory", [object_document(host("h1", **attributes))])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        [(seen, looked, valid)] = connection.execute(
            "SELECT last_scanned, json_extract(document, '$.evidence[0].at'), json_valid(document) "
            "FROM inventory JOIN calipso_text_inventory USING (number)"
        )
    assert (seen, looked, valid) == ("2026-11-22T19:10:00.123+00:00", "2026-11-22T19:10:00.123+00:00", 1)


def test_inventories_of_two_names_know_nothing_of_each_other(opened: Callable[..., Store], path: Path) -> None:
    one, other = opened(), opened(inventory="RDO")
    put(one, "inventory", [object_document(host("h1"))])
    with one.write(ENVIRONMENT), other.write(ENVIRONMENT) as writer:
        writer.put("inventory", [object_document(host("h2"))])
    assert [found.id for found in one.view(ENVIRONMENT).of_type("host")] == ["h1"]
    assert [found.id for found in other.view(ENVIRONMENT).of_type("host")] == ["h2"]
    other.collection("scans").put("1", {"a": 1})
    other.collection("constants").put("1", {"a": 1})
    assert one.collection("scans").find() == []
    assert one.collection("constants").find() == [{"a": 1}]
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {"inventory", "links", "RDO", "RDO_links", "RDO_cliques", "RDO_implicit_links"} <= names
    with pytest.raises(InvalidRequest, match="by case only"):
        opened(inventory="rdo")


def test_a_reader_that_stops_halfway_is_in_nobodys_way(opened: Callable[..., Store]) -> None:
    store = opened(wait_s=2)
    write(store, 1, 500)
    half = iter(store.view(ENVIRONMENT).documents("inventory"))
    first = [next(half) for _ in range(10)]
    write(store, 2, 500)
    rest = list(half)
    assert len(first) + len(rest) == len(list(objects(1, 500)))
    assert {document["generation"] for document in [*first, *rest] if "generation" in document} == {1}


def test_a_closed_store_says_so(path: Path) -> None:
    store = open_store(path)
    view = store.view(ENVIRONMENT)
    store.close()
    store.close()
    for attempt in (
        lambda: view.of_type("host"),
        lambda: list(view.documents("links")),
        lambda: store.collection("scans").find(),
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            attempt()


def test_a_file_that_is_opened_twice_keeps_its_locks(opened: Callable[..., Store], path: Path) -> None:
    """A process that closes any descriptor of a file loses all its locks on it; then another removes the log in use."""
    first = opened()
    first.collection("environments_config").put("a", {"number": 1})
    open_store(path).close()
    assert [one.what for one in try_sqlite(path, "inventory") if not one.ok and one.needed] == []
    passing_by = (
        f"import sqlite3; one = sqlite3.connect({str(path)!r}); one.execute('PRAGMA user_version'); one.close()"
    )
    subprocess.run([sys.executable, "-c", passing_by], check=True, timeout=60)  # noqa: S603 - ours
    assert path.with_name(f"{path.name}-wal").exists()
    first.collection("environments_config").put("b", {"number": 2})
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as another:
        [(count,)] = another.execute("SELECT count(*) FROM calipso_documents WHERE collection = 'environments_config'")
    assert count == 2
