# SPDX-License-Identifier: Apache-2.0
"""The whole way through Sensu Go: the probe's output in events as agents were recorded to send them, over TCP.

A tap goes down, a DHCP server dies, a host dies: objects, links and cliques show it, and their repair, too.
"""

from __future__ import annotations

import json
import socket
import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.checks.evaluating import Result
from calipso_nornir.checks.objects import read_objects
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.monitoring.back_ends.base import Wish
from calipso_nornir.monitoring.back_ends.sensu_go import SensuGo
from calipso_nornir.monitoring.intake import Intake, Pace
from calipso_nornir.monitoring.receiving import Address, Receiver
from calipso_nornir.monitoring.result_storing import Recorder
from tests.fixtures.cli import calipso
from tests.fixtures.sensu_go import EVENTS, agents_event, sensu_go
from tests.fixtures.watched import CATALOG, check_of, planned, watched_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.planning import PlannedCheck

PLAN = planned()
OK, WARNING, ERROR, UNKNOWN = range(4)
TAP = check_of(PLAN, host="cmp1", check="vnic_lxb")
DHCP = check_of(PLAN, host="net1", check="vservice")
HOST = ObjectRef("lab", "host", "cmp1")


class Site:
    """Agents and a back end that send what was recorded, and calipso that receives it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._intake = Intake(
            store, Recorder(store, CATALOG.monitoring), CATALOG.monitoring, pace=Pace(gather_s=0.02, settle_s=0.05)
        )
        self._receiver = Receiver(lambda one: self._intake.put(one.results, one.refused), tcp=Address("127.0.0.1", 0))
        self.now = time.time() - 120
        self._labels = {}
        for one in SensuGo().render(Wish(plan=PLAN, settings={"agent_password": "p"})):
            if one.path.endswith("agent.yml"):
                agent = json.loads(one.text)
                self._labels[agent["name"]] = agent["labels"]

    def close(self) -> None:
        self._receiver.close()
        self._intake.close()

    def send(self, event: Any) -> None:  # noqa: ANN401 - JSON
        """Send an event as a tcp handler does: a connection of its own, no newline, and nothing is read."""
        assert self._receiver.tcp is not None
        with socket.create_connection((self._receiver.tcp.host, self._receiver.tcp.port), timeout=10) as connection:
            connection.sendall(json.dumps(event).encode())

    def probe(self, host: str, **failing: str) -> Any:  # noqa: ANN401 - JSON
        """Return the event of a run of the probe that prints everything; ``failing``: ``_id`` -> why it fails."""
        self.now += 1
        objects = read_objects(PLAN.objects_json(host).encode(), "objects.json")
        lines = [
            json.dumps(
                Result(
                    "lab", host, one, ERROR if one.of in failing else OK, failing.get(one.of, "works"), self.now
                ).document()
            )
            for one in objects.items
        ]
        return agents_event(self._labels[host], "\n".join(lines) + "\n", at=self.now)

    def keepalive(self, name: str, host: str = "cmp1") -> Any:  # noqa: ANN401 - JSON
        self.now += 1
        made = deepcopy(EVENTS[name])
        made["entity"]["metadata"] |= {"name": host, "labels": self._labels[host]}
        made["check"]["executed"] = int(self.now)
        return made

    def value(self, of: str) -> int | None:
        found = self.store.view("lab").status(of)
        return None if found is None else found.value

    def links(self, ref: ObjectRef) -> list[int]:
        found = self.store.view("lab").links_of(ref)
        return [one.status.value for one in found if one.status is not None]

    def clique(self, ref: ObjectRef) -> dict[str, Any]:
        """Return the status of the clique around an object, as the command shows it."""
        said = calipso("--store", self.store.uri, "clique", ref.id, "--type", ref.type, "-e", "lab", "-o", "json")
        assert said.status == 0, said.err
        found: dict[str, Any] = json.loads(said.out)["check_status"]
        return found

    def until(self, what: str, met: Any, *, limit_s: float = 20) -> None:  # noqa: ANN401 - a condition
        end = time.monotonic() + limit_s
        while not met():
            assert time.monotonic() < end, what
            time.sleep(0.05)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    store = watched_store(tmp_path / "store.db")
    made = Site(store)
    yield made
    made.close()
    store.close()


def _all_well(site: Site) -> None:
    for host in PLAN.hosts:
        site.send(site.keepalive("keepalive-recovery-net1", host))
        site.send(site.probe(host))
    checks = [one for rows in PLAN.hosts.values() for one in rows]
    site.until("all is well", lambda: {site.value(one.of) for one in checks} == {OK}, limit_s=60)


@pytest.mark.parametrize(("check", "host", "type_"), [(TAP, "cmp1", "vnic"), (DHCP, "net1", "vservice")])
def test_a_fault_shows_up_to_the_clique_and_so_does_its_repair(
    site: Site, check: PlannedCheck, host: str, type_: str
) -> None:
    _all_well(site)
    view = site.store.view("lab")
    one = next(found for found in view.of_type(type_) if found.ref.document_id == check.of)
    around = ObjectRef("lab", "instance", one["instance_id"]) if type_ == "vnic" else one.ref
    site.send(site.probe(host, **{check.of: "it fails"}))
    site.until("the fault shows", lambda: site.value(check.of) == ERROR)
    site.until("a link fails", lambda: ERROR in site.links(one.ref))
    found = site.clique(around)
    assert (found["value"], found["member"]["id"], found["text"]) == (ERROR, one.id, "it fails")
    site.send(site.probe(host))
    site.until("it is mended", lambda: site.value(check.of) == OK and set(site.links(one.ref)) == {OK})
    assert site.clique(around)["value"] == OK


def test_a_dead_host_and_its_return(site: Site) -> None:
    _all_well(site)
    on_it = [one.of for one in PLAN.hosts["cmp1"]]
    site.send(site.keepalive("keepalive-critical-net1"))
    site.until("the host is dead", lambda: site.value(HOST.document_id) == ERROR)
    site.until("its objects are unknown", lambda: {site.value(of) for of in on_it} == {UNKNOWN})
    site.send(site.keepalive("keepalive-recovery-net1"))
    site.until("all is as before", lambda: {site.value(of) for of in (*on_it, HOST.document_id)} == {OK})


def test_what_comes_late_changes_nothing(site: Site) -> None:
    _all_well(site)
    first, second = site.probe("cmp1", **{TAP.of: "down"}), site.probe("cmp1")
    site.send(second)
    site.send(first)
    site.send(site.probe("net1", **{DHCP.of: "after both"}))
    site.until("all was read", lambda: site.value(DHCP.of) == ERROR)
    assert site.value(TAP.of) == OK


def test_what_was_lost_is_fetched(site: Site, tmp_path: Path) -> None:
    """A handler gets no receipt: what it could not send stays in the back end's store."""
    _all_well(site)
    lost = [site.probe("cmp1", **{TAP.of: "down"}), *({**EVENTS["metrics-only"], "id": one} for one in range(1100))]
    key = tmp_path / "key"
    key.write_text("a-key")
    key.chmod(0o600)
    with sensu_go() as stand_in:
        stand_in.events = [*lost[1:], lost[0]]
        stand_in.resources["checks/calipso-objects-all"] = {}
        environments = site.store.collection("environments_config")
        document = environments.get("lab") or {}
        section: dict[str, Any] = {"name": "Monitoring", "type": "Sensu Go", "server_ip": "192.0.2.1"}
        section |= {"api_url": stand_in.url, "api_token": {"file": str(key)}}
        environments.put("lab", {**document, "configuration": [*document["configuration"], section]})
        said = calipso("--store", site.store.uri, "monitoring", "sync", "lab")
    assert said.status == 0, said.err
    assert site.value(TAP.of) == ERROR
