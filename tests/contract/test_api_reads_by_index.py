# SPDX-License-Identifier: Apache-2.0
"""What the API reads most often goes by an index of the store: the plans of mongod and of SQLite show it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

import pymongo

from calipso_nornir.api.v2.pages import cursor
from tests.fixtures.recorded import bundle, filled
from tests.fixtures.serving import served

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.fixtures.places import Place
    from tests.fixtures.serving import Client

pytest_plugins = ["tests.fixtures.stores"]

LAB: Final = "/environments/lab"
READS: Final = (
    f"{LAB}/objects/instance/{{instance}}",
    f"{LAB}/objects/host/cmp1/children",
    f"{LAB}/objects?type=vnic&host=cmp1&limit=2",
    f"{LAB}/objects?type=vnic&sort=type,id&limit=2",
    f"{LAB}/links?source={{document}}",
    f"{LAB}/links/of/instance/{{instance}}",
    f"{LAB}/cliques/instance/{{instance}}",
    f"{LAB}/search?q=cmp1&limit=2",
    f"{LAB}/search?q=cmp1&limit=2&after={cursor([False, 'host', 'a'])}",
    f"{LAB}/search?q=cmp1&limit=2&after={cursor([True, '', ''])}",
    f"{LAB}/scans?limit=2",
    f"{LAB}/messages?limit=2",
    f"{LAB}/messages?level=info&since=2026-01-01T00:00:00Z&limit=2",
    "/audit?limit=2",
    f"{LAB}/statuses?at_least=1&limit=2",
    f"{LAB}/findings?limit=2",
    f"{LAB}/findings?limit=2&after={cursor(['1', 'a'])}",
    "//scans?env_name=lab&page_size=2",
    "//scans?env_name=lab&status=completed&page=1&page_size=2",
    "//messages?env_name=lab&page=1&page_size=2",
    "//connection_tests?env_name=lab&page_size=2",
    "//connection_tests?env_name=lab&status=response&page=1&page_size=2",
)
"""Point reads, children, pages with filters, links, a clique, search; lists of records, at older paths, too."""
FEW: Final = ("revisions", "search_index", "environments_config", "constants", "users", "settings")
"""Collections with few documents, read by their key or as a whole."""


def read_all(place: Place, tmp_path: Path, watched: Callable[[], object]) -> None:
    """Read all of these from an API; ``watched`` is called before."""
    filled(place.uri, bundle(tmp_path / "lab.calipso"))
    store = place.open()
    store.index_texts("lab")
    instance = store.view("lab").links("instance-vnic")[0].source
    with served(store, secrets=tmp_path / "secrets") as api:
        admin: Client = api.user("root", everywhere="admin")
        for _ in range(3):
            admin.post(f"{LAB}/scans", {"draft": True})
        for number in range(5):
            test = {"id": f"{number}", "environment": "lab", "status": "passed", "submit_timestamp": f"2026-{number}"}
            store.collection("connection_tests").put(f"{number}", test)
        for port in store.view("lab").of_type("port"):
            admin.ask("PUT", f"{LAB}/statuses/{port.ref.document_id}", json={"value": 1, "label": "Warning"})
        known = {"instance": instance.id, "document": instance.document_id}
        watched()
        for one in READS:
            assert admin.get(one.format(**known)), one


def test_mongod_scans_no_collection(mongo_place: Place, tmp_path: Path) -> None:
    with pymongo.MongoClient[dict[str, Any]](mongo_place.uri) as client:
        database = client.get_default_database()
        read_all(mongo_place, tmp_path, lambda: database.command("profile", 2))
        database.command("profile", 0)
        entries = list(database["system.profile"].find({"planSummary": {"$exists": True}}))
    kinds = {one["ns"].partition(".")[2] for one in entries}
    assert {"inventory", "links", *RECORDS} <= kinds
    scanned = [(one["ns"], one["command"]) for one in entries if "COLLSCAN" in one["planSummary"]]
    assert [one for one in scanned if not one[0].endswith(FEW)] == []
    sorted_ = [one["command"] for one in entries if one.get("hasSortStage") and one["ns"].endswith((*RECORDS, "links"))]
    assert sorted_ == []


RECORDS: Final = ("messages", "scans", "audit", "connection_tests")


def test_sqlite_scans_no_table(sqlite_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: set[str] = set()
    watching = False
    real = sqlite3.connect

    def traced(*args: Any, **more: Any) -> sqlite3.Connection:  # noqa: ANN401 - those of sqlite3
        connection: sqlite3.Connection = real(*args, **more)
        connection.set_trace_callback(lambda text: statements.add(text) if watching else None)
        return connection

    def watched() -> None:
        nonlocal watching
        watching = True

    monkeypatch.setattr(sqlite3, "connect", traced)
    read_all(sqlite_place, tmp_path, watched)
    selects = {one for one in statements if one.startswith(("SELECT", "WITH")) and "sqlite_master" not in one}
    assert len(selects) > len(READS)
    with closing(real(sqlite_place.uri)) as connection:
        for select in selects:
            plan = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {select}")]
            scans = [step for step in plan if step.startswith("SCAN") and not _is_small(step)]
            assert scans == [], (select, plan)
            if "calipso_list" in str(plan):
                assert not [step for step in plan if "TEMP B-TREE" in step], (select, plan)


SMALL: Final = ("SCAN json_each", "SCAN CONSTANT", "SCAN head", "SCAN known")
"""Steps that read what the statement itself has, a constant, or the list of environments."""


def _is_small(step: str) -> bool:
    """Return whether a step reads few rows, or a virtual table's answer."""
    return step.startswith(SMALL) or "VIRTUAL TABLE" in step or "fts" in step
