# SPDX-License-Identifier: Apache-2.0
"""Debian's Prometheus, Alertmanager and node exporter, put on a host by the playbook: its fault becomes a result.

Two environments share them: neither deploying nor removing one touches what the other has.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from calipso_nornir.monitoring.back_ends.base import Wish
from calipso_nornir.monitoring.back_ends.prometheus import Prometheus
from calipso_nornir.monitoring.planning import MonitoringPlan, PlannedCheck
from tests.fixtures import needs
from tests.packaging.deploying import Target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.deployment, needs.root("it makes namespaces")]

TOKEN, SECOND_TOKEN = "a-token-of-a-test", "the-token-of-the-second"
SECOND: Final = "second site"
NOTHING_LISTENS: Final = 9
PROGRAMS = {
    "prometheus": "prometheus",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
}
RECEIVER = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(sys.argv[1], "a") as file:
            file.write(json.dumps([self.headers["Authorization"], json.loads(body)]) + "\\n")
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 3335), Handler).serve_forever()
"""
VARIABLES: dict[str, Any] = {"probe_interval": 1}


def planned(number: int, name: str, check: str, **parameters: Any) -> PlannedCheck:  # noqa: ANN401 - any shape
    return PlannedCheck(of=f"{number:024x}", kind="inventory", type="x", name=name, check=check, parameters=parameters)


def render(target: Target, *checks: PlannedCheck) -> None:
    _render(target.files, "lab", {"cmp1": checks}, receiver_token=TOKEN)


def render_second(target: Target) -> Path:
    """Render an environment whose only host does not answer."""
    folder = target.folder / "second"
    _render(folder, SECOND, {"far1": ()}, receiver_token=SECOND_TOKEN, exporter_port=NOTHING_LISTENS)
    return folder


def _render(folder: Path, environment: str, hosts: Mapping[str, tuple[PlannedCheck, ...]], **settings: object) -> None:
    wish = Wish(
        plan=MonitoringPlan(environment=environment, hosts=hosts),
        settings={"interval": 1, **settings},
        environment={"addresses": dict.fromkeys(hosts, "127.0.0.1")},
    )
    for one in Prometheus().render(wish):
        path = folder / one.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one.text)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    for name, packages in PROGRAMS.items():
        needs.program(name, packages=packages)
    with Target(tmp_path) as made:
        hosts = {"cmp1": made.connection()}
        made.inventory.write_text(
            yaml.safe_dump({"all": {"hosts": hosts, "children": {"calipso_server": {"hosts": {"cmp1": {}}}}}})
        )
        made.host.sh("ip link add tap1 type veth peer name guest; ip link set tap1 up; ip link set guest up")
        made.host.start(sys.executable, "-c", RECEIVER, tmp_path / "received")
        yield made


def told(target: Target, name: str, status: int, *, within: float = 120) -> str:
    """Wait until a webhook has said that a check has a status; return the text."""
    until = time.monotonic() + within
    path = target.folder / "received"
    while time.monotonic() < until:
        for line in path.read_text().splitlines()[::-1] if path.exists() else ():
            authorization, message = json.loads(line)
            received = Prometheus().receive(message)
            assert not received.refused
            assert {authorization} == {
                f"Bearer {SECOND_TOKEN if one.environment == SECOND else TOKEN}" for one in received.results
            }
            for one in received.results:
                if one.name == name:
                    if one.status == status:
                        return one.text
                    break
            else:
                continue
            break
        time.sleep(0.1)
    pytest.fail(f"{name} has not become {status}: {path.read_text() if path.exists() else 'nothing came'}")


