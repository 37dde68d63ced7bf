# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - JSON
"""Prometheus, Sensu Core and templates: what is rendered, and what is read; the receivers."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import Any

import pytest
import requests
import yaml

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.back_ends.base import BackEnd, Received, Wish
from calipso_nornir.monitoring.back_ends.named_back_ends import back_end
from calipso_nornir.monitoring.back_ends.prometheus import Prometheus
from calipso_nornir.monitoring.back_ends.sensu_core import SensuCore
from calipso_nornir.monitoring.file_templates import merged, template_of
from calipso_nornir.monitoring.receiving import MOST_BYTES, Address, Receiver
from tests.fixtures.watched import check_of, planned

PLAN = planned()
NIC = check_of(PLAN, host="cmp1", check="pnic")
SETTINGS = {"server_ip": "192.0.2.1", "rabbitmq_pass": "s3cret", "receiver_token": "t0ken", "agent_password": "s3cret"}
WISH = Wish(plan=PLAN, settings=SETTINGS, environment={"mechanism_drivers": ["OVS"]})
HOST = ObjectRef("lab", "host", "cmp1").document_id


def rendered(system: BackEnd, wish: Wish = WISH) -> dict[str, Any]:
    files = list(system.render(wish))
    assert len({one.path for one in files}) == len(files)
    assert all(one.secret for one in files if "s3cret" in one.text or "t0ken" in one.text)
    return {one.path: yaml.safe_load(one.text) for one in files if "/token." not in one.path}


@pytest.mark.parametrize("name", ["prometheus", "sensu_go", "sensu_core", "Sensu", "Sensu Go", "Prometheus"])
def test_each_back_end_renders_the_plan_and_the_same_twice(name: str) -> None:
    files = rendered(back_end(name))
    for host in PLAN.hosts:
        assert files[f"host/{host}/objects.json"] == json.loads(PLAN.objects_json(host))
    assert rendered(back_end(name)) == files


def test_an_unknown_back_end() -> None:
    with pytest.raises(InvalidRequest, match=r'"promeheus" is no monitoring system.*Did you mean "prometheus"'):
        back_end("promeheus")


# --- Prometheus


def alert(state: str, name: str = "CalipsoError", **labels: str) -> dict[str, Any]:
    mine = {"alertname": name, "calipso": "check", "calipso_status": "2", "environment": "lab", "host": "cmp1"}
    about = {"of": NIC.of, "kind": NIC.kind, "type": NIC.type, "name": NIC.name, "check": NIC.check}
    return {
        "status": state,
        "labels": {**mine, **about, **labels},
        "annotations": {"summary": "no carrier"},
        "startsAt": "2026-11-29T12:00:00.5Z",
        "endsAt": "2026-11-29T12:05:00Z" if state == "resolved" else "0001-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("alerts", "expected"),
    [
        ([alert("firing")], [(2, "no carrier", 0.5)]),
        ([alert("resolved")], [(0, "OK", 300.0)]),
        ([alert("resolved"), alert("firing", calipso_status="1")], [(1, "no carrier", 0.5)]),
        ([alert("firing", calipso_status="1"), alert("resolved")], [(1, "no carrier", 0.5)]),
        ([alert("firing", calipso="")], []),
    ],
)
def test_alerts_become_results(alerts: list[Any], expected: list[Any]) -> None:
    received = Prometheus().receive({"version": "4", "alerts": alerts})
    noon = 1795953600.0
    assert [(one.status, one.text, one.checked_at.timestamp() - noon) for one in received.results] == expected
    assert received.refused == ()


@pytest.mark.parametrize(
    ("name", "state", "check", "status"),
    [
        ("CalipsoHostDown", "firing", "keepalive", 2),
        ("CalipsoHostDown", "resolved", "keepalive", 0),
        ("CalipsoProbeStopped", "firing", "probe", 1),
    ],
)
def test_alerts_about_a_host(name: str, state: str, check: str, status: int) -> None:
    [one] = Prometheus().receive({"alerts": [alert(state, name, calipso="host")]}).results
    assert (one.of, one.check, one.status) == (HOST, check, status)


@pytest.mark.parametrize(
    "message", [None, [], {"alerts": 1}, {"alerts": [None]}, {"alerts": [{**alert("firing"), "startsAt": "soon"}]}]
)
def test_what_is_no_alert_is_told(message: Any) -> None:
    received = Prometheus().receive(message)
    assert (len(received.results), len(received.refused)) == (0, 1)


def test_all_statuses_are_read_from_the_api() -> None:
    labels = alert("firing")["labels"]
    rows = [{"metric": labels, "value": [1795953600.5, "0"]}, {"metric": {**labels, "of": "x"}, "value": [5, "1"]}]
    received = Prometheus().statuses({"status": "success", "data": {"resultType": "vector", "result": rows}})
    assert [(one.of, one.status) for one in received.results] == [(NIC.of, 0)]
    assert len(received.refused) == 1
    assert Prometheus().statuses({"status": "error"}).refused


def test_rules_name_each_status_and_a_silent_host() -> None:
    files = rendered(Prometheus())
    group, hosts = files["server/prometheus/rules.lab.yml"]["groups"]
    assert [one["alert"] for one in (*group["rules"], *hosts["rules"])] == [
        "CalipsoWarning",
        "CalipsoError",
        "CalipsoUnknown",
        "CalipsoHostDown",
        "CalipsoProbeStopped",
    ]
    assert 'environment="lab"' in group["rules"][0]["expr"]
    targets = files["server/prometheus/targets.lab.json"]
    timing = {"__scrape_interval__": "15s", "__scrape_timeout__": "15s"}
    assert targets[0] == {"targets": ["cmp1:9100"], "labels": {"environment": "lab", "host": "cmp1", **timing}}
    [receiver] = files["server/alertmanager/receiver.lab.yml"]
    assert receiver["webhook_configs"][0]["url"] == "http://192.0.2.1:3335/prometheus"


def test_environments_have_no_file_in_common_but_one_that_is_the_same() -> None:
    mine, others = (
        {one.path: one.text for one in Prometheus().render(replace(WISH, plan=replace(PLAN, environment=name)))}
        for name in ("lab", 'l/a"b ü')
    )
    assert [path for path in mine if path in others and path.startswith("server")] == ["server/prometheus/scrape.yml"]
    assert mine["server/prometheus/scrape.yml"] == others["server/prometheus/scrape.yml"]
    [route] = yaml.safe_load(
        others["server/alertmanager/route.l---..47..---a---..34..---b---..32..---" + "---..252..---.yml"]
    )
    assert route["matchers"] == ['calipso=~".+"', r'environment="l/a\"b ü"']


# --- Sensu Core


def test_the_files_of_the_guide() -> None:
    files = rendered(SensuCore())
    server = {path.rsplit("/", 1)[1] for path in files if path.startswith("server/")}
    assert server == {
        "redis.json",
        "transport.json",
        "rabbitmq.json",
        "api.json",
        "client.json",
        "filters.json",
        "handlers.json",
    }
    changed = files["server/sensu-core/filters.json"]["filters"]["state_change_only"]
    assert changed == {"negate": True, "attributes": {"check": {"history": "eval: value.last == value[-2]"}}}, (
        "each OK of a check of type metric is a first occurrence: only the history tells what has changed"
    )
    folder = "host/cmp1/sensu-core"
    assert files[f"{folder}/rabbitmq.json"]["rabbitmq"]["password"] == "s3cret"  # noqa: S105 - a test's
    assert files[f"{folder}/rabbitmq.json"]["rabbitmq"]["port"] == 5671, "a number, not text"
    client = files[f"{folder}/client.json"]["client"]
    assert (client["name"], client["environment"]) == ("lab-cmp1", "lab")
    checks = files[f"{folder}/checks.json"]["checks"]
    assert {one["calipso"]["name"] for one in checks.values()} == {one.name for one in PLAN.hosts["cmp1"]}
    assert max(map(len, checks)) <= 200 < max(len(one.name) for one in PLAN.hosts["cmp1"])
    one = checks[NIC.name]
    assert (one["standalone"], one["calipso"]["of"]) == (True, NIC.of)
    assert one["command"] == f"/usr/local/bin/calipso-probe --object {NIC.name}"


def test_a_template_of_the_user_changes_one_attribute() -> None:
    own = [
        template_of(
            {
                "type": "client_check_host_pnic.json",
                "side": "client",
                "order": "2",
                "config": {"checks": {"{check_name}": {"interval": 15}}},
            }
        ),
        template_of(
            {
                "type": "api.json",
                "side": "server",
                "order": "2",
                "condition": {"mechanism_drivers": "VPP"},
                "config": {"api": 1},
            }
        ),
    ]
    files = rendered(SensuCore(), Wish(plan=PLAN, settings=SETTINGS, environment=WISH.environment, templates=own))
    checks = files["host/cmp1/sensu-core/checks.json"]["checks"]
    assert (checks[NIC.name]["interval"], checks[NIC.name]["standalone"]) == (15, True)
    assert checks[check_of(PLAN, host="cmp1", check="vconnector").name]["interval"] == 60
    assert files["server/sensu-core/api.json"]["api"]["port"] == 4567, "its condition is not met: only it is left out"


def test_templates_are_merged_by_order_and_placeholders_filled() -> None:
    base = {"type": "x.json", "side": "server"}
    templates = [
        template_of({**base, "order": "10", "config": {"a": {"c": "{text}-{port}"}}}),
        template_of({**base, "order": "9", "config": {"a": {"b": "{port}", "c": 0}, "{text}": ["{port}"]}}),
        template_of({**base, "order": 11, "condition": {"type_drivers": ["vlan"]}, "config": {"a": None}}),
    ]
    made = merged(templates, type_="x.json", side="server", environment={}, values={"port": 1, "text": "t"})
    assert made == {"a": {"b": 1, "c": "t-1"}, "t": [1]}
    assert merged(templates, type_="x.json", side="client", environment={}, values={}) is None
    with pytest.raises(InvalidRequest, match=r"\{text\} has no value"):
        merged(templates, type_="x.json", side="server", environment={}, values={"port": 1, "txt": 1})


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"side": "server", "config": {}}, "type is missing"),
        ({"type": "a", "side": "left", "config": {}}, 'expected "client" or "server"'),
        ({"type": "a", "side": "client", "config": []}, "config is no object"),
        ({"type": "a", "side": "client", "config": {}, "order": "first"}, "expected a number"),
        ({"type": "a", "side": "client", "config": {}, "condition": ["x"]}, "condition is no object"),
    ],
)
def test_a_template_that_is_none_is_told(document: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        template_of(document)


def core_event(name: str, status: int, output: str, **check: Any) -> dict[str, Any]:
    client = {"name": "lab-cmp1", "environment": "lab", "calipso_host": "cmp1"}
    made = {"name": name, "status": status, "output": output, "executed": 1795953600, "history": ["0", str(status)]}
    return {"id": "e", "action": "create", "client": client, "check": {**made, **check}}


def test_events_of_sensu_core() -> None:
    about = {"of": NIC.of, "kind": "inventory", "type": "host_pnic", "check": "pnic"}
    [one] = SensuCore().receive(core_event(NIC.name, 2, "Error: no carrier\nmore", calipso=about)).results
    assert (one.of, one.host, one.environment, one.status, one.text) == (NIC.of, "cmp1", "lab", 2, "Error: no carrier")
    [dead] = SensuCore().receive(core_event("keepalive", 2, "No keepalive sent from client for 190 seconds")).results
    assert (dead.of, dead.check, dead.status) == (HOST, "keepalive", 2)
    [ended] = SensuCore().receive(core_event(NIC.name, 2, "Execution timed out", calipso=about)).results
    assert ended.status == 3, "nobody knows"
    assert SensuCore().receive({"entity": {}}).refused


# --- receivers


class Taken:
    """Keeps what a receiver hands over."""

    def __init__(self) -> None:
        self.all: list[Received] = []

    def __call__(self, received: Received) -> None:
        self.all.append(received)


def test_http() -> None:
    taken = Taken()
    receiver = Receiver(taken, http=Address("127.0.0.1", 0), token="t0ken")  # noqa: S106 - a test's
    assert receiver.http is not None
    url, good = f"http://127.0.0.1:{receiver.http.port}", {"Authorization": "Bearer t0ken"}
    result = {"environment": "lab", "of": NIC.of, "name": NIC.name, "status": 0, "checked_at": 1.0}
    try:
        sent = [
            requests.post(f"{url}/prometheus", json={"alerts": [alert("firing")]}, headers=good, timeout=5),
            requests.post(f"{url}/results", json=[result, None], headers=good, timeout=5),
            requests.post(f"{url}/results", data=json.dumps(result) + "\n{", headers=good, timeout=5),
            requests.post(f"{url}/sensu_go", data="nonsense", headers=good, timeout=5),
            requests.post(f"{url}/results", json=[result], timeout=5),
            requests.post(f"{url}/nagios", json=[result], headers=good, timeout=5),
            requests.post(f"{url}/results", data=b" " * (MOST_BYTES + 1), headers=good, timeout=5),
        ]
    finally:
        receiver.close()
    assert [one.status_code for one in sent] == [204, 204, 204, 204, 401, 404, 413]
    assert [(len(one.results), len(one.refused)) for one in taken.all] == [(1, 0), (1, 1), (1, 1), (0, 1)]


def test_tcp_takes_one_event_per_connection() -> None:
    taken = Taken()
    receiver = Receiver(taken, tcp=Address("127.0.0.1", 0), tcp_back_end="sensu_core")
    assert receiver.tcp is not None
    for body in (json.dumps(core_event("keepalive", 0, "ok")), '{"cut off', ""):
        with socket.create_connection(("127.0.0.1", receiver.tcp.port)) as connection:
            connection.sendall(body.encode())
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(1) == b"", "it never answers"
    receiver.close()
    assert sorted((len(one.results), len(one.refused)) for one in taken.all) == [(0, 1), (1, 0)]


def test_without_a_token_nobody_else_can_reach_it() -> None:
    with pytest.raises(InvalidRequest, match=r"without a token it listens on 127\.0\.0\.1 only"):
        Receiver(Taken(), http=Address("0.0.0.0", 0))  # noqa: S104 - it is refused
