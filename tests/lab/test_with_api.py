# SPDX-License-Identifier: Apache-2.0
"""A user with the address of an API and a one-time password does everything else with the Python client.

The API and the scan manager are processes without access to the lab's files: all that they use was sent to them.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.client import ApiProblem, Calipso
from calipso_nornir.metadata.environments import environment_document
from tests.fixtures.processes import managing, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.client.event_stream import Event
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.report import ScanReport

pytestmark = pytest.mark.lab
PATIENCE_S = 300.0
OWN = "a password of my own"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Start the API and a scan manager on an empty store; provide the URL and the printed one-time password."""
    folder = tmp_path_factory.mktemp("api")
    store = folder / "s.db"
    options = ("--secrets", str(folder / "secrets"))
    with serving(store, *options) as (url, api), managing(store, "--interval", "0.2"):
        assert api.stdout is not None
        yield url, api.stdout.readline().split()[-1]


def description(environment: Environment, password: str) -> dict[str, Any]:
    """Return the lab's description for a user without files on the server."""
    document = environment_document(environment)
    for section in document["configuration"]:
        if "pwd" in section:
            section["pwd"] = {"secret": password}
        for name in ("key", "known_hosts"):
            if name in section:
                section[name] = {"secret": Path(section[name]).read_text(encoding="utf-8")}
    return document


class Watching:
    """A thread that watches an environment's changes while it is scanned."""

    def __init__(self, calipso: Calipso, environment: str) -> None:
        self._calipso, self._environment = calipso, environment
        self._first = threading.Event()
        self._seen: list[Event] = []
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        for event in self._calipso.changes(self._environment, since=0):
            self._seen.append(event)
            self._first.set()

    def first(self) -> Event:
        """Return the first event, as soon as it comes."""
        assert self._first.wait(PATIENCE_S)
        return self._seen[0]


def test_a_user_needs_nothing_but_the_api(
    started: tuple[str, str], environment: Environment, password: str, first_scan: ScanReport, store: Store
) -> None:
    url, once = started
    with Calipso(url) as calipso, Calipso(url) as watcher:
        calipso.log_in("admin", once)
        with pytest.raises(ApiProblem, match="one-time password is to be changed first"):
            calipso.get("/environments")
        calipso.put("/me/password", {"old": once, "new": OWN})
        for client in (calipso, watcher):
            client.log_in("admin", OWN)
        _describe_and_test(calipso, environment, password)
        _scan_and_watch(calipso, watcher, environment.name, password)
        counts = dict(store.view(first_scan.environment).counts())
        assert calipso.get(f"/environments/{environment.name}")["counts"] == counts, "as any other scan"
        _read_cliques(calipso, environment.name)


def _describe_and_test(calipso: Calipso, environment: Environment, password: str) -> None:
    made = calipso.describe(environment.name, description(environment, password))
    assert password not in str(made)
    assert "PRIVATE KEY" not in str(made)
    test = calipso.check(environment.name, timeout_s=PATIENCE_S)
    assert [one for one in test["steps"] if one["needed"] and not one["ok"]] == []
    assert test["status"] == ("passed" if all(one["ok"] for one in test["steps"]) else "passed_with_warnings")


def _scan_and_watch(calipso: Calipso, watcher: Calipso, name: str, password: str) -> None:
    watching = Watching(watcher, name)
    asked = calipso.scan(name)
    scan = calipso.wait(name, asked["scan_id"], timeout_s=PATIENCE_S)
    assert (scan["status"], scan["failures"]) == ("completed", [])
    first = watching.first()
    assert {"inventory", "links", "cliques"} <= {one["kind"] for one in first.changes}
    messages = [one["message"] for one in calipso.log(name, asked["scan_id"])]
    assert messages[0] == "phase inventory began"
    assert password not in str(messages)


def _read_cliques(calipso: Calipso, name: str) -> None:
    instances = list(calipso.objects(name, type="instance"))
    reached = [calipso.clique(name, "instance", one["id"])["nodes"] for one in instances]
    assert any({"instance", "vnic", "host_pnic", "switch_pnic"} <= {one["type"] for one in nodes} for nodes in reached)
