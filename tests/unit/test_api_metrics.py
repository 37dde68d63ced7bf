# SPDX-License-Identifier: Apache-2.0
"""Metrics: what is written for Prometheus, and how few labels there are whatever is stored or asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.access.secret_files import SecretFiles
from calipso_nornir.api.exposition import Family, Sample, written
from calipso_nornir.api.metering import Meter
from calipso_nornir.api.metrics import MOST_ENVIRONMENTS, families
from calipso_nornir.api.settings import ApiSettings
from calipso_nornir.store import open_store
from calipso_nornir.store.liveness import sign_of_life
from calipso_nornir.store.written import Catalogs

if TYPE_CHECKING:
    from pathlib import Path


def test_values_of_labels_are_escaped() -> None:
    family = Family("x", "gauge", "Help.", (Sample({"a": 'b"c\\d\ne'}, 0.1), Sample({}, 10**15)))
    assert written([family]) == '# HELP x Help.\n# TYPE x gauge\nx{a="b\\"c\\\\d\\ne"} 0.1\nx 1e+15\n'


def test_requests_are_counted_by_template_method_and_class() -> None:
    meter = Meter()
    for status, seconds in ((200, 0.004), (204, 0.05), (404, 0.06), (0, 99.0)):
        meter.served(route="/a/{b}", method="GET", status=status, seconds=seconds)
    meter.served(route=None, method="BREW", status=404, seconds=0.1)
    text = written(meter.families())
    for line in (
        'calipso_http_requests_total{route="/a/{b}",method="GET",status="2xx"} 2',
        'calipso_http_requests_total{route="/a/{b}",method="GET",status="5xx"} 1',
        'calipso_http_requests_total{route="other",method="other",status="4xx"} 1',
        'calipso_http_request_seconds_bucket{route="/a/{b}",le="0.005"} 1',
        'calipso_http_request_seconds_bucket{route="/a/{b}",le="0.05"} 2',
        'calipso_http_request_seconds_bucket{route="/a/{b}",le="0.1"} 3',
        'calipso_http_request_seconds_bucket{route="/a/{b}",le="10"} 3',
        'calipso_http_request_seconds_bucket{route="/a/{b}",le="+Inf"} 4',
        'calipso_http_request_seconds_count{route="/a/{b}"} 4',
        "calipso_login_failures_total 0",
    ):
        assert f"\n{line}\n" in text, text


def test_environments_and_states_have_few_labels(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    scans = store.collection("scans")
    for n in range(MOST_ENVIRONMENTS + 20):
        scans.put(str(n), {"scan_id": str(n), "environment": f"e{n:04}", "status": "pending" if n % 2 else f"odd {n}"})
    scans.put("none", {"scan_id": "none", "status": "completed"})
    settings = ApiSettings(store=store, catalogs=Catalogs(store), secret_files=SecretFiles(tmp_path / "secrets"))
    found = {one.name: one for one in families(settings)}
    labels = [one.labels for one in found["calipso_scans"].samples]
    assert {one["state"] for one in labels} == {"pending", "completed", "other"}
    assert len({one["environment"] for one in labels}) == MOST_ENVIRONMENTS + 1
    assert found["calipso_scan_queue_depth"].samples[0].value == (MOST_ENVIRONMENTS + 20) // 2
    assert sum(one.value for one in found["calipso_scans"].samples) == MOST_ENVIRONMENTS + 21
    store.close()


def test_listeners(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    alive = {"environment": "a", "state": "running", "status": "running", **sign_of_life()}
    figures = {"received": 12, "handled": 9, "waiting": 3, "lag_p95_s": 0.7, "missed": {"vedge": 2}}
    store.collection("listeners").put("a", {**alive, **figures})
    store.collection("listeners").put("b", {"environment": "b", "state": "stopped", "lag_p95_s": None})
    for number in range(3):
        store.collection("dead_letters").put(str(number), {"id": str(number), "environment": "a"})
    settings = ApiSettings(store=store, catalogs=Catalogs(store), secret_files=SecretFiles(tmp_path / "secrets"))
    text = written(families(settings))
    store.close()
    for line in (
        'calipso_listener_up{environment="a"} 1',
        'calipso_listener_up{environment="b"} 0',
        'calipso_events_received_total{environment="a"} 12',
        'calipso_events_waiting{environment="a"} 3',
        'calipso_events_lag_p95_s{environment="a"} 0.7',
        'calipso_events_missed_total{environment="a",type="vedge"} 2',
        'calipso_dead_letters{environment="a"} 3',
    ):
        assert f"\n{line}\n" in text, text
