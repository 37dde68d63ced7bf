# SPDX-License-Identifier: Apache-2.0
"""With the REST API alone, an environment is described, checked and scanned, and one of its cliques is read."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.metadata.environments import environment_document
from calipso_nornir.scan_manager import ScanManager
from calipso_nornir.scan_manager.settings import Settings
from calipso_nornir.store import open_store
from tests.fixtures.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Store
    from calipso_nornir.scan.report import ScanReport
    from tests.fixtures.serving import Client

pytestmark = pytest.mark.lab
PATIENCE_S = 300.0


@pytest.fixture(scope="module")
def own_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(tmp_path_factory.mktemp("api") / "s.db")
    yield store
    store.close()


@pytest.fixture(scope="module")
def admin(own_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Whoever may do everything, while a scan manager works."""
    manager = ScanManager(own_store, Settings(open=lambda name: open_store(own_store.uri, inventory=name), poll_s=0.2))
    thread = threading.Thread(target=manager.run)
    thread.start()
    with served(own_store, secrets=tmp_path_factory.mktemp("secrets")) as api:
        yield api.user("root", everywhere="admin")
    manager.stop()
    thread.join(30)


def description(environment: Environment, password: str) -> dict[str, Any]:
    """Return the lab's description as somebody sends it who has no files on the server."""
    document = environment_document(environment)
    for section in document["configuration"]:
        if "pwd" in section:
            section["pwd"] = {"secret": password}
        for name in ("key", "known_hosts"):
            if name in section:
                section[name] = {"secret": Path(section[name]).read_text(encoding="utf-8")}
    return document


def ended(admin: Client, path: str) -> dict[str, Any]:
    """Wait for the end of something that runs."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := admin.get(path))["status"] in ("pending", "running"):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return dict(found)


def test_a_stranger_needs_nothing_but_the_api(
    admin: Client, environment: Environment, password: str, first_scan: ScanReport, store: Store
) -> None:
    where = f"/environments/{environment.name}"
    made = admin.ask("PUT", where, json=description(environment, password))
    assert made.status_code == 201, made.text
    test = ended(admin, f"{where}/checks/{admin.post(f'{where}/checks', status=202)['id']}")
    assert [one for one in test["steps"] if one["needed"] and not one["ok"]] == []
    assert test["status"] == ("passed" if all(one["ok"] for one in test["steps"]) else "passed_with_warnings")
    scan = ended(admin, f"{where}/scans/{admin.post(f'{where}/scans', {})['scan_id']}")
    assert (scan["status"], scan["failures"]) == ("completed", [])
    assert admin.get(where)["counts"] == dict(store.view(first_scan.environment).counts()), "as any other scan"
    messages = [one["message"] for one in admin.get(f"{where}/scans/{scan['scan_id']}/log")]
    assert messages[0] == "phase inventory began"
    assert password not in str(messages)
    instances = admin.get(f"{where}/objects", type="instance", limit=1000)["items"]
    reached = [admin.get(f"{where}/cliques/instance/{one['id']}")["nodes"] for one in instances]
    assert any({"instance", "vnic", "host_pnic", "switch_pnic"} <= {one["type"] for one in nodes} for nodes in reached)
