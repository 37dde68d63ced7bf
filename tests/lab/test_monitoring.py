# SPDX-License-Identifier: Apache-2.0
"""Checks on the lab's hosts: the probe's results become the status of objects, links and cliques, through Sensu Go."""

from __future__ import annotations

import base64
import json
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.checks.archive import archive
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.monitoring.planning import plan
from calipso_nornir.monitoring.receiving import read_message
from calipso_nornir.monitoring.result_storing import Recorder
from calipso_nornir.monitoring.settling import settle
from tests.fixtures.cli import calipso
from tests.fixtures.sensu_go import agents_event
from tests.lab.faults import wait_until
from tests.lab.oracle.place import here, inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir import ScanReport
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.planning import MonitoringPlan

pytestmark = pytest.mark.lab

FOLDER = "/run/calipso-probe"
OK, WARNING, ERROR = 0, 1, 2


class Watched:
    """The lab as its monitoring sees it."""

    def __init__(self, store: Store, environment: str) -> None:
        self.store = store
        self.environment = environment
        self.catalog = load_catalog()
        self.plan: MonitoringPlan = plan(store.view(environment), self.catalog)
        self._recorder = Recorder(store, self.catalog.monitoring)
        self._probe = base64.b64encode(archive()).decode()

    def check(self, host: str) -> None:
        """Run all checks of a host on it; what they print arrives in an event of Sensu Go, as agents were recorded."""
        objects = base64.b64encode(self.plan.objects_json(host).encode()).decode()
        put = "".join(
            f"base64 -d >{FOLDER}/{name} <<'END'\n{text}\nEND\n"
            for name, text in (("probe.pyz", self._probe), ("objects.json", objects))
        )
        run = f"python3 {FOLDER}/probe.pyz --objects {FOLDER}/objects.json --state {FOLDER}/state --all"
        said = inside(host, f"set -e; mkdir -p {FOLDER}/state\n{put}{run}")
        agent = agents_event({"calipso_env": self.environment, "calipso_host": host}, said, at=time.time())
        received = read_message("sensu_go", json.dumps(agent).encode())
        assert received.refused == ()
        assert len(received.results) == len(self.plan.hosts[host]) + 1, "the probe itself is one, too"
        recorded = self._recorder.record(received.results)
        assert recorded.refused == ()
        settle(self.store, self.environment, self.catalog.monitoring, at=datetime.now(UTC))

    def status(self, ref: ObjectRef) -> int | None:
        """Return the status of an object."""
        found = self.store.view(self.environment).status(ref.document_id)
        return None if found is None else found.value

    def links_of(self, ref: ObjectRef) -> list[int]:
        """Return the statuses of an object's links."""
        found = self.store.view(self.environment).links_of(ref)
        return [one.status.value for one in found if one.status is not None]

    def clique(self, ref: ObjectRef) -> dict[str, Any]:
        """Return the status of the clique around an object, as the command shows it."""
        wanted = (ref.id, "--type", ref.type, "-e", self.environment, "-o", "json")
        said = calipso("--store", self.store.uri, "clique", *wanted)
        assert said.status == 0, said.err
        found: dict[str, Any] = json.loads(said.out)["check_status"]
        return found


@pytest.fixture(scope="module")
def watched(store: Store, first_scan: ScanReport) -> Watched:
    return Watched(store, first_scan.environment)


@pytest.fixture(scope="module")
def plugged(watched: Watched) -> InventoryObject:
    """An interface of a server without errors; a bridge that has not learned its MAC lately gives a warning."""
    view = watched.store.view(watched.environment)
    for one in view.of_type("vnic"):
        if one["vnic_type"] == "instance_vnic":
            watched.check(one["host"])
            instance = next(found for found in view.of_type("instance") if found.id == one["instance_id"])
            if watched.status(one.ref) == OK and watched.clique(instance.ref)["value"] in (OK, WARNING):
                return one
    pytest.fail(f"no server is well: {calipso('--store', watched.store.uri, 'status', '-e', watched.environment).out}")


@contextmanager
def down(host: str, device: str) -> Iterator[None]:
    """Switch a tap off, and on again; wait until its switch has noticed that, too."""
    inside(host, f"ip link set {device} down")
    try:
        yield
    finally:
        inside(host, f"ip link set {device} up")
        wait_until(f"{device} is up", lambda: is_up(host, device))


def is_up(host: str, device: str) -> bool:
    """Return whether a device is up for the kernel and, if it is a port of Open vSwitch, for the switch, too."""
    said = inside(
        host, f"cat /sys/class/net/{device}/operstate; ovs-vsctl --if-exists get Interface {device} link_state || true"
    )
    return set(said.split()) <= {"up", "unknown"}


def test_a_tap_that_is_down_is_seen_on_the_server_and_its_mend(watched: Watched, plugged: InventoryObject) -> None:
    host, view = plugged["host"], watched.store.view(watched.environment)
    instance = next(one.ref for one in view.of_type("instance") if one.id == plugged["instance_id"])
    assert ERROR not in watched.links_of(plugged.ref)
    with down(host, plugged.name):
        watched.check(host)
        assert watched.status(plugged.ref) == ERROR
        assert ERROR in watched.links_of(plugged.ref)
        found = watched.clique(instance)
        assert (found["value"], found["member"]["id"]) == (ERROR, plugged.id)
        said = calipso("--store", watched.store.uri, "status", "-e", watched.environment)
        assert plugged.name in said.out
    watched.check(host)
    assert watched.status(plugged.ref) == OK
    assert set(watched.links_of(plugged.ref)) <= {OK, WARNING}, "those without a check of their own, too"
    assert watched.clique(instance)["value"] in (OK, WARNING)


KILL = """set -e
for pid in $(ip netns pids {namespace}); do
  [ "$(cat /proc/$pid/comm)" = dnsmasq ] || continue
  cp /proc/$pid/cmdline {folder}/dnsmasq
  kill -KILL $pid
done
"""


def test_a_dhcp_server_that_is_killed_is_an_error_until_it_is_back(watched: Watched) -> None:
    view = watched.store.view(watched.environment)
    served = [one for one in view.of_type("vservice") if one["service_type"] == "dhcp" and one.get("host")]
    assert bool(served) == (here().variant != "ovn"), "OVN's are on no host"
    for one in served[:1]:
        host, namespace = one["host"], one["local_service_id"]
        watched.check(host)
        assert watched.status(one.ref) == OK
        inside(host, KILL.format(namespace=namespace, folder=FOLDER))
        watched.check(host)
        assert watched.status(one.ref) == ERROR
        runs = f"ip netns pids {namespace} | xargs -r ps -o comm= -p | grep -q dnsmasq"  # its agent may be first
        inside(host, f"{runs} || xargs -0 ip netns exec {namespace} <{FOLDER}/dnsmasq || {{ sleep 2; {runs}; }}")
        watched.check(host)
        assert watched.status(one.ref) == OK
