# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus, Alertmanager and node exporter, with the files that we render: from the probe to results.

One change takes some seconds: rules are evaluated and groups of alerts are sent once in a while.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from calipso_nornir.checks.evaluating import Result as Evaluated
from calipso_nornir.checks.exposition import Texts, exposition
from calipso_nornir.checks.objects import read_file
from calipso_nornir.monitoring.back_ends.base import Received, Wish
from calipso_nornir.monitoring.back_ends.prometheus import GROUP_WAIT_S, Prometheus
from calipso_nornir.monitoring.receiving import Address, Receiver
from tests.fixtures.needs import program
from tests.fixtures.watched import check_of, planned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = "prometheus prometheus-alertmanager prometheus-node-exporter"
LOOPBACK = "127.0.0.1"
PLAN = planned()
NIC = check_of(PLAN, host="cmp1", check="pnic")
SAYS = ("eth1 is up", 'eth1 says "{{ $x }}" and \\', "eth1 has no carrier")
"""What the check says for each status; the second has all that means something to Prometheus."""
PATIENCE_S = 30.0


class Heard:
    """What Alertmanager has sent: the last status of each check, and a way to wait for one."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self._changed = threading.Condition()

    def __call__(self, received: Received) -> None:
        assert received.refused == ()
        with self._changed:
            self.last |= {one.name: one.status for one in received.results}
            self.texts |= {one.name: one.text for one in received.results}
            self._changed.notify_all()

    def wait_for(self, name: str, status: int) -> None:
        with self._changed:
            told = self._changed.wait_for(lambda: self.last.get(name) == status, PATIENCE_S)
        assert told, f"{name} is {self.last.get(name)}, expected {status}"


class Running:
    """The three programs, and the probe's file that node exporter reads."""

    def __init__(self, folder: Path, url: str, stack: ExitStack) -> None:
        self._folder = folder
        self._texts = Texts()
        self._stack = stack
        self.exporter, self.alerts, self.port = (_free_port() for _ in range(3))
        settings = {"interval": 1, "exporter_port": self.exporter, "receiver_url": f"{url}/prometheus"}
        wish = Wish(plan=PLAN, settings=settings, environment={"addresses": dict.fromkeys(PLAN.hosts, LOOPBACK)})
        files = {one.path: one.text for one in Prometheus().render(wish)}
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        hosts = json.loads(files["server/prometheus/targets.lab.json"])
        targets = [one for one in hosts if one["labels"]["host"] == "cmp1"]
        (folder / "targets.json").write_text(json.dumps(targets))
        scrape = json.loads(files["server/prometheus/scrape.yml"])
        scrape["scrape_configs"][0]["file_sd_configs"] = [{"files": [str(folder / "targets.json")]}]
        whole = {
            "global": {"evaluation_interval": "1s"},
            "rule_files": [str(folder / "server/prometheus/rules.lab.yml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{LOOPBACK}:{self.alerts}"]}]}]},
            **scrape,
        }
        (folder / "prometheus.yml").write_text(json.dumps(whole))
        [route], [receiver] = (
            yaml.safe_load(files[f"server/alertmanager/{one}.lab.yml"]) for one in ("route", "receiver")
        )
        alertmanager = {"route": {"receiver": "none", "routes": [route]}, "receivers": [{"name": "none"}, receiver]}
        (folder / "alertmanager.yml").write_text(json.dumps(alertmanager))

    def write(self, status: int) -> None:
        """Write what the probe writes when the card of cmp1 has a status."""
        objects = read_file(str(self._folder / "host/cmp1/objects.json"))
        found = [
            Evaluated(objects.environment, objects.host, one, status if one.name == NIC.name else 0, SAYS[status], 0.0)
            for one in objects.items
        ]
        path = self._folder / "textfile" / "calipso.prom"
        path.parent.mkdir(exist_ok=True)
        (self._folder / "new").write_text(exposition(objects, found, time.time(), self._texts))
        (self._folder / "new").replace(path)

    def start_exporter(self) -> subprocess.Popen[bytes]:
        """Start node exporter."""
        return self._start(
            "prometheus-node-exporter",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={self._folder / 'textfile'}",
            f"--web.listen-address={LOOPBACK}:{self.exporter}",
        )

    def start_alertmanager(self) -> subprocess.Popen[bytes]:
        """Start Alertmanager, and wait until it answers."""
        process = self._start(
            "prometheus-alertmanager",
            f"--config.file={self._folder / 'alertmanager.yml'}",
            f"--storage.path={self._folder / 'alerts'}",
            f"--web.listen-address={LOOPBACK}:{self.alerts}",
            "--cluster.listen-address=",
        )
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with suppress(requests.ConnectionError):
                if requests.get(f"http://{LOOPBACK}:{self.alerts}/-/ready", timeout=10).ok:
                    return process
            time.sleep(0.05)
        pytest.fail("Alertmanager does not answer")

    def start_prometheus(self) -> None:
        """Start Prometheus."""
        self._start(
            "prometheus",
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
        )

    def alert(self, *names: str, firing: bool) -> None:
        """Tell Alertmanager of alerts about checks on cmp1, as Prometheus does."""
        now = datetime.now(UTC)
        time_ = {"startsAt": now.isoformat()} if firing else {}
        time_ |= {"endsAt": (now + timedelta(hours=1) if firing else now).isoformat()}
        labels = {"calipso": "check", "alertname": "CalipsoError", "calipso_status": "2", "kind": "inventory"}
        labels |= {"environment": "lab", "host": "cmp1", "type": "vnic", "check": "vnic"}
        alerts = [{"labels": {**labels, "name": one, "of": one.encode().hex().zfill(24)}, **time_} for one in names]
        requests.post(f"http://{LOOPBACK}:{self.alerts}/api/v2/alerts", json=alerts, timeout=10).raise_for_status()

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [program(name, packages=PACKAGES), *arguments]
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - a program of Debian
        self._stack.callback(_end, process)
        return process


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def running(tmp_path: Path, heard: Heard) -> Iterator[Running]:
    receiver = Receiver(heard, http=Address(LOOPBACK, 0))
    assert receiver.http is not None
    with ExitStack() as stack:
        stack.callback(receiver.close)
        yield Running(tmp_path, f"http://{LOOPBACK}:{receiver.http.port}", stack)


