# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - JSON
"""Sensu Go: resources put and removed over its API, and its events read, as a real 6.12 answered and sent them."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import yaml

from calipso_nornir.errors import ApiFailed, ApiUnreachable, InvalidRequest
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.back_ends.base import Wish
from calipso_nornir.monitoring.back_ends.sensu_go import Resource, SensuGo
from calipso_nornir.monitoring.back_ends.sensu_go_agents import ALLOW_LIST, CA, MANAGED
from calipso_nornir.monitoring.back_ends.sensu_go_applying import apply, changes
from calipso_nornir.monitoring.back_ends.sensu_go_client import SensuGoAccess, SensuGoClient
from tests.fixtures.cloud import make_pki
from tests.fixtures.sensu_go import EVENTS, StandIn, sensu_go
from tests.fixtures.watched import planned

if TYPE_CHECKING:
    from collections.abc import Iterator

GO = SensuGo()
PLAN = planned()
HOSTS = Wish(plan=PLAN, settings={"receiver_host": "10.77.0.1", "agent_password": "p"})
OBJECTS = Wish(plan=PLAN, settings={"mode": "objects", "agent_password": "p"})


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with sensu_go() as one:
        yield one


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[SensuGoClient]:
    made = SensuGoClient(SensuGoAccess(url=stand_in.url, user="calipso", password="secret"))  # noqa: S106 - the stand-in's
    yield made
    made.close()


def event(name: str, **labels: str) -> Any:
    """Return a recorded event; its agent has our labels, as our ``agent.yml`` gives them."""
    made = deepcopy(EVENTS[name])
    ours = {"calipso_env": "lab", "calipso_host": "net1", **labels}
    made["entity"]["metadata"]["labels"] = {**(made["entity"]["metadata"].get("labels") or {}), **ours}
    return made


# --- the API


def test_everything_is_put_once_and_a_second_time_nothing_changes(stand_in: StandIn, client: SensuGoClient) -> None:
    wanted = list(GO.resources(HOSTS))
    first = apply(client, wanted, environment="lab")
    assert (len(first.put), first.unchanged, first.removed) == (len(wanted), 0, 0)
    kinds = [one.split("/")[6] for one in stand_in.requests if one.startswith("PUT")]
    assert kinds == sorted(kinds, key=["filters", "handlers", "pipelines", "entities", "checks"].index)
    again = apply(client, wanted, environment="lab")
    assert (len(again.put), again.unchanged, again.removed) == (0, len(wanted), 0)


def test_entities_are_there_before_the_checks_that_name_them(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(OBJECTS), environment="lab")
    puts = [one.split("/")[6] for one in stand_in.requests if one.startswith("PUT")]
    assert puts.index("checks") > len(puts) - puts[::-1].index("entities") - 1
    checks = {key: one for key, one in stand_in.resources.items() if key.startswith("checks/")}
    assert len(checks) == sum(map(len, PLAN.hosts.values()))
    assert all(f"entities/{one['proxy_entity_name']}" in stand_in.resources for one in checks.values())


def test_what_is_gone_is_removed_with_its_events_and_nothing_else(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(OBJECTS), environment="lab")
    foreign = {"metadata": {"name": "theirs", "namespace": "default", "labels": {"managed_by": "them"}}}
    other = {"metadata": {"name": "o", "namespace": "default", "labels": {"managed_by": "calipso", "calipso_env": "x"}}}
    stand_in.resources |= {"checks/theirs": foreign, "checks/o": other}
    host, gone = "cmp1", PLAN.hosts["cmp1"][0]
    stand_in.events = [
        {"entity": {"metadata": {"name": "e"}}, "check": {"metadata": {"name": name}}} for name in (gone.name, "theirs")
    ]
    fewer = replace(PLAN, hosts={**PLAN.hosts, host: PLAN.hosts[host][1:]})
    before = len(stand_in.requests)
    done = apply(client, GO.resources(replace(OBJECTS, plan=fewer)), environment="lab")
    assert done.put == ()
    removed = [one.split("/")[6] for one in stand_in.requests[before:] if one.startswith("DELETE")]
    assert removed == ["checks", "events", "entities"], "an agent that still ran it would make its entity again"
    assert f"checks/{gone.name}" not in stand_in.resources
    assert {"checks/theirs", "checks/o"} <= stand_in.resources.keys()
    assert [one["check"]["metadata"]["name"] for one in stand_in.events] == ["theirs"], "it would go on raising alarms"


def test_a_look_changes_nothing(stand_in: StandIn, client: SensuGoClient) -> None:
    found = changes(client, GO.resources(HOSTS), environment="lab")
    assert found
    assert stand_in.resources == {}
    assert {one.split()[0] for one in stand_in.requests} == {"GET"}
    apply(client, GO.resources(HOSTS), environment="lab")
    stand_in.resources["handlers/calipso"] |= {"timeout": 5, "created_by": "x"}
    found = changes(client, GO.resources(HOSTS), environment="lab")
    assert [found.before[f"{one.kind}/{one.name}"]["timeout"] for one in found.put] == [5]
    assert "created_by" not in found.before["handlers/calipso"], "what is the back end's own is not shown"


def test_what_environments_share_goes_with_the_last_of_them(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(HOSTS), environment="lab")
    agent = {"name": "n1", "namespace": "default", "labels": {"managed_by": "calipso", "calipso_env": "other"}}
    stand_in.resources["entities/n1"] = {"entity_class": "agent", "metadata": agent}
    assert apply(client, [], environment="lab").removed == 0, "another environment uses it"
    agent["labels"] = {**MANAGED, "calipso_env": "lab"}
    apply(client, GO.resources(OBJECTS), environment="lab")
    names = {key for key in stand_in.resources if key.startswith("checks/calipso-objects")}
    assert names == set(), "in mode objects nobody runs them, and their time to live would raise alarms"
    apply(client, [], environment="lab")
    assert stand_in.resources.keys() == {"entities/n1"}, "agents make their entities themselves"
    assert apply(client, [], environment="other", agents="all").removed == 0, "another's agent"
    assert apply(client, [], environment="lab", agents=["n2"]).removed == 0
    assert apply(client, [], environment="lab", agents=["n1"]).removed == 1
    stand_in.resources["entities/n1"] = {"entity_class": "agent", "metadata": agent}
    apply(client, [], environment="lab", agents="all")
    assert stand_in.resources == {}, "it has ended, and would be missed for ever"


def test_a_missing_namespace_is_made_before_anything_is_put(stand_in: StandIn) -> None:
    client = SensuGoClient(SensuGoAccess(url=stand_in.url, key="a-key", namespace="net"))
    wish = replace(HOSTS, settings={"namespace": "net"})
    assert changes(client, GO.resources(wish), environment="lab").namespace
    assert stand_in.namespaces == {"default"}
    apply(client, GO.resources(wish), environment="lab")
    assert stand_in.namespaces == {"default", "net"}
    assert not apply(client, GO.resources(wish), environment="lab")
    client.close()


def test_a_user_that_may_not_see_namespaces_works_in_its_own(stand_in: StandIn) -> None:
    stand_in.may_see_namespaces = False
    client = SensuGoClient(SensuGoAccess(url=stand_in.url, key="a-key"))
    assert apply(client, GO.resources(HOSTS), environment="lab").put
    client.close()
    elsewhere = SensuGoClient(SensuGoAccess(url=stand_in.url, key="a-key", namespace="nosuch"))
    with pytest.raises(ApiFailed, match="the namespace nosuch does not exist"):
        apply(elsewhere, GO.resources(replace(HOSTS, settings={"namespace": "nosuch"})), environment="lab")
    elsewhere.close()


def test_a_changed_resource_is_put_again(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(HOSTS), environment="lab")
    changed = Wish(plan=PLAN, settings={"receiver_host": "10.77.0.9"})
    assert [one.name for one in apply(client, GO.resources(changed), environment="lab").put] == ["calipso"]
    assert stand_in.resources["handlers/calipso"]["socket"]["host"] == "10.77.0.9"


def test_after_any_401_it_logs_in_again(stand_in: StandIn, client: SensuGoClient) -> None:
    assert client.listed("checks") == []
    stand_in.expired = True
    assert client.listed("checks") == []
    assert stand_in.tokens == 2


def test_a_key_needs_no_login(stand_in: StandIn) -> None:
    client = SensuGoClient(SensuGoAccess(url=stand_in.url, key="a-key"))
    apply(client, GO.resources(HOSTS), environment="lab")
    client.close()
    assert stand_in.tokens == 0


@pytest.mark.parametrize(
    ("access", "told"),
    [
        ({"key": "wrong"}, "401"),
        ({"user": "calipso", "password": "wrong"}, "Sensu Go answered GET /auth with 401: Unauthorized"),
    ],
)
def test_refused_logins_are_told(stand_in: StandIn, access: dict[str, str], told: str) -> None:
    client = SensuGoClient(SensuGoAccess(url=stand_in.url, **access))  # type: ignore[arg-type]
    with pytest.raises(ApiFailed) as raised:
        client.listed("checks")
    client.close()
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "name", "body", "told"),
    [
        ("checks", "a", {"metadata": {"name": "a"}}, "the namespace of the resource () does not match"),
        ("checks", "a/b", {}, "check name cannot contain spaces or special characters"),
        ("entities", "a b", {}, "entity name cannot contain spaces or special characters"),
        ("checks", "a", {}, "check interval must be greater than 0"),
        ("checks", "a", {"interval": 1, "subscriptions": [""]}, "subscriptions cannot be empty strings"),
        ("checks", "a", {"interval": 1, "proxy_entity_name": "a b"}, "proxy entity name cannot contain spaces"),
        ("checks", "a", {"command": "x" * 512_000}, "http: request body too large"),
        ("entities", "a", {"note": "x" * 512_000}, "with 500: http: request body too large"),
        ("handlers", "a", {}, "empty handler type"),
        ("handlers", "a", {"type": "tcp", "socket": {"host": "h"}}, "socket port undefined"),
        ("filters", "a", {"action": "maybe"}, "action 'maybe' is not valid"),
        ("filters", "a", {"action": "allow"}, "filter must have one or more expressions"),
        ("pipelines", "a", {"workflows": [{"name": "w"}]}, "workflow handler must be set"),
        ("checks", "a", {"interval": 60, "ttl": 60}, "ttl must be greater than check interval"),
        ("entities", "agent", {}, "entity is managed by its agent"),
    ],
)
def test_what_it_refuses_is_told_in_its_words(  # noqa: PLR0913, PLR0917 - a table
    stand_in: StandIn, client: SensuGoClient, kind: str, name: str, body: dict[str, Any], told: str
) -> None:
    stand_in.managed_by_agent = {"agent"}
    with pytest.raises(ApiFailed) as raised:
        client.put(Resource(kind, name, {"metadata": {"name": name, "namespace": "default"}, **body}))
    assert told in str(raised.value)


def test_lists_are_read_page_by_page(stand_in: StandIn, client: SensuGoClient) -> None:
    apply(client, GO.resources(OBJECTS), environment="lab")
    stand_in.page = 7
    assert apply(client, GO.resources(OBJECTS), environment="lab").put == ()
    asked = [parse_qs(one) for one in stand_in.queries if one]
    assert len([one for one in asked if "continue" in one]) > len(PLAN.hosts)
    assert {one["limit"][0] for one in asked} == {"500"}


@pytest.mark.parametrize("number", [0, 499, 500, 501, 1203])
def test_events_are_read_page_by_page_whatever_their_number(
    stand_in: StandIn, client: SensuGoClient, number: int
) -> None:
    stand_in.events = [{"id": one} for one in range(number)]
    assert [one["id"] for one in client.events()] == [*range(number)]
    assert len(stand_in.requests) == 1 + max(1, -(-number // 500)), "a login, and a request for each page"


def test_pages_that_do_not_end_are_told(stand_in: StandIn, client: SensuGoClient) -> None:
    stand_in.events = [{"id": one} for one in range(501)]
    stand_in.forgets_tokens = True
    with pytest.raises(ApiFailed, match="pages that do not end"):
        client.events()


def test_tls_is_verified(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    with sensu_go(pki) as stand_in:
        trusted = SensuGoClient(SensuGoAccess(url=stand_in.url, key="a-key", ca_file=str(pki.ca)))
        assert apply(trusted, GO.resources(HOSTS), environment="lab").put
        trusted.close()
        stranger = SensuGoClient(SensuGoAccess(url=stand_in.url, key="a-key"))
        with pytest.raises(ApiUnreachable, match="certificate verify failed"):
            stranger.listed("checks")
        stranger.close()
        plain = SensuGoClient(SensuGoAccess(url=stand_in.url.replace("https", "http"), key="a-key"))
        with pytest.raises(ApiUnreachable):
            plain.listed("checks")
        plain.close()


def test_a_back_end_that_is_down() -> None:
    client = SensuGoClient(SensuGoAccess(url="http://127.0.0.1:9", key="a-key"))
    with pytest.raises(ApiUnreachable):
        client.events()
    client.close()


def test_a_check_is_executed_at_once(stand_in: StandIn, client: SensuGoClient) -> None:
    with pytest.raises(ApiFailed):
        client.execute("calipso-objects-all")
    apply(client, GO.resources(HOSTS), environment="lab")
    client.execute("calipso-objects-all")
    assert stand_in.requests[-1].endswith("checks/calipso-objects-all/execute")


# --- what is rendered


def test_nothing_of_the_cloud_reaches_a_shell() -> None:
    hostile = replace(PLAN.hosts["cmp1"][0], name="x---..59..---id", parameters={"device": "$(id)"})
    wish = replace(OBJECTS, plan=replace(PLAN, hosts={"cmp1": (hostile,)}))
    [check] = [one for one in GO.resources(wish) if one.kind == "checks"]
    assert check.body["command"] == "/usr/local/bin/calipso-probe --object x---..59..---id"
    assert allows(wish, check.body["command"])
    assert not allows(wish, "/usr/local/bin/calipso-probe --object x---..59..---id; id")
    for one in GO.resources(OBJECTS):
        assert set(one.body.get("command", "")) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/ "
        )


def test_agents_run_only_what_is_allowed_and_their_password_is_secret() -> None:
    files = {one.path: one for one in GO.render(replace(HOSTS, settings={"agent_password": "s3cret"}))}
    agent = files["host/cmp1/sensu-go/agent.yml"]
    assert agent.secret
    assert [path for path, one in files.items() if "s3cret" in one.text] == [
        f"host/{host}/sensu-go/agent.yml" for host in PLAN.hosts
    ]
    settings = json.loads(agent.text)
    assert settings["labels"]["calipso_host"] == "cmp1"
    assert settings["keepalive-pipelines"] == ["core/v2.Pipeline.calipso-state-change"]
    assert settings["allow-list"] == ALLOW_LIST
    assert "trusted-ca-file" not in settings
    commands = {one.body["command"] for one in GO.resources(HOSTS) if one.kind == "checks"}
    assert len(commands) == 2
    assert all(allows(HOSTS, one) for one in commands)
    objects = {one.path: one for one in GO.render(OBJECTS)}
    rows = json.loads(objects["host/cmp1/sensu-go/check-allow-list.yaml"].text)
    assert len(rows) == len(PLAN.hosts["cmp1"])
    assert not any(row["enable_env"] for row in rows)
    checks = [one.body for one in GO.resources(OBJECTS) if one.kind == "checks"]
    assert all(allows(OBJECTS, one["command"]) for one in checks if one["subscriptions"] == ["entity:cmp1"])
    probe = "/usr/local/bin/calipso-probe"
    for forbidden in (probe, f"{probe} --all; id", f"{probe} --object x", "id", f"sh -c '{probe} --all'"):
        assert not allows(HOSTS, forbidden), forbidden


def allows(wish: Wish, command: str, host: str = "cmp1") -> bool:
    """Match a command as an agent does: the program as first word, and the rest as one of the recorded list."""
    files = {one.path: one.text for one in GO.render(wish)}
    rows = json.loads(files[f"host/{host}/sensu-go/check-allow-list.yaml"])
    return any(command == " ".join([row["exec"], *row["args"]]) for row in rows)


def test_the_probe_ends_before_its_agent_ends_it_and_no_event_is_too_large() -> None:
    for interval in (5, 15, 60, 600):
        settings = {"interval": interval, "agent_password": "p"}
        for one in GO.resources(replace(HOSTS, settings=settings)):
            if one.kind == "checks":
                limit = int(one.body["command"].split()[-1])
                assert 20 <= limit < one.body["timeout"], "a ping without answer takes 5 s"
                assert 0 < one.body["max_output_size"] < 2 * 1024 * 1024


def test_an_agent_without_a_password_is_not_deployed() -> None:
    with pytest.raises(InvalidRequest, match="environment lab: the section Monitoring has no agent_password"):
        list(GO.render(replace(HOSTS, settings={})))


def test_an_agent_has_the_certificate_and_the_list_where_the_role_puts_them() -> None:
    role = Path(__file__).parents[2] / "playbooks/collections/ansible_collections/calipso/monitoring/roles/sensu_agent"
    folder = yaml.safe_load((role / "defaults" / "main.yml").read_text())["sensu_agent_etc"]
    tasks = yaml.safe_load((role / "tasks" / "configured.yml").read_text())
    copied = [one["ansible.builtin.copy"]["dest"] for one in tasks if "ansible.builtin.copy" in one]
    put = {one.replace("{{ sensu_agent_etc }}", folder) for one in copied}
    assert {ALLOW_LIST, CA} <= put


def test_how_the_api_is_reached_is_a_secret() -> None:
    settings = {"api_url": "https://s:8080", "api_token": "k3y", "ca_file": "/etc/ca.pem", "namespace": "net"}
    settings["agent_password"] = "s3cret"  # noqa: S105 - a test's
    files = {one.path: one for one in GO.render(replace(HOSTS, settings=settings))}
    access = files["server/sensu-go/access.json"]
    assert access.secret
    told = {"url": "https://s:8080", "key": "k3y", "ca_file": "/etc/ca.pem", "namespace": "net"}
    assert json.loads(access.text) == told
    assert [path for path, one in files.items() if "k3y" in one.text] == ["server/sensu-go/access.json"]


# --- events

HOST = ObjectRef("lab", "host", "net1").document_id


@pytest.mark.parametrize(
    ("name", "check", "status", "text"),
    [
        ("keepalive-warning-first-net1", "keepalive", 1, "No keepalive sent from net1"),
        ("keepalive-critical-net1", "keepalive", 2, "No keepalive sent from net1 for 30 seconds (>= 25)"),
        ("keepalive-recovery-net1", "keepalive", 0, "Keepalive last sent from net1"),
        ("keepalive-through-pipeline-cmp1", "keepalive", 0, "Keepalive last sent from cmp1"),
        ("check-calipso-objects-net1", "probe", 3, "not found"),
    ],
)
def test_events_about_a_host(name: str, check: str, status: int, text: str) -> None:
    received = GO.receive(event(name))
    [one] = received.results
    assert (one.of, one.type, one.check, one.status) == (HOST, "host", check, status)
    assert text in one.text
    assert one.checked_at.timestamp() == EVENTS[name]["check"]["executed"]


@pytest.mark.parametrize(
    "name", ["keepalive-resolved-by-deregistration-cmp1", "check-resolved-by-deregistration-cmp1", "metrics-only"]
)
def test_nothing_becomes_ok_because_an_agent_has_gone(name: str) -> None:
    received = GO.receive(event(name))
    assert (received.results, received.refused) == ((), ())


def objects_event(output: str, status: int = 0, **check: Any) -> Any:
    made = event("check-calipso-objects-net1")
    made["check"] |= {"output": output, "status": status, **check}
    return made


def printed(**more: Any) -> str:
    row = {"environment": "lab", "of": "a" * 24, "name": "vnic_x", "status": 2, "checked_at": 5.5, "text": "gone"}
    return json.dumps({**row, **more}) + "\n"


def test_the_probes_output_is_results() -> None:
    output = (
        "some warning of ssh\n" + printed() + printed(name="vnic_y", status=0) + printed(status="x") + '{"of": "cut'
    )
    received = GO.receive(objects_event(output))
    assert [(one.check, one.name, one.status) for one in received.results] == [
        ("probe", "host_net1_probe", 0),
        ("", "vnic_x", 2),
        ("", "vnic_y", 0),
    ]
    assert [str(one) for one in received.refused] == [
        '{"of": "cut: is not JSON, or was cut off',
        "vnic_x: status is 'x': expected 0 (OK), 1 (warning), 2 (error) or 3 (unknown)",
    ]


def test_a_check_that_is_overdue_makes_nothing_better_or_worse() -> None:
    host = event("ttl-expired-check-cmp1")
    host["check"]["metadata"]["name"] = "calipso-objects"
    [probe] = GO.receive(host).results
    assert (probe.check, probe.status) == ("probe", 3)
    one = event("ttl-expired-proxy", calipso_of="b" * 24, calipso_type="vnic", calipso_kind="inventory")
    [found] = GO.receive(one).results
    assert (found.of, found.status, found.type) == ("b" * 24, 3, "vnic"), "Sensu says 1; nobody has looked"


@pytest.mark.parametrize(
    ("name", "status"),
    [("check-sx-killed-net1", 3), ("check-sx-timeout-net1", 3), ("check-denied-by-allow-list", 3)],
)
def test_results_of_single_objects_are_told_apart_by_labels(name: str, status: int) -> None:
    [one] = GO.receive(event(name, calipso_of="c" * 24, calipso_type="vnic", calipso_check="vnic")).results
    assert (one.of, one.host, one.environment, one.status) == ("c" * 24, "net1", "lab", status)


def test_the_last_line_of_a_single_check_is_its_result() -> None:
    one = event("check-sx-killed-net1", calipso_of="c" * 24)
    one["check"] |= {"status": 2, "output": "Error: gone\n" + printed()}
    [found] = GO.receive(one).results
    assert (found.of, found.text) == ("a" * 24, "gone")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (None, "is no event of Sensu Go"),
        ([], "is no event of Sensu Go"),
        ({"client": {}}, "is no event of Sensu Go"),
        (EVENTS["api-posted-with-labels"], "names no environment"),
        ({**event("check-calipso-objects-net1"), "check": {"status": True}}, "status is True"),
        ({**event("check-calipso-objects-net1"), "check": {"status": 1, "executed": "x"}}, "executed is 'x'"),
        (event("check-sx-killed-net1"), "of is missing"),
    ],
)
def test_what_is_no_result_is_told(message: Any, told: str) -> None:
    received = GO.receive(message)
    assert received.results == ()
    assert told in str(received.refused[0])
