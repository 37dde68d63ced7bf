# SPDX-License-Identifier: Apache-2.0
"""A stranger has the address of an API and a one-time password, and does everything else with the Python client.

The cloud is one that was recorded: a scan manager answers its scans from the recording. In ``tests/lab/test_with_api``
the same story is told with processes and a real cloud, in which the connection test passes, too.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.client import ApiProblem, Calipso
from calipso_nornir.scan_manager import ScanManager
from calipso_nornir.scan_manager.settings import Settings
from calipso_nornir.store import open_store
from tests.api_examples.requests import DESCRIPTION, KEY, OF_CLOUD
from tests.fixtures.recorded import Captured
from tests.fixtures.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.client.event_stream import Event
    from calipso_nornir.model.stores import Store

NAME = "mycloud"
OWN = "a password of my own"


@contextmanager
def managing(store: Store, path: Path) -> Iterator[None]:
    """Let a scan manager work until the block ends."""
    settings = Settings(
        open=lambda name: open_store(path, inventory=name), poll_s=0.1, source=lambda _environment: Captured("ovs")
    )
    manager = ScanManager(store, settings)
    thread = threading.Thread(target=manager.run)
    thread.start()
    try:
        yield
    finally:
        manager.stop()
        thread.join(30)


@pytest.mark.long
def test_a_stranger_needs_nothing_but_the_api(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    with served(store, secrets=tmp_path / "secrets") as api, managing(store, tmp_path / "s.db"):
        once = api.settings.principals.users.first_admin()
        assert once is not None
        with Calipso(api.url) as calipso, Calipso(api.url) as watcher:
            _log_in(calipso, watcher, once)
            made = calipso.describe(NAME, dict(DESCRIPTION))
            assert OF_CLOUD not in str(made)
            assert KEY not in str(made)
            test = calipso.check(NAME, timeout_s=60)
            assert test["status"] == "failed"
            failed = {one["section"]: one["detail"] for one in test["steps"] if one["needed"] and not one["ok"]}
            assert "refused" in failed["OpenStack"], "there is no cloud at this address, and the test says so"
            _scan_and_watch(calipso, watcher)
            _read(calipso)
    store.close()


def _log_in(calipso: Calipso, watcher: Calipso, once: str) -> None:
    calipso.log_in("admin", once)
    with pytest.raises(ApiProblem, match="one-time password is to be changed first"):
        calipso.get("/environments")
    calipso.put("/me/password", {"old": once, "new": OWN})
    for client in (calipso, watcher):
        client.log_in("admin", OWN)


def _scan_and_watch(calipso: Calipso, watcher: Calipso) -> None:
    seen: list[Event] = []

    def watch() -> None:
        for event in watcher.changes(NAME, since=0):
            seen.append(event)
            return

    thread = threading.Thread(target=watch)
    thread.start()
    asked = calipso.scan(NAME, untested=True)
    scan = calipso.wait(NAME, asked["scan_id"], timeout_s=60, poll_s=0.1)
    assert scan["status"].startswith("completed"), scan
    thread.join(30)
    [first] = seen
    assert {"inventory", "links", "cliques"} <= {one["kind"] for one in first.changes}
    log = calipso.log(NAME, asked["scan_id"])
    assert log[0]["message"] == "phase inventory began"
    assert {one["id"] for one in log} <= {one["id"] for one in calipso.messages(NAME, limit=2)}


def _read(calipso: Calipso) -> None:
    assert calipso.get(f"/environments/{NAME}")["counts"]["instance"] > 0
    instances = list(calipso.objects(NAME, type="instance"))
    reached = [calipso.clique(NAME, "instance", one["id"])["nodes"] for one in instances]
    assert any({"instance", "vnic", "vedge"} <= {one["type"] for one in nodes} for nodes in reached)