@pytest.mark.long
def test_a_card_fails_and_is_mended_and_then_its_host_is_silent(running: Running, heard: Heard) -> None:
    running.write(2)
    exporter = running.start_exporter()
    running.start_alertmanager()
    running.start_prometheus()
    heard.wait_for(NIC.name, 2)
    assert heard.texts[NIC.name] == SAYS[2], "the check's own words"
    running.write(1)
    heard.wait_for(NIC.name, 1)
    assert heard.texts[NIC.name] == SAYS[1]
    answer = requests.get(
        f"http://{LOOPBACK}:{running.port}/api/v1/query", params={"query": Prometheus().query("lab")}, timeout=10
    )
    known = Prometheus().statuses(answer.json())
    assert known.refused == ()
    assert {one.name: one.status for one in known.results} == {
        one.name: int(one.name == NIC.name) for one in PLAN.hosts["cmp1"]
    }, "also what never was an alert"
    assert {one.text for one in known.results} == {"OK", SAYS[1]}
    running.write(0)
    heard.wait_for(NIC.name, 0)
    _end(exporter)
    heard.wait_for("host_cmp1", 2)
    assert heard.last[NIC.name] == 0


@pytest.mark.long
def test_no_end_is_lost_when_alertmanager_is_started_again(running: Running, heard: Heard) -> None:
    """It no longer knows its alerts then; Prometheus sends them one after another, also those that have ended."""
    process = running.start_alertmanager()
    running.alert("tap1", "tap2", firing=True)
    heard.wait_for("tap1", 2)
    heard.wait_for("tap2", 2)
    running.alert("tap1", firing=False)
    heard.wait_for("tap1", 0)
    _end(process)
    running.start_alertmanager()
    running.alert("tap1", firing=False)
    time.sleep(2 * GROUP_WAIT_S)
    running.alert("tap2", firing=False)
    heard.wait_for("tap2", 0)


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as free:
        return int(free.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(20)
