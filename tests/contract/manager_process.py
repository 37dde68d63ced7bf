# SPDX-License-Identifier: Apache-2.0
"""A scan manager as a process that can be killed, and the checks that must pass afterwards.

``python -m tests.contract.manager_process KIND URI`` works on a store until it is ended. Its cloud consists of
canned answers.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.scan_manager import ScanManager, ScanQueue, ScanRequest
from calipso_nornir.scan_manager.settings import Settings
from calipso_nornir.scan_manager.states import ENDED
from calipso_nornir.store.environments import save_environment
from tests.fixtures.canned import CannedSource
from tests.fixtures.places import Place
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Store

MOST_OF_ONE = 40
"""Requests of one environment: of its ended scans, 50 are kept."""
PATIENCE_S = 120.0


def answering(_environment: Environment) -> Source:
    """Return the source of every environment."""
    return CannedSource(TinyCloud().answers())


def manage(place: Place) -> None:
    """Work until the process is ended."""
    settings = Settings(open=lambda name: place.open(inventory=name), poll_s=0.1, parallel=3, source=answering)
    ScanManager(place.open_impatient(), settings).run()


def fill(store: Store, requests: int) -> list[str]:
    """Make environments and requests; return the requests' ids."""
    names = [f"cloud-{number}" for number in range(max(6, requests // MOST_OF_ONE + 1))]
    for name in names:
        save_environment(store, replace(CLOUD, name=name))
    queue = ScanQueue(store)
    return [
        queue.submit(ScanRequest(environment=names[number % len(names)], untested=True)) for number in range(requests)
    ]


def kill_until_done(place: Place, ids: list[str], *, kills: int, seed: int) -> None:
    """Run two managers, kill one or the other while it runs a scan, so many times, and wait until all have ended."""
    rng, store = random.Random(seed), place.open()  # noqa: S311 - moments to kill at are no secret
    managers = [_started(place), _started(place)]
    deadline = time.monotonic() + PATIENCE_S + 2 * len(ids) + 5 * kills
    try:
        while any((store.collection("scans").get(scan_id) or {})["status"] not in ENDED for scan_id in ids):
            assert time.monotonic() < deadline, Counter(one["status"] for one in store.collection("scans").find())
            time.sleep(rng.uniform(0.1, 0.4))
            victim = rng.randrange(len(managers))
            if kills and _runs_a_scan(store, managers[victim]):
                managers[victim].kill()
                managers[victim].wait()
                managers[victim] = _started(place)
                kills -= 1
    finally:
        for one in managers:
            one.terminate()
        for one in managers:
            one.wait(30)
    assert not kills, f"all requests ended before {kills} more kills"


def _runs_a_scan(store: Store, manager: subprocess.Popen[bytes]) -> bool:
    running = store.collection("scans").find({"status": "running"})
    return any(f":{manager.pid}:" in str(one["owner"]) for one in running)


def check(store: Store, ids: list[str]) -> Counter[int]:
    """Assert that each request ran to one end; return how many needed how many attempts."""
    scans = [ScanQueue(store).get(scan_id) or {} for scan_id in ids]
    assert {one.get("status") for one in scans} <= {"completed", "failed"}, Counter(one.get("status") for one in scans)
    for one in scans:
        assert one["status"] == "completed" or "given up after" in one["failures"][0]["message"], one
    ends = Counter(
        one["scan_id"] for one in store.collection("messages").find() if str(one["message"]).startswith("scan comp")
    )
    assert max(ends.values(), default=0) == 1, "no request ran twice to its end"
    spans = sorted((one["environment"], one["start_timestamp"], one["end_timestamp"]) for one in scans)
    for (environment, _, ended), (following, began, _) in pairwise(spans):
        assert environment != following or ended <= began, "one scan of an environment at a time"
    return Counter(one["attempt"] for one in scans)


def _started(place: Place) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", "tests.contract.manager_process", place.kind, place.uri],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    manage(Place(sys.argv[1], sys.argv[2]))