def test_a_fault_is_told_and_its_end_and_nothing_changes_the_second_time(target: Target) -> None:
    render(target, planned(1, "tap1", "vnic", device="tap1"), planned(2, "lo", "pnic", device="lo"))
    changed, said = target.play("deploy_checks.yml", "--check", "--diff", **VARIABLES)
    assert changed > 3
    assert TOKEN not in said
    changed, said = target.play("deploy_checks.yml", **VARIABLES)
    assert changed > 8
    assert TOKEN not in said
    mode = target.host.run("stat", "-c", "%U %G %a", "/etc/prometheus/calipso/token.lab").split()
    assert mode == ["root", "prometheus", "640"]

    target.host.sh("ip link set tap1 down")
    assert told(target, "tap1", 2) == "tap1 is switched off"
    target.host.sh("ip link set tap1 up")
    told(target, "tap1", 0)

    changed, said = target.play("deploy_checks.yml", **VARIABLES)
    assert changed == 0, said
    asked = target.host.run("curl", "-s", "http://127.0.0.1:9090/api/v1/query?query=calipso_check_status")
    assert {(one.name, one.status) for one in Prometheus().statuses(json.loads(asked)).results} == {
        ("tap1", 0),
        ("lo", 0),
    }

    # A rule that promtool refuses does not reach Prometheus
    rules = target.files / "server" / "prometheus" / "rules.lab.yml"
    rules.write_text(rules.read_text().replace("last_over_time(", "last_over_time(("))
    _, said = target.play("deploy_checks.yml", ends=2, **VARIABLES)
    assert "failed to validate" in said


def test_two_environments_share_a_server_and_each_can_be_removed(target: Target) -> None:
    second = {**VARIABLES, "calipso_files": str(render_second(target))}
    render(target, planned(1, "tap1", "vnic", device="tap1"))
    target.play("deploy_checks.yml", **VARIABLES)
    before = _files(target)
    changed, said = target.play("deploy_checks.yml", **second)
    assert changed >= 5, said
    assert {path: content for path, content in _files(target).items() if path in before} == before
    for variables in (VARIABLES, second):
        changed, said = target.play("deploy_checks.yml", **variables)
        assert changed == 0, said

    target.host.sh("ip link set tap1 down")
    assert told(target, "tap1", 2) == "tap1 is switched off"
    assert told(target, "host_far1", 2) == "far1 does not answer"
    assert _targets(target) == {("lab", "cmp1", "up", "1s"), (SECOND, "far1", "down", "1s")}

    changed, said = target.play("deploy_checks.yml", "--check", **second, calipso_state="absent")
    assert changed >= 2, said
    target.play("deploy_checks.yml", **second, calipso_state="absent")
    assert _files(target) == before
    assert SECOND not in target.host.run("cat", "/etc/prometheus/alertmanager.yml")
    target.host.wait_for("sh", "-c", "! curl -s http://127.0.0.1:9090/api/v1/targets | grep -q far1")
    assert target.play("deploy_checks.yml", **second, calipso_state="absent")[0] == 0
    assert target.play("deploy_checks.yml", **VARIABLES)[0] == 0
    target.host.sh("ip link set tap1 up")
    told(target, "tap1", 0)

    target.play("deploy_checks.yml", **VARIABLES, calipso_state="absent")
    assert set(_files(target)) == {"/etc/prometheus/calipso/alertmanager/1-begin.yml"} | {
        "/etc/prometheus/calipso/alertmanager/3-receivers.yml"
    }
    for gone in ("/usr/local/bin/calipso-probe", "/etc/calipso/objects.json", "/etc/sudoers.d/calipso-probe"):
        target.host.run("test", "!", "-e", gone)
    assert target.play("deploy_checks.yml", **VARIABLES, calipso_state="absent")[0] == 0


def _files(target: Target) -> dict[str, str]:
    """Return the files of environments on the server, with their content."""
    found = target.host.run("find", "/etc/prometheus/calipso", "-type", "f").split()
    return {path: target.host.run("cat", path) for path in found}


def _targets(target: Target) -> set[tuple[str, str, str, str]]:
    """Return environment, host, health and interval of what Prometheus reads."""
    answer = json.loads(target.host.run("curl", "-s", "http://127.0.0.1:9090/api/v1/targets"))
    return {
        (one["labels"]["environment"], one["labels"]["host"], one["health"], one["scrapeInterval"])
        for one in answer["data"]["activeTargets"]
    }
