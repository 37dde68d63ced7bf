# SPDX-License-Identifier: Apache-2.0
"""Where the cables of a cluster's nodes end: at a switch that is asked itself, or at a leaf of an ACI fabric.

The API server and the APIC are stand-ins, asked over HTTPS; nodes and the switch answer from a dictionary.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.aci import AciGet
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.sources.aci.source import AciSource
from calipso_nornir.sources.secrets import Vault
from calipso_nornir.store import open_store
from tests.fixtures import clusters
from tests.fixtures.aci_cloud import PWD, cable, endpoint, node, path, port
from tests.fixtures.apic import PASSWORD, Apic
from tests.fixtures.apic import serving as serving_apic
from tests.fixtures.kubernetes_api import serving
from tests.fixtures.switch_texts import Port, Switch, linux_switch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.stores import StoreView

MACS = {"cp1": "02:00:00:00:11:01", "w1": "02:00:00:00:11:02"}
CHASSIS = "02:5e:00:00:05:00"
PORTS = {"cp1": "swp1", "w1": "swp2"}


def switch() -> Switch:
    """Return a Linux switch that both nodes are cabled to."""
    ports = [
        Port(name=name, mac=f"{CHASSIS[:-1]}{number}", access=10, hears=(host, MACS[host], MACS[host], "eth0"))
        for number, (host, name) in enumerate(PORTS.items(), 1)
    ]
    return Switch(name="tor1", chassis=CHASSIS, ports=ports)


def heard(port_: Port) -> str:
    """Return what a node hears at a port of the switch."""
    bridge = {"type": "Bridge", "enabled": True}
    told = {
        "via": "LLDP",
        "chassis": {"tor1": {"id": {"type": "mac", "value": CHASSIS}, "capability": bridge}},
        "port": {"id": {"type": "mac", "value": port_.mac}, "descr": port_.name},
    }
    return json.dumps({"lldp": {"interface": {"eth0": told}}})


class Whole(clusters.Whole):
    """The cluster as a source, and an APIC."""

    fabric: AciSource | None = None

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        mine = [one for one in queries if isinstance(one, AciGet)]
        others = super().answer([one for one in queries if not isinstance(one, AciGet)])
        return {**others, **(self.fabric.answer(mine) if self.fabric is not None and mine else {})}

    def close(self) -> None:
        super().close()
        if self.fabric is not None:
            self.fabric.close()


def nodes() -> tuple[Any, dict[str, clusters.Machine]]:
    """Return the cluster, each node's card with an address of its own."""
    api, machines = clusters.flannel()
    for host, machine in machines.items():
        (card,) = [one for one in machine.devices if one["ifname"] == clusters.CARD]
        card["address"] = MACS[host]
    return api, machines


def scanned(folder: Path, source: Whole, environment: Environment) -> StoreView:
    report = run_scan(environment, plan=ScanPlan(), store=open_store(folder / "s.db"), source=source)
    source.close()
    told = [str(one.error) for one in (*report.failures, *report.notices)]
    assert [one for one in told if not any(known in one for known in ("ethtool", "lldpctl"))] == []
    assert report.status == "completed"
    return open_store(folder / "s.db").view("k8s")


def way_out(view: StoreView, pod: str) -> list[str]:
    """Return the links of a pod's clique that lead to switches."""
    [one] = [each for each in view.of_type("pod") if each.name == pod]
    [clique] = view.cliques(one.ref)
    links = {one["_id"]: one for one in view.documents("links")}
    found = (links[id_] for id_ in clique.links)
    return sorted(
        f"{one['link_type']}: {one['source_id']} > {one['target_id']}" for one in found if "switch" in one["link_type"]
    )


def test_a_switch_is_asked_itself(tmp_path: Path) -> None:
    api, machines = nodes()
    for port_ in switch().ports:
        assert port_.hears is not None
        machines[port_.hears[0]].further["lldpctl -f json"] = heard(port_)
    with serving(api, tmp_path) as cluster:
        source = Whole(cluster, machines)
        source.outputs["tor1"] = dict(linux_switch(switch()))
        source.inventory.append({"host": "tor1", "platform": "linux_switch", "address": "tor1", "groups": []})
        view = scanned(tmp_path, source, clusters.environment("Flannel", "vxlan"))
    [own] = view.of_type("switch")
    assert (own.id, own.name, own["platform"], own["login"]) == (f"mac|{CHASSIS}", "tor1", "linux_switch", "tor1")
    assert {one.name: (one["state"], one["neighbours"]) for one in view.of_type("switch_pnic")} == {
        name: ("up", [{"host": host, "interface": "eth0"}]) for host, name in PORTS.items()
    }
    cables = view.links("host_pnic-switch_pnic")
    assert {one.source.id: one.attributes["told_by"] for one in cables} == {
        "cp1|eth0": ["host", "switch"],
        "w1|eth0": ["host", "switch"],
    }
    port_id = f"mac|{CHASSIS}|{CHASSIS[:-1]}2"
    assert way_out(view, "web-1") == [
        f"host_pnic-switch_pnic: w1|eth0 > {port_id}",
        f"switch-switch_pnic: mac|{CHASSIS} > {port_id}",
    ]


def test_a_switch_that_the_nodes_hear(tmp_path: Path) -> None:
    """Nobody can log in to it."""
    api, machines = nodes()
    for port_ in switch().ports:
        assert port_.hears is not None
        machines[port_.hears[0]].further["lldpctl -f json"] = heard(port_)
    with serving(api, tmp_path) as cluster:
        view = scanned(tmp_path, Whole(cluster, machines), clusters.environment("Flannel", "vxlan"))
    assert [(one.id, one.name_path) for one in view.of_type("switch")] == [(f"mac|{CHASSIS}", "/k8s/Switches/tor1")]
    port_id = f"mac|{CHASSIS}|{CHASSIS[:-1]}2"
    assert way_out(view, "web-1") == [
        f"host_pnic-switch_pnic: w1|eth0 > {port_id}",
        f"switch-switch_pnic: mac|{CHASSIS} > {port_id}",
    ]


def test_a_fabric_of_aci(tmp_path: Path) -> None:
    """The fabric has learned the nodes' addresses; no node has lldpd."""
    apic = Apic(
        *(one for number, role in ((1, "controller"), (101, "leaf"), (201, "spine")) for one in node(number, role)),
        *cable(101, "eth1/49", 201, "eth1/1"),
        *(port(101, f"eth1/{number}") for number in (1, 2)),
        port(101, "eth1/49", usage="fabric"),
        port(201, "eth1/1", usage="fabric"),
        *(endpoint(mac, path(101, f"eth1/{number}")) for number, mac in enumerate(MACS.values(), 1)),
    )
    (tmp_path / "apic").mkdir()
    api, machines = nodes()
    environment = replace(clusters.environment("Flannel", "vxlan"), extra={"aci_enabled": True})
    with serving_apic(apic, tmp_path / "apic") as controller, serving(api, tmp_path) as cluster:
        source = Whole(cluster, machines)
        vault = Vault(environ={"APIC": PASSWORD})
        source.fabric = AciSource(controller.section(pwd=PWD), vault, sleep=lambda _seconds: None)
        view = scanned(tmp_path, source, environment)
    assert sorted(one.name for one in view.of_type("switch")) == ["leaf101", "spine201"]
    assert way_out(view, "web-1") == [
        "host_pnic-switch_pnic: w1|eth0 > local|leaf101|eth1%2F2",
        "switch-switch_pnic: local|leaf101 > local|leaf101|eth1%2F2",
    ]
