# SPDX-License-Identifier: Apache-2.0
"""Cliques as drawings: the direction of each link, what is drawn only once, what is emphasised."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir import network_paths
from calipso_nornir.analysis.around import clique_around
from calipso_nornir.analysis.clique_routes import routes_of
from calipso_nornir.cli.drawing import drawing
from calipso_nornir.cli.facts import facts
from calipso_nornir.cli.output import joined
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.links import Link
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.cliques import build_clique
from calipso_nornir.scan.graph import Graph
from calipso_nornir.store import open_store
from calipso_nornir.store.documents import clique_document, link_document, object_document
from calipso_nornir.store.freshness import Freshness
from calipso_nornir.store.publishing import publish
from tests.fixtures.recorded import AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from calipso_nornir.model.stores import Store

ENV = "lab"


def one(type_: str, id_: str, **attributes: Any) -> InventoryObject:  # noqa: ANN401 - JSON
    return InventoryObject(
        ref=ObjectRef(ENV, type_, id_),
        name=id_,
        parent=None,
        id_path=f"/{ENV}/{id_}",
        name_path=f"/{ENV}/{id_}",
        attributes=attributes,
        object_name=id_,
        scanned_at=AT,
    )


def link(source: InventoryObject, target: InventoryObject, *, network: Any = None, **more: Any) -> Link:  # noqa: ANN401
    attributes = {} if network is None else {"network": network}
    return Link(source=source.ref, target=target.ref, attributes=attributes, scanned_at=AT, **more)


@contextmanager
def stored(path: Path, objects: Sequence[InventoryObject], links: Sequence[Link], focal: str) -> Iterator[Store]:
    """A store with objects, links and the clique of one type of focal points, as a scan leaves them."""
    catalog = load_catalog()
    clique_type = next(
        one for one in catalog.clique_types if one.focal_point_type == focal and one.environment == "ANY"
    )
    graph = Graph(links, ["network"])
    constraints = catalog.clique_constraints.get(focal, ())
    found = [build_clique(graph, o, clique_type, constraints=constraints, at=AT) for o in objects if o.type == focal]
    store = open_store(path)
    try:
        publish(catalog, store)
        with store.write(ENV) as writer:
            writer.put("inventory", [object_document(o) for o in objects])
            writer.put("links", [link_document(each) for each in links])
            writer.put("cliques", [clique_document(clique) for clique in found if clique is not None])
        yield store
    finally:
        store.close()


def drawn(store: Store, ref: ObjectRef) -> list[str]:
    view = store.view(ENV)
    return [joined(*parts).plain for parts in drawing(routes_of(store, view, view.cliques(ref)[0]), Freshness())]


NET = {"provider:network_type": "vxlan", "provider:segmentation_id": 77}
VM = one("instance", "vm", network=["n1"], status="ACTIVE")
NICS = [one("vnic", f"tap{n}", host="h", network="n1", mac_address=f"fa:16:3e:00:00:0{n}") for n in (1, 2)]
EDGE = one("vedge", "h|OVS", host="h", ports=[{"name": "tap1", "tag": 4}, {"name": "tap2", "tag": 4}])
OTEP = one("otep", "h|vxlan", host="h", overlay_type="vxlan", ip_address="10.0.0.1")
PNIC = one("host_pnic", "h|eth1", host="h", speed="Unknown!", link_detected="no")
NETWORK = one("network", "n1", **NET)
OBJECTS = [VM, *NICS, EDGE, OTEP, PNIC, NETWORK]
LINKS = [
    *(link(VM, nic, network="n1") for nic in NICS),
    *(link(nic, EDGE, network="n1", target_label="1") for nic in NICS),
    link(EDGE, OTEP, network=["n1", "n2"]),
    link(OTEP, PNIC, network=["n1", "n2"], state="down"),
    link(EDGE, PNIC, network=["n1", "n2"]),
    link(PNIC, NETWORK, network="n1"),
]


def test_each_nic_has_a_path_of_its_own_even_on_one_network(tmp_path: Path) -> None:
    with stored(tmp_path / "s.db", OBJECTS, LINKS, "instance") as store:
        lines = drawn(store, VM.ref)
    half = lines.index("")
    for nic, path in (("tap1", lines[:half]), ("tap2", lines[half + 1 :])):
        assert sum(" tap" in line and "vnic" in line for line in path) == 1
        assert any(line.startswith(f"vnic        {nic}") for line in path)
        assert any("vedge" in line and f"port {nic}" in line and "tag 4" in line for line in path)
    assert lines[0] == "path 1 of 2  n1"


def test_what_is_reached_twice_is_referred_to_and_what_is_down_stands_out(tmp_path: Path) -> None:
    with stored(tmp_path / "s.db", OBJECTS, LINKS, "instance") as store:
        lines = drawn(store, VM.ref)[:12]
    assert lines[5] == "vedge       h|OVS  port tap1  tag 4"
    assert lines[6] == "├─ otep        h|vxlan  vxlan  10.0.0.1  VNI 77"
    assert lines[7] == "│  │ ✗ down: otep-host_pnic"
    assert lines[8] == "│  host_pnic   h|eth1  no link"
    assert lines[9] == "│  │"
    assert lines[10] == "│  network     n1  vxlan 77"
    assert lines[11] == "└─ host_pnic   h|eth1  no link  (see above)"


def test_links_of_other_networks_are_no_part_of_a_path(tmp_path: Path) -> None:
    nics = [one("vnic", "tap1", host="h", network="n1"), one("vnic", "tap2", host="h", network="n2")]
    other = one("host_pnic", "h|eth2", host="h")
    vm = VM.with_attributes({"network": ["n1", "n2"]})
    vlan = {"provider:network_type": "vlan", "provider:segmentation_id": 9, "provider:physical_network": "p"}
    links = [
        link(vm, nics[0], network="n1"),
        link(vm, nics[1], network="n2"),
        *(link(nic, EDGE, network=nic["network"]) for nic in nics),
        link(EDGE, PNIC, network=["n1"]),
        link(EDGE, other, network=["n2"]),
    ]
    objects = [vm, *nics, EDGE, PNIC, other, NETWORK, one("network", "n2", **vlan)]
    links += [link(PNIC, NETWORK, network="n1"), link(other, objects[-1], network="n2")]
    with stored(tmp_path / "s.db", objects, links, "instance") as store:
        lines = drawn(store, vm.ref)
    half = lines.index("")
    assert any("h|eth1" in line for line in lines[:half])
    assert not any("h|eth2" in line for line in lines[:half])
    assert any("h|eth2" in line and "vlan 9 on p" in line for line in lines[half:])
    assert not any("h|eth1" in line for line in lines[half:])


def test_each_network_of_a_trunk_has_a_path(tmp_path: Path) -> None:
    trunk = one("vnic", "tap1", host="h", network="n1", sub_ports=[{"port_id": "p2", "network": "n2"}])
    vm, other, second = VM.with_attributes({"network": ["n1", "n2"]}), one("host_pnic", "h|eth2", host="h"), "n2"
    links = [
        link(vm, trunk, network=["n1", second]),
        link(trunk, EDGE, network=["n1", second]),
        link(EDGE, PNIC, network=["n1"]),
        link(EDGE, other, network=[second]),
        link(PNIC, NETWORK, network="n1"),
        link(other, one("network", second), network=second),
    ]
    objects = [vm, trunk, EDGE, PNIC, other, NETWORK, one("network", second)]
    with stored(tmp_path / "s.db", objects, links, "instance") as store:
        lines = drawn(store, vm.ref)
        paths = network_paths(store, vm.ref, to="host_pnic")
    half = lines.index("")
    assert (lines[0], lines[half + 1]) == ("path 1 of 2  n1", "path 2 of 2  n2")
    for eth, own, others in (("h|eth1", lines[:half], lines[half:]), ("h|eth2", lines[half:], lines[:half])):
        assert any(eth in line for line in own)
        assert not any(eth in line for line in others)
    assert [(path.network and path.network.id, path.end.id) for path in paths] == [("n1", "h|eth1"), ("n2", "h|eth2")]


def test_a_switch_port_is_drawn_from_the_switch_inwards(tmp_path: Path) -> None:
    switch, port = one("switch", "tor"), one("switch_pnic", "tor|1")
    objects = [*OBJECTS, switch, port]
    links = [*LINKS, link(switch, port), link(PNIC, port)]
    with stored(tmp_path / "s.db", objects, links, "switch_pnic") as store:
        lines = drawn(store, port.ref)
    assert lines[0].startswith("switch_pnic tor|1")
    assert sum("instance" in line for line in lines) == 2  # once per NIC; the second time referred to
    assert sum("instance" in line and "(see above)" in line for line in lines) == 1


def test_a_card_leads_to_what_its_networks_serve_and_to_nothing_else(tmp_path: Path) -> None:
    other, nic, card = one("network", "n2"), one("vnic", "tap3", host="h", network="n2"), one("host_pnic", "h|eth2")
    vm = one("instance", "other", network=["n2"])
    links = [*LINKS[:-3], link(EDGE, OTEP, network=["n1"]), link(OTEP, PNIC, network=["n1"]), LINKS[-1]]
    links += [link(vm, nic, network="n2"), link(nic, EDGE, network="n2"), link(EDGE, card, network=["n2"])]
    links += [link(card, other, network="n2")]
    with stored(tmp_path / "s.db", [*OBJECTS, other, nic, card, vm], links, "instance") as store:
        view = store.view(ENV)
        found = {one.ref: clique_around(store, view, one.ref) for one in (PNIC, card)}
        assert view.cliques(PNIC.ref) == []
    nodes = {ref.id: {node.id for node in around.clique.nodes} for ref, around in found.items() if around is not None}
    assert nodes == {
        "h|eth1": {"h|eth1", "n1", "h|vxlan", "h|OVS", "tap1", "tap2", "vm"},
        "h|eth2": {"h|eth2", "n2", "h|OVS", "tap3", "other"},
    }


def test_packets_of_ovn_carry_its_own_number_and_a_chassis_that_stands_by_says_so(tmp_path: Path) -> None:
    ours = one("otep", "h|geneve", host="h", overlay_type="geneve", chassis="c1")
    keyed = one("network", "n1", **{**NET, "provider:network_type": "geneve"}, ovn_tunnel_key=4)
    links = [link(VM, NICS[0], network="n1"), link(NICS[0], EDGE, network="n1"), link(EDGE, ours, network=["n1"])]
    links += [link(ours, PNIC, network=["n1"]), LINKS[-1]]
    with stored(tmp_path / "s.db", [*OBJECTS[:-1], keyed, ours], links, "instance") as store:
        (line,) = (line for line in drawn(store, VM.ref) if "otep" in line)
    assert line.endswith("VNI 4")
    router, port, backup = one("vservice", "r", network=["n1"]), one("router_port", "lrp-1"), one("vedge", "h2|OVN")
    standby = link(port, backup, network="n1")
    standby = replace(standby, attributes={**standby.attributes, "ends": "standby", "priority": 2})
    with stored(
        tmp_path / "r.db", [*OBJECTS, router, port, backup], [link(router, port), standby], "vservice"
    ) as store:
        assert drawn(store, router.ref)[-1].endswith("h2|OVN  standby  priority 2")


def test_a_bare_metal_server_has_a_path_by_its_switch_port(tmp_path: Path) -> None:
    switch, port = one("switch", "tor"), one("switch_pnic", "tor|33")
    metal = one("instance", "bm", network=["n1"], status="ACTIVE")
    links = [link(metal, port, network="n1"), link(switch, port)]
    with stored(tmp_path / "s.db", [metal, switch, port, NETWORK], links, "instance") as store:
        assert [line.split("  ")[0].rstrip() for line in drawn(store, metal.ref)] == [
            *("path 1 of 1", "instance", "│", "switch_pnic tor|33", "│", "switch"),
        ]


def test_a_clique_of_a_type_that_is_declared_no_more_is_drawn_by_its_links(tmp_path: Path) -> None:
    with stored(tmp_path / "s.db", OBJECTS, LINKS, "instance") as store:
        known = drawn(store, VM.ref)
        collection = store.collection("clique_types")
        for document in collection.find():
            collection.delete(document["key"])
        assert drawn(store, VM.ref) == known


def test_what_is_gone_since_is_told(tmp_path: Path) -> None:
    with stored(tmp_path / "s.db", OBJECTS, LINKS, "instance") as store:
        with store.write(ENV) as writer:
            writer.remove("inventory", [EDGE.ref.document_id])
            writer.remove("links", [LINKS[-1].document_id])
        lines = drawn(store, VM.ref)
    assert any("h|OVS" in line and "gone since the last scan" in line for line in lines)


@pytest.mark.parametrize(
    ("type_", "attributes", "words"),
    [
        ("instance", {"status": "ERROR"}, ["ERROR"]),
        (
            "vnic",
            {"mac_address": None, "addresses": ["fe80::1/64", "10.0.0.5/24"], "state": "DOWN"},
            ["10.0.0.5/24", "DOWN"],
        ),
        ("vedge", {"vedge_type": "OVS", "alive": False}, ["OVS", "agent not alive"]),
        ("otep", {}, ["no address"]),
        ("host_pnic", {"ether_channel": True, "members": [{}, {}], "state": "down"}, ["bond of 2", "DOWN"]),
        ("switch_pnic", {"port_id": "Eth1/3", "vlans": [{"id": 7}]}, ["Eth1/3", "VLAN 7"]),
        ("network", {"admin_state_up": False, "subnets": [{"cidr": "10.0.0.0/8"}]}, ["10.0.0.0/8", "admin down"]),
        (
            "host",
            {"services": [{"service": "nova-compute", "active": True, "available": False}]},
            ["nova-compute does not answer"],
        ),
        ("vservice", {"service_type": "router", "orphaned": True}, ["router", "not in Neutron"]),
        ("network", {"ovn_tunnel_key": 4, "cidrs": ["10.128.1.0/24"]}, ["tunnel key 4", "10.128.1.0/24"]),
        (
            "vservice",
            {"service_type": "router", "gateways": [{"host": "net1"}, {"host": None}]},
            ["router", "gateway on net1", "gateway nowhere"],
        ),
        (
            "router_port",
            {"mac_address": "m", "addresses": ["10.0.0.1/24"], "gateway": True, "state": "DOWN"},
            ["m", "10.0.0.1/24", "gateway", "DOWN"],
        ),
        (
            "floating_ip",
            {"fixed_ip_address": "10.0.0.7", "host": "cmp1", "distributed": True, "status": "ERROR", "port_id": "p"},
            ["10.0.0.7", "leaves by cmp1", "distributed", "ERROR"],
        ),
        ("floating_ip", {"status": "DOWN", "port_id": None}, ["unused"]),
        ("port", {"status": "DOWN", "fixed_ips": [{"ip_address": "10.0.0.9"}]}, ["10.0.0.9", "unused", "DOWN"]),
        ("availability_zone", {"available": False}, ["not available"]),
        ("project", {"enabled": False}, ["disabled"]),
        ("somebody_elses", {"status": "BUSY"}, ["BUSY"]),
        ("instance", {"network_info": "spoilt", "status": None}, []),
        ("host", {"host_type": None, "services": "spoilt", "os": "spoilt"}, []),
    ],
)
def test_facts(type_: str, attributes: dict[str, Any], words: list[str]) -> None:
    assert [joined(fact).plain for fact in facts(one(type_, "x", **attributes))] == words
