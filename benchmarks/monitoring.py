# SPDX-License-Identifier: Apache-2.0
"""Results of checks, received over HTTP and stored in a real mongod: every result changes a status, and none is lost.

The goal is 1,000 changes a second, with a message for each.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import requests

from benchmarks import synthetic
from benchmarks.figures import Figure
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.monitoring.intake import Intake
from calipso_nornir.monitoring.receiving import Address, Receiver
from calipso_nornir.monitoring.result_storing import Recorder
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import object_document
from tests.fixtures.mongod import running

if TYPE_CHECKING:
    from calipso_nornir.metadata.monitoring import Monitoring
    from calipso_nornir.model.stores import Store

HOSTS: Final = 100
OBJECTS: Final = 5_000
WANTED: Final = 1000
"""Goal: changes per second."""
LIMIT: Final = 2.5
"""Minimum also on a slow disk: fewer changes mean that something has become slower."""
ROUNDS: Final = 3
SENDERS: Final = 4


def run() -> list[Figure]:
    """Change the status of every object several times, as fast as the results are accepted."""
    rules = load_catalog().monitoring
    with TemporaryDirectory() as folder, running(Path(folder)) as mongod:
        store = open_store(mongod.uri("monitoring"))
        rows = _filled(store)
        _sent(store, rules, rows, status=0, at=0)
        rates = []
        for number in range(1, ROUNDS + 1):
            begun = time.perf_counter()
            changed = _sent(store, rules, rows, status=number % 3, at=number)
            rates.append(changed / (time.perf_counter() - begun))
            lost = len(rows) - changed
            if lost or not _all_are(store, number % 3, len(rows)):
                raise RuntimeError(f"{lost} results were lost")
        store.close()
    rate = sorted(rates)[len(rates) // 2]
    detail = f"{len(rows)} objects on {HOSTS} hosts, {ROUNDS} rounds: {rate:.0f} changes/s stored, none lost (median)"
    return [Figure(f"monitoring: {WANTED} / changes stored per second", WANTED / rate, LIMIT, detail, goal=1.0)]


def _filled(store: Store) -> list[dict[str, Any]]:
    working = synthetic.cloud(synthetic.Size(hosts=HOSTS, instances=OBJECTS // 3, networks=50, networks_per_host=10))
    objects = [one for type_ in ("vnic", "instance", "vconnector") for one in working.of_type(type_)][:OBJECTS]
    with store.write(synthetic.ENVIRONMENT) as writer:
        writer.put("inventory", [object_document(one) for one in objects])
    return [
        {
            "environment": synthetic.ENVIRONMENT,
            "host": str(one.get("host")),
            "of": one.ref.document_id,
            "kind": "inventory",
            "type": one.type,
            "name": f"{one.type}_{one.id}",
            "check": one.type,
        }
        for one in objects
    ]


def _sent(store: Store, rules: Monitoring, rows: list[dict[str, Any]], *, status: int, at: int) -> int:
    """Send a result for each object, in one request per host; return how many changed statuses were stored."""
    intake = Intake(store, Recorder(store, rules), rules)
    receiver = Receiver(lambda one: intake.put(one.results, one.refused), http=Address("127.0.0.1", 0), token="t")  # noqa: S106
    assert receiver.http is not None  # noqa: S101 - narrows the type
    url = f"http://127.0.0.1:{receiver.http.port}/results"
    by_host: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        result = {**row, "status": status, "text": f"says {status}", "checked_at": 1_795_953_600 + at * 60}
        by_host.setdefault(row["host"], []).append(result)
    bodies = [json.dumps(one).encode() for one in by_host.values()]

    def send(body: bytes) -> None:
        answer = requests.post(url, data=body, headers={"Authorization": "Bearer t"}, timeout=60)
        answer.raise_for_status()

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(send, bodies))
    receiver.close()
    intake.close()
    return intake.counted["changed"]


def _all_are(store: Store, status: int, number: int) -> bool:
    values = [one["value"] for one in store.view(synthetic.ENVIRONMENT).documents("status")]
    return values == [status] * number
