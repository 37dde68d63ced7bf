# SPDX-License-Identifier: Apache-2.0
"""The store's own verbs, past states in output, and that a command sees one revision."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.cli.running import Run
from calipso_nornir.store.documents import object_document
from calipso_nornir.store.retention import LEAST, OFF, Retention, keep, retention_of
from calipso_nornir.testing.store_samples import ENVIRONMENT, host, put
from tests.fixtures.cli import calipso
from tests.unit.test_freshness import WEB1

if TYPE_CHECKING:
    from tests.fixtures.scanning import Scanned

LAYOUT_1 = Path(__file__).parents[1] / "fixtures" / "layout1" / "sqlite.sql"


def test_what_was_true_at_a_time_is_shown(scanned: Scanned) -> None:
    time.sleep(0.01)
    then = datetime.now(UTC)
    time.sleep(0.01)
    scanned.scan(replace(scanned.cloud, servers=[]).answers())
    where, web1 = scanned.store.uri, f"instance:{WEB1}"
    for command in (["tree"], ["show", web1], ["clique", web1], ["links", web1], ["explain", web1], ["search", "web1"]):
        now, before = (calipso(*command, *more, store=where) for more in ([], ["--at", then.isoformat()]))
        assert "web1" in before.out, command
        assert "web1" not in now.out, command
        assert "not confirmed" not in before.out, "by the scans of then"
    exported = calipso("export", "--at", then.isoformat(), store=where).json
    assert exported["true_at"] == then.isoformat()
    assert WEB1 in {one["id"] for one in exported["inventory"]}
    assert "true_at" not in calipso("export", store=where).json
    for ago, what in (("3d", "the oldest known state"), ("soon", "is not a time"), ("2026-13-40", "is not a time")):
        told = calipso("tree", "--at", ago, store=where)
        assert told.status != 0
        assert what in told.err


def test_a_command_sees_one_revision(scanned: Scanned) -> None:
    with Run(scanned.store.uri).store() as store:
        before = store.view("cloud").counts()
        with scanned.store.write("cloud") as writer:
            writer.remove("inventory", list(writer.digests("inventory")))
        assert scanned.store.view("cloud").counts() == {}
        assert store.view("cloud").counts() == before


def test_info_tells_of_the_store(scanned: Scanned) -> None:
    told = calipso("store", "info", store=scanned.store.uri)
    assert "layout 2" in told.out
    assert "30 days" in told.out
    assert "cloud" in told.out
    [row] = calipso("store", "info", "-o", "json", store=scanned.store.uri).json["environments"]
    assert (row["environment"], row["revision"]) == ("cloud", 1)


def test_an_old_store_is_told_carried_over_and_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(LAYOUT_1.read_text())
    refused = calipso("tree", store=path)
    assert "calipso store migrate" in refused.err
    assert "layout 1" in calipso("store", "info", store=path).out
    assert calipso("store", "info", "-o", "json", store=path).json["layouts"] == {"": 1}
    assert "would go from layout 1 to layout 2" in calipso("store", "migrate", "--dry-run", store=path).out
    assert "went from layout 1 to layout 2" in calipso("store", "migrate", store=path).out
    assert "nothing to do" in calipso("store", "migrate", store=path).out
    assert calipso("show", "host:h2", "-e", "lab", store=path).status == 0
    assert "went from layout 2 to layout 1" in calipso("store", "migrate", "--to", "1", store=path).out
    assert calipso("store", "migrate", "-o", "json", store=path).json["documents"]["inventory: inventory"] == 5
    assert calipso("store", "migrate", store=tmp_path / "nowhere.db").status != 0


def test_retention_is_shown_and_changed(scanned: Scanned) -> None:
    where = scanned.store.uri
    assert "30 days, at most 1000000" in calipso("store", "retention", store=where).out
    assert "7 days, at most 5 " in calipso("store", "retention", "--days", "7", "--documents", "5", store=where).out
    assert retention_of(scanned.store) == Retention(timedelta(days=7), 5)
    assert "2 hours, at most 0 " in calipso("store", "retention", "--off", store=where).out
    assert retention_of(scanned.store) == OFF


@pytest.mark.parametrize("retention", [OFF, Retention(documents=2), Retention(timedelta(hours=1), None)])
def test_what_is_too_old_goes(scanned: Scanned, retention: Retention) -> None:
    """Commits of yesterday are trimmed by those of today; what running scans need stays."""
    store, path = scanned.store, scanned.store.uri.removeprefix("sqlite:///")
    for number in range(70):
        put(store, "inventory", [object_document(host("h1", n=number))])
    keep(store, retention)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        yesterday = (datetime.now(UTC) - LEAST - timedelta(hours=20)).isoformat(timespec="milliseconds")
        connection.execute(
            "UPDATE revision_log SET at = ? WHERE environment = ? AND revision <= 66", (yesterday, ENVIRONMENT)
        )
        connection.commit()
    for number in range(70, 130):
        put(store, "inventory", [object_document(host("h1", n=number))])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        [(oldest, count)] = connection.execute(
            "SELECT min(until), count(*) FROM inventory_past WHERE environment = 'lab'"
        )
    by_size_only = retention.documents == 2
    assert (oldest, count) == ((2, 129) if by_size_only else (67, 64)), "sizes are counted less often"
    assert store.view(ENVIRONMENT).revision == 130
    assert store.changes(ENVIRONMENT, since=70)
