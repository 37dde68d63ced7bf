# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""Link finders: what each must find, and similar cases in which it must not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.link_finders.bare_metal import BareMetal
from calipso_nornir.link_finders.cards import VnicPnics
from calipso_nornir.link_finders.instance_vnics import InstanceVnics, VserviceVnics
from calipso_nornir.link_finders.namespaces import NamespaceWires
from calipso_nornir.link_finders.oteps import Oteps, OtepTunnels
from calipso_nornir.link_finders.pnics import Bonds, CarriedNetworks
from calipso_nornir.link_finders.switches import Switches
from calipso_nornir.link_finders.vconnectors import VconnectorPnics, VnicVconnectors
from calipso_nornir.link_finders.vedges import Vedges
from calipso_nornir.testing import connect, thing, told, view

if TYPE_CHECKING:
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import LinkFinder

ALL: list[LinkFinder] = [
    InstanceVnics(),
    VserviceVnics(),
    VnicVconnectors(),
    Oteps(),
    OtepTunnels(),
    VconnectorPnics(),
    Vedges(),
    VnicPnics(),
    Bonds(),
    CarriedNetworks(),
    Switches(),
    NamespaceWires(),
]
"""In the order of link_finders.json."""


# --- objects as the fetchers make them


def instance_vnic(device: str, *, host: str = "h1", mac: str = "m1", **more: Any) -> InventoryObject:
    own = {"vnic_type": "instance_vnic", "host": host, "device": device, "mac_address": mac, "state": "UP"}
    return thing("vnic", {**own, **more}, id=f"{host}|{device}", name=device)


def vservice_vnic(device: str, namespace: str = "ns1", *, host: str = "h1", mac: str = "m1", **more: Any) -> Any:
    own = {"vnic_type": "vservice_vnic", "host": host, "namespace": namespace, "mac_address": mac, "state": "UP"}
    return thing("vnic", {**own, **more}, id=f"{host}|{namespace}|{device}", name=device)


def pnic(name: str, *, host: str = "h1", signal: str = "yes", **more: Any) -> InventoryObject:
    own = {"host": host, "local_name": name, "link_detected": signal}
    return thing("host_pnic", {**own, **more}, id=f"{host}|{name}", name=name)


def bridge(name: str, *members: Any, host: str = "h1", **more: Any) -> InventoryObject:
    rows = [{"name": one} if isinstance(one, str) else one for one in members]
    own = {"host": host, "bridge_name": name, "interfaces": rows, "interfaces_names": [one["name"] for one in rows]}
    return thing("vconnector", {**own, **more}, id=f"{host}|{name}", name=f"{host}-{name}")


def port(name: str, bridge_name: str = "br-int", **more: Any) -> dict[str, Any]:
    return {"name": name, "port": name, "bridge": bridge_name, "id": "7", "tag": None, "type": "", "peer": None, **more}


def patch(inner: str, outer: str, bridge_name: str) -> list[dict[str, Any]]:
    return [port(inner, type="patch", peer=outer), port(outer, bridge_name, type="patch", peer=inner)]


def ovs(*ports: dict[str, Any], host: str = "h1", mappings: Any = None, **more: Any) -> InventoryObject:
    configurations = {"bridge_mappings": mappings or {}}
    own = {"host": host, "vedge_type": "OVS", "ports": list(ports), "configurations": configurations}
    return thing("vedge", {**own, **more}, id=f"{host}|OVS", name=f"{host}-OVS")


def lxb(*bridges: str, host: str = "h1") -> InventoryObject:
    own = {"host": host, "vedge_type": "LXB", "bridges": [{"name": one} for one in bridges]}
    return thing("vedge", own, id=f"{host}|LXB", name=f"{host}-LXB")


def otep(under: Any, *, endpoint: str = "vxlan", ip: str = "192.0.2.1", **more: Any) -> InventoryObject:
    host = under["host"]
    own = {"host": host, "overlay_type": "vxlan", "ip_address": ip, "ports": [], "interface": None, "stack": []}
    return thing("otep", {**own, **more}, id=f"{host}|{endpoint}", name=f"{host}-otep-{endpoint}", under=under)


def network(id_: str, kind: str = "vxlan", physical: str | None = None, segment: int | None = 1) -> InventoryObject:
    provider = {"network_type": kind, "physical_network": physical, "segmentation_id": segment}
    return thing("network", {f"provider:{key}": value for key, value in provider.items()}, id=id_, name=f"net {id_}")


def here(id_: str, kind: str = "vxlan", physical: str | None = None) -> dict[str, Any]:
    """A network as the vEdge fetcher notes it."""
    return {"network": id_, "network_type": kind, "physical_network": physical, "tag": 1}


def found(*things: InventoryObject, of: str = "") -> list[str]:
    """Run all finders; tell the links, of some types."""
    wanted = of.split()
    return [one for one in told(connect(view(*things), *ALL)) if not wanted or one.partition(":")[0] in wanted]


def links(*things: InventoryObject, of: str) -> list[Link]:
    return [one for one in connect(view(*things), *ALL) if one.type == of]


def networks_of(*things: InventoryObject, of: str) -> dict[str, Any]:
    return {f"{one.source.id} > {one.target.id}": one.attributes.get("network", "-") for one in links(*things, of=of)}


def test_nothing_comes_of_nothing() -> None:
    assert found() == []


# --- wires between namespaces


def end(device: str, namespace: str, number: int, far: int) -> InventoryObject:
    numbers: dict[str, Any] = {"device_index": number, "peer_index": far, "vservice_id": f"h1|{namespace}"}
    made: InventoryObject = vservice_vnic(device, namespace, **numbers)
    return made


def service(namespace: str, kind: str) -> InventoryObject:
    return thing("vservice", {"host": "h1", "service_type": kind}, id=f"h1|{namespace}", name=namespace)


FIPS = [service("fip-1", "floating_ip"), service("fip-2", "floating_ip")]
ROUTERS = [service("qrouter-a", "router"), service("qrouter-b", "router")]


def test_ends_that_name_each_other_are_one_wire() -> None:
    things = [
        *FIPS,
        *ROUTERS,
        end("rfp-a", "qrouter-a", 2, 3),
        end("fpr-a", "fip-1", 3, 2),
        end("other", "fip-2", 9, 2),
    ]
    assert found(*things, of="vnic-vnic") == ["vnic-vnic: h1|qrouter-a|rfp-a > h1|fip-1|fpr-a"]


def test_of_wires_with_the_same_numbers_names_tell_which_ends_are_one() -> None:
    inner = [end("rfp-a", "qrouter-a", 2, 3), end("rfp-b", "qrouter-b", 2, 3)]
    outer = [end("fpr-a", "fip-1", 3, 2), end("fpr-b", "fip-2", 3, 2)]
    assert found(*FIPS, *ROUTERS, *inner, *outer, of="vnic-vnic") == [
        "vnic-vnic: h1|qrouter-a|rfp-a > h1|fip-1|fpr-a",
        "vnic-vnic: h1|qrouter-b|rfp-b > h1|fip-2|fpr-b",
    ]
    strange = [end("x-a", "fip-1", 3, 2), end("y-a", "fip-2", 3, 2)]
    assert found(*FIPS, *ROUTERS, *inner, *strange, of="vnic-vnic") == []


# --- instances and services to their interfaces


def test_instances_and_their_interfaces() -> None:
    one = instance_vnic("tap1", instance_id="i1", network="n1")
    two = instance_vnic("tap2", instance_id="i1", state="DOWN")
    near_misses = [
        instance_vnic("tap3"),
        instance_vnic("tap4", instance_id="gone"),
        vservice_vnic("tap5", vservice_id="i1"),
    ]
    instance = thing("instance", id="i1", host="h1")
    assert found(one, two, *near_misses, instance) == [
        "instance-vnic: i1 > h1|tap1",
        "instance-vnic: i1 > h1|tap2 (down)",
    ]
    first, second = links(one, two, instance, network("n1"), of="instance-vnic")
    assert (first.name, first.attributes, first.host) == ("net n1", {"network": "n1"}, "h1")
    assert (second.name, second.attributes) == (None, {})
    assert "i1 has the interface tap1" in first.evidence[0].query


def test_services_and_their_interfaces() -> None:
    service = thing("vservice", id="h1|ns1", name="qrouter-r1", host="h1")
    one, two = vservice_vnic("qr-1", vservice_id="h1|ns1", network="n1"), vservice_vnic("rfp-1", vservice_id="h1|ns1")
    near_miss = vservice_vnic("qr-1", "ns2", vservice_id="h1|ns2")
    first, second = links(service, one, two, near_miss, network("n1"), of="vservice-vnic")
    assert [(link.target.id, link.name) for link in (first, second)] == [
        ("h1|ns1|qr-1", "net n1"),
        ("h1|ns1|rfp-1", "qrouter-r1-rfp-1"),
    ]


# --- Linux bridges


def member(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "tun", "state": "UP", **more}


def test_an_instances_interface_is_the_member_of_its_name_on_its_host() -> None:
    rows = [
        bridge("qbr1", member("tap1"), member("qvb1")),
        bridge("qbr2", member("tap2", state="DOWN")),
        bridge("qbr1", member("tap3"), host="h2"),
    ]
    vnics = [instance_vnic("tap1", network="n1"), instance_vnic("tap2"), instance_vnic("tap3"), instance_vnic("tap9")]
    assert found(*rows, *vnics) == ["vnic-vconnector: h1|tap1 > h1|qbr1", "vnic-vconnector: h1|tap2 > h1|qbr2 (down)"]
    (link, _) = links(*rows, *vnics, of="vnic-vconnector")
    assert (link.name, link.attributes) == ("m1", {"network": "n1"})


def test_a_services_interface_is_behind_the_member_that_has_its_port() -> None:
    row = bridge(
        "brq1", member("tap1", kind="veth", port_id="p1"), member("tap2", kind="veth"), member("tap3", port_id="p3")
    )
    vnics = [
        vservice_vnic("ns-1", port_id="p1"),
        vservice_vnic("ns-1", "ns2", host="h2", port_id="p1"),
        vservice_vnic("ns-3", port_id="p3"),
        vservice_vnic("ns-4"),
        vservice_vnic("tap2", "ns5", port_id="p5"),
    ]
    assert found(row, *vnics) == ["vnic-vconnector: h1|ns1|ns-1 > h1|brq1"]


def test_one_mac_on_two_hosts_links_nothing_across() -> None:
    rows = [
        bridge("qbr1", member("tap1", mac_address="m1")),
        bridge("qbr1", member("tapx", mac_address="m1"), host="h2"),
    ]
    assert found(*rows, instance_vnic("tap1", mac="m1")) == ["vnic-vconnector: h1|tap1 > h1|qbr1"]


VLANS = [{"name": "eth1.101", "vlan_id": 101, "addresses": []}]


@pytest.mark.parametrize(
    ("device", "expected"),
    [("eth1", "h1|eth1"), ("eth1.101", "h1|eth1"), ("bond0.7", "h1|bond0"), ("eth2", None), ("eth1.102", None)],
)
def test_a_bridge_with_a_physical_member(device: str, expected: str | None) -> None:
    bond = pnic("bond0", ether_channel=True, vlan_interfaces=[{"name": "bond0.7"}])
    things = [bridge("brq1", device, network="n1"), pnic("eth1", vlan_interfaces=VLANS), pnic("eth2", host="h2"), bond]
    wanted = [f"vconnector-host_pnic: h1|brq1 > {expected}"] if expected else []
    assert found(*things, of="vconnector-host_pnic") == wanted


def test_the_networks_of_a_bridges_way_out() -> None:
    things = [pnic("eth1"), pnic("eth2", signal="no"), bridge("brq1", "eth1", network="n1"), bridge("br0", "eth2")]
    assert networks_of(*things, of="vconnector-host_pnic") == {"h1|brq1 > h1|eth1": ["n1"], "h1|br0 > h1|eth2": "-"}
    assert found(*things, network("n1"), of="host_pnic-network vconnector-host_pnic") == [
        "host_pnic-network: h1|eth1 > n1",
        "vconnector-host_pnic: h1|br0 > h1|eth2 (down)",
        "vconnector-host_pnic: h1|brq1 > h1|eth1",
    ]


def test_bridges_that_the_linux_bridge_agent_runs() -> None:
    things = [lxb("brq1"), bridge("brq1", network="n1"), bridge("virbr0"), bridge("brq1", host="h2"), ovs()]
    assert found(*things) == ["vconnector-vedge: h1|brq1 > h1|LXB"]


# --- ports of Open vSwitch


def test_native_firewall_the_port_is_the_interface() -> None:
    things = [
        ovs(port("tap1", tag=3, port_id="p1"), port("tap2"), port("tap9")),
        instance_vnic("tap1", port_id="p1", network="n1"),
        instance_vnic("tap2", state="DOWN"),
        instance_vnic("tap3"),
        instance_vnic("tap9", host="h2"),
    ]
    assert found(*things, of="vnic-vedge") == ["vnic-vedge: h1|tap1 > h1|OVS", "vnic-vedge: h1|tap2 > h1|OVS (down)"]
    (link, _) = links(*things, of="vnic-vedge")
    assert (link.name, link.source_label, link.target_label, link.attributes) == (
        "tap1-h1-OVS-3",
        "m1",
        "7",
        {"network": "n1"},
    )


def test_hybrid_firewall_the_port_is_wired_to_a_bridge() -> None:
    things = [
        ovs(port("qvo1", peer="qvb1", tag=3, port_id="p1", attached_mac="m1")),
        bridge("qbr1", member("qvb1"), member("tap1"), network="n1"),
        bridge("qbr1", member("qvb1"), host="h2"),
        instance_vnic("tap1", port_id="p1", network="n1"),
    ]
    assert found(*things) == ["vconnector-vedge: h1|qbr1 > h1|OVS", "vnic-vconnector: h1|tap1 > h1|qbr1"]
    (link,) = links(*things, of="vconnector-vedge")
    assert (link.name, link.source_label, link.target_label) == ("port-7-3", "qvb1", "qvo1")
    assert link.attributes == {"network": "n1", "mac_address": "m1", "outward": "vedge"}


def test_names_that_look_alike_are_no_wire() -> None:
    assert found(ovs(port("qvo1"), port("xyz1")), bridge("qbr1", member("qvb1")), bridge("br1", member("qvbz1"))) == []


def test_a_patch_port_is_wired_to_no_bridge() -> None:
    assert found(ovs(port("int-1", type="patch", peer="veth1")), bridge("br1", member("veth1"))) == []


def test_a_port_id_that_contradicts_is_believed() -> None:
    assert found(ovs(port("tap1", port_id="p2")), instance_vnic("tap1", port_id="p1")) == []


INTERNAL: dict[str, Any] = {"type": "internal", "internal": True}


def test_services_in_namespaces() -> None:
    things = [
        ovs(port("qr-1", port_id="p1", tag=3, **INTERNAL), port("tap1", **INTERNAL)),
        vservice_vnic("qr-1", port_id="p1"),
        vservice_vnic("tap1", "ns2"),
        vservice_vnic("qr-1", "ns3", host="h2", port_id="p1"),
    ]
    assert found(*things) == ["vnic-vedge: h1|ns1|qr-1 > h1|OVS", "vnic-vedge: h1|ns2|tap1 > h1|OVS"]


def test_devices_of_one_name_in_two_namespaces_are_told_apart_by_port_then_mac() -> None:
    twins = [vservice_vnic("qg-1", "ns1", mac="m1", port_id="p1"), vservice_vnic("qg-1", "ns2", mac="m2", port_id="p2")]
    assert found(ovs(port("qg-1", port_id="p2", **INTERNAL)), *twins) == ["vnic-vedge: h1|ns2|qg-1 > h1|OVS"]
    unknown = [vservice_vnic("qg-1", "ns1", mac="m1"), vservice_vnic("qg-1", "ns2", mac="m2")]
    assert found(ovs(port("qg-1", attached_mac="m1", **INTERNAL)), *unknown) == ["vnic-vedge: h1|ns1|qg-1 > h1|OVS"]
    assert found(ovs(port("qg-1", **INTERNAL)), *unknown) == []


def test_a_system_device_of_the_switch_is_none_of_a_namespace() -> None:
    things = [ovs(port("eth0", "br-ex")), vservice_vnic("eth0"), pnic("eth0")]
    assert found(*things) == ["vedge-host_pnic: h1|OVS > h1|eth0"]


# --- ways out of Open vSwitch


def uplinked(*more: dict[str, Any], mappings: Any = None, patched: bool = True, **attributes: Any) -> InventoryObject:
    ports = [port("eth2", "br-ex"), *(patch("int-br-ex", "phy-br-ex", "br-ex") if patched else []), *more]
    return ovs(*ports, mappings=mappings or {"phys1": "br-ex"}, **attributes)


@pytest.mark.parametrize("kind", ["flat", "vlan"])
def test_a_mapped_network_leaves_by_its_bridge(kind: str) -> None:
    things = [
        uplinked(networks=[here("n1", kind, "phys1"), here("n2", kind, "phys2"), here("n3")]),
        pnic("eth2"),
        pnic("eth2", host="h2"),
        *(network(id_, kind) for id_ in ("n1", "n2", "n3", "n4")),
    ]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"]}
    assert found(*things, of="host_pnic-network") == ["host_pnic-network: h1|eth2 > n1"]


def test_a_mapping_without_a_patch_carries_nothing() -> None:
    things = [uplinked(patched=False, networks=[here("n1", "vlan", "phys1")]), pnic("eth2"), network("n1")]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": []}
    assert found(*things, of="host_pnic-network") == []


def test_veths_between_bridges_are_patches_too() -> None:
    """As agents with use_veth_interconnection did."""
    veths = [port("int-x", peer="phy-x"), port("phy-x", "br-ex", peer="int-x")]
    things = [
        ovs(port("eth2", "br-ex"), *veths, mappings={"phys1": "br-ex"}, networks=[here("n1", "vlan", "phys1")]),
        pnic("eth2"),
    ]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"]}


def test_an_integration_bridge_of_another_name() -> None:
    configurations = {"bridge_mappings": {"phys1": "br-ex"}, "integration_bridge": "br0"}
    ports = [
        port("eth2", "br-ex"),
        port("int-br-ex", "br0", type="patch", peer="phy-br-ex"),
        port("phy-br-ex", "br-ex", type="patch", peer="int-br-ex"),
    ]
    vedge = ovs(*ports, networks=[here("n1", "vlan", "phys1")]).with_attributes(
        {**ovs(*ports, networks=[here("n1", "vlan", "phys1")]).attributes, "configurations": configurations}
    )
    assert networks_of(vedge, pnic("eth2"), of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"]}


def test_where_no_port_tells_the_networks_are_those_of_the_hosts_interfaces() -> None:
    things = [
        uplinked(),
        pnic("eth2"),
        network("n1", "vlan", "phys1"),
        network("n2", "vlan", "phys1"),
        instance_vnic("tap1", network="n1"),
        instance_vnic("tap2", host="h2", network="n2"),
        instance_vnic("tap3", network="gone"),
        instance_vnic("tap4"),
    ]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"]}


@pytest.mark.parametrize("device", ["eth2.7", "bond0", "bond0.7"])
def test_uplinks_that_are_vlans_and_bonds(device: str) -> None:
    things = [
        ovs(port(device, "br-ex")),
        pnic("eth2", vlan_interfaces=[{"name": "eth2.7"}]),
        pnic("bond0", ether_channel=True, vlan_interfaces=[{"name": "bond0.7"}]),
    ]
    assert found(*things) == [f"vedge-host_pnic: h1|OVS > h1|{device.partition('.')[0]}"]


def test_a_bond_of_open_vswitch_is_linked_with_each_interface() -> None:
    bond = [port("eth1", "br-ex", port="bond"), port("eth2", "br-ex", port="bond")]
    assert found(ovs(*bond), pnic("eth1"), pnic("eth2", signal="no")) == [
        "vedge-host_pnic: h1|OVS > h1|eth1",
        "vedge-host_pnic: h1|OVS > h1|eth2 (down)",
    ]


def test_both_drivers_on_one_host() -> None:
    things = [
        uplinked(port("tap1"), networks=[here("n1", "vlan", "phys1")]),
        lxb("brq2"),
        bridge("brq2", member("tap2"), "eth3", network="n2"),
        instance_vnic("tap1", network="n1"),
        instance_vnic("tap2", network="n2"),
        pnic("eth2"),
        pnic("eth3"),
        network("n1"),
        network("n2"),
    ]
    assert found(*things) == [
        "host_pnic-network: h1|eth2 > n1",
        "host_pnic-network: h1|eth3 > n2",
        "vconnector-host_pnic: h1|brq2 > h1|eth3",
        "vconnector-vedge: h1|brq2 > h1|LXB",
        "vedge-host_pnic: h1|OVS > h1|eth2",
        "vnic-vconnector: h1|tap2 > h1|brq2",
        "vnic-vedge: h1|tap1 > h1|OVS",
    ]


# --- tunnel endpoints


def on(device: str | None, *stack: str, **more: Any) -> dict[str, Any]:
    return {"interface": device, "stack": list(stack) or ([device] if device else []), **more}


@pytest.mark.parametrize("overlay", ["vxlan", "gre"])
@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (on("eth1"), "otep-host_pnic: h1|{} > h1|eth1"),
        (on("eth1.7", "eth1.7", "eth1"), "otep-host_pnic: h1|{} > h1|eth1"),
        (on("bond0.7", "bond0.7", "bond0"), "otep-host_pnic: h1|{} > h1|bond0"),
        (on("br-vtep"), "otep-host_pnic: h1|{} > h1|eth4"),
        (on("br-mesh", vconnector="h1-br-mesh"), "otep-vconnector: h1|{} > h1|br-mesh"),
        (on(None), None),
        (on("eth9"), None),
        (on("br-two"), None),
    ],
    ids=[
        "pNIC",
        "VLAN",
        "VLAN of a bond",
        "bridge of Open vSwitch",
        "Linux bridge",
        "nowhere",
        "unknown",
        "two uplinks",
    ],
)
def test_where_tunnels_leave_a_host(overlay: str, where: Any, expected: str | None) -> None:
    vedge = ovs(
        port("br-vtep", "br-vtep", **INTERNAL),
        port("eth4", "br-vtep"),
        port("br-two", "br-two", **INTERNAL),
        port("eth5", "br-two"),
        port("eth6", "br-two"),
        networks=[here("n1", "vxlan"), here("n2", "gre"), here("n3", "vlan", "phys1")],
    )
    things = [
        vedge,
        otep(vedge, endpoint=overlay, overlay_type=overlay, **where),
        bridge("br-mesh", "eth3"),
        *(pnic(name) for name in ("eth1", "eth3", "eth4", "eth5", "eth6", "bond0")),
        pnic("eth1", host="h2"),
        bridge("br-mesh", "eth3", host="h2"),
    ]
    own = list(found(*things, of="vedge-otep otep-vconnector otep-host_pnic"))
    assert own == sorted([*([expected.format(overlay)] if expected else []), f"vedge-otep: h1|OVS > h1|{overlay}"])
    carried = ["n1"] if overlay == "vxlan" else ["n2"]
    assert networks_of(*things, of="vedge-otep") == {f"h1|OVS > h1|{overlay}": carried}
    exits = {**networks_of(*things, of="otep-host_pnic"), **networks_of(*things, of="otep-vconnector")}
    assert list(exits.values()) == ([carried] if expected else [])


def test_an_open_vswitch_bond_under_the_tunnels_leads_to_each_interface() -> None:
    vedge = ovs(
        port("br-vtep", "br-vtep", **INTERNAL),
        port("eth4", "br-vtep", port="bond"),
        port("eth5", "br-vtep", port="bond"),
    )
    things = [vedge, otep(vedge, **on("br-vtep")), pnic("eth4"), pnic("eth5")]
    assert found(*things, of="otep-host_pnic") == [
        "otep-host_pnic: h1|vxlan > h1|eth4",
        "otep-host_pnic: h1|vxlan > h1|eth5",
    ]


def test_tunnelled_networks_are_carried_by_what_is_behind_the_address() -> None:
    vedge = ovs(
        port("br-vtep", "br-vtep", **INTERNAL), port("eth4", "br-vtep"), networks=[here("n1"), here("n2", "gre")]
    )
    mesh = ovs(networks=[here("n1")], host="h2")
    things = [
        vedge,
        otep(vedge, **on("br-vtep")),
        pnic("eth4"),
        mesh,
        otep(mesh, **on("br-mesh", vconnector="h2-br-mesh")),
        bridge("br-mesh", "eth1.7", host="h2"),
        pnic("eth1", host="h2", vlan_interfaces=[{"name": "eth1.7"}]),
        network("n1"),
        network("n2"),
    ]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth4": []}, "a path tells one way"
    assert networks_of(*things, of="vconnector-host_pnic") == {"h2|br-mesh > h2|eth1": ["n1"]}
    assert found(*things, of="host_pnic-network") == [
        "host_pnic-network: h1|eth4 > n1",
        "host_pnic-network: h2|eth1 > n1",
    ]


def lxb_endpoint(host: str = "h1", ip: str = "192.0.2.1", vni: int = 90, **more: Any) -> list[InventoryObject]:
    brq = bridge("brq1", member(f"vxlan-{vni}", kind="vxlan"), host=host, network="n1")
    own = {"vni": vni, "network": "n1", "vconnector": f"{host}-brq1", **on("eth1"), **more}
    return [brq, otep(brq, endpoint=f"vxlan-{vni}", ip=ip, **own)]


def test_an_endpoint_of_a_linux_bridge() -> None:
    things = [*lxb_endpoint(), pnic("eth1"), network("n1"), network("n2")]
    assert found(*things) == [
        "host_pnic-network: h1|eth1 > n1",
        "otep-host_pnic: h1|vxlan-90 > h1|eth1",
        "otep-vconnector: h1|vxlan-90 > h1|brq1",
    ]


def test_an_endpoint_of_a_linux_bridge_whose_address_is_on_another() -> None:
    things = [*lxb_endpoint(**on("br-mesh")), bridge("br-mesh", "eth1"), pnic("eth1"), network("n1")]
    assert found(*things) == [
        "host_pnic-network: h1|eth1 > n1",
        "otep-vconnector: h1|vxlan-90 > h1|br-mesh",
        "otep-vconnector: h1|vxlan-90 > h1|brq1",
        "vconnector-host_pnic: h1|br-mesh > h1|eth1",
    ]


def test_a_host_whose_name_needs_escaping_has_its_bridge() -> None:
    vedge = ovs(host="a%2Fb")
    mesh = thing("vconnector", id="a%2Fb|br-mesh", name="a/b-br-mesh", host="a%2Fb", bridge_name="br-mesh")
    endpoint = otep(vedge, **on("br-mesh", vconnector="a%2Fb-br-mesh"))
    assert found(vedge, mesh, endpoint, of="otep-vconnector") == ["otep-vconnector: a%2Fb|vxlan > a%2Fb|br-mesh"]


# --- tunnels


def tunnel(remote: str, name: str = "t1") -> dict[str, Any]:
    return {"name": name, "remote_ip": remote}


def test_tunnels_lead_to_the_endpoint_that_has_the_address() -> None:
    one, two = ovs(), ovs(host="h2")
    first = otep(one, ports=[tunnel("192.0.2.2"), tunnel("192.0.2.9", "t2")])
    things = [one, two, first, otep(two, ip="192.0.2.2", ports=[tunnel("192.0.2.1", "t3")])]
    assert found(*things, of="otep-otep") == ["otep-otep: h1|vxlan > h2|vxlan", "otep-otep: h2|vxlan > h1|vxlan"]
    (link, _) = links(*things, of="otep-otep")
    assert (link.name, link.source_label, link.target_label) == ("t1", "192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    "other",
    [{"overlay_type": "gre"}, {"vni": 91}, {"ip": ""}, {"ip": "192.0.2.1"}],
    ids=["another overlay", "another VNI", "without an address", "its own address"],
)
def test_tunnels_that_lead_nowhere_known(other: dict[str, Any]) -> None:
    two = ovs(host="h2")
    first = otep(ovs(), vni=90, ports=[tunnel("192.0.2.2"), tunnel(""), tunnel("192.0.2.1")])
    assert found(first, otep(two, **{"ip": "192.0.2.2", "vni": 90, **other}), of="otep-otep") == []


def test_an_address_that_two_hosts_have_tells_nothing() -> None:
    twins = [otep(ovs(host=host), ip="192.0.2.2") for host in ("h2", "h3")]
    assert found(otep(ovs(), ports=[tunnel("192.0.2.2")]), *twins, of="otep-otep") == []


def test_tunnels_of_linux_bridges_are_those_of_their_network() -> None:
    things = [
        *lxb_endpoint(ports=[tunnel("192.0.2.2")]),
        *lxb_endpoint("h2", "192.0.2.2"),
        *lxb_endpoint("h3", "192.0.2.2", 91),
    ]
    assert found(*things, of="otep-otep") == ["otep-otep: h1|vxlan-90 > h2|vxlan-90"]
    assert networks_of(*things, of="otep-otep") == {"h1|vxlan-90 > h2|vxlan-90": "n1"}


# --- physical interfaces


def test_bonds_and_their_members() -> None:
    master = {"ether_channel_master": "h1|bond0"}
    things = [
        pnic("bond0", ether_channel=True),
        pnic("eth1", **master),
        pnic("eth2", signal="no", **master),
        pnic("eth3", ether_channel_master="h1|bond9"),
        pnic("eth4", ether_channel_master=""),
        pnic("eth5", ether_channel_master="h1|eth1"),
        pnic("bond0", host="h2", ether_channel=True),
    ]
    assert found(*things) == [
        "host_pnic-host_pnic: h1|bond0 > h1|eth1",
        "host_pnic-host_pnic: h1|bond0 > h1|eth2 (down)",
    ]


def test_switches_their_ports_and_who_hears_them() -> None:
    def heard(*interfaces: tuple[str, str], **more: Any) -> InventoryObject:
        neighbours = [{"host": host, "interface": name} for host, name in interfaces]
        return thing("switch_pnic", {"switch": "s1", "neighbours": neighbours, **more}, id="s1|p1", name="Eth1")

    things = [thing("switch", id="s1", name="tor1"), pnic("eth1"), pnic("eth1", host="h2")]
    assert found(*things, heard(("h1", "eth1"), ("h1", "eth9"), ("h3", "eth1"))) == [
        "host_pnic-switch_pnic: h1|eth1 > s1|p1",
        "switch-switch_pnic: s1 > s1|p1",
    ]
    assert found(*things, heard(switch="s2")) == found(*things, heard(switch=None)) == []
    (link,) = links(*things, heard(("h1", "eth1")), of="host_pnic-switch_pnic")
    assert (link.name, link.switch, link.host) == ("h1-s1", "s1", "h1")


def test_a_network_that_is_not_known_is_not_carried() -> None:
    assert found(bridge("brq1", "eth1", network="gone"), pnic("eth1"), of="host_pnic-network") == []


def test_what_carries_a_network_says_by_which_ways() -> None:
    vedge = ovs(port("br-vtep", "br-vtep", **INTERNAL), port("eth1", "br-vtep"), networks=[here("n1")])
    things = [vedge, otep(vedge, **on("br-vtep")), pnic("eth1", signal="no"), network("n1", segment=77)]
    (link,) = links(*things, of="host_pnic-network")
    assert (link.name, link.state, link.attributes) == ("Segment-77", "down", {"network": "n1"})
    assert link.evidence[0].query == "net n1 leaves h1 by eth1, from otep h1|vxlan"


# --- objects of others


def test_objects_that_lack_everything_stop_no_finder() -> None:
    """A third party may add objects of our types, a store may hold those of another release."""
    types = [
        "instance",
        "vservice",
        "vnic",
        "vconnector",
        "vedge",
        "otep",
        "host_pnic",
        "switch",
        "switch_pnic",
        "network",
    ]
    assert found(*(thing(type_) for type_ in types), instance_vnic("tap1"), ovs(port("tap1"))) == [
        "vnic-vedge: h1|tap1 > h1|OVS"
    ]


# --- bare metal


@pytest.mark.parametrize(
    ("wire", "active", "expected"),
    [
        ({"switch_id": "AA:00:00:00:00:01", "port_id": "Ethernet1/33", "switch_info": "else"}, True, ["tor1|33"]),
        ({"switch_id": "", "port_id": "ethernet1/33", "switch_info": "tor1"}, True, ["tor1|33"]),
        ({"switch_id": "aa:00:00:00:00:01", "port_id": "Eth1/34"}, True, ["tor1|34 (down)"]),
        ({"switch_id": "aa:00:00:00:00:01", "port_id": "Ethernet1/33"}, False, ["tor1|33 (down)"]),
        ({"switch_id": "aa:00:00:00:00:01", "port_id": "Ethernet1/35"}, True, []),
        ({"switch_id": "aa:00:00:00:00:01"}, True, []),
        ({"switch_id": "aa:00:00:00:00:02", "port_id": "twice"}, True, []),
    ],
)
def test_a_bare_metal_server_is_cabled_to_the_port_that_ironic_names(
    wire: dict[str, str],
    active: bool,  # noqa: FBT001
    expected: list[str],
) -> None:
    info = {"id": "p1", "active": active, "network": {"id": "n1", "label": "lan"}, "local_link_information": [wire]}
    tor, other = (
        thing("switch", id=name, name=name, chassis_id=mac)
        for name, mac in (("tor1", "aa:00:00:00:00:01"), ("tor2", "aa:00:00:00:00:02"))
    )
    ports = [
        thing("switch_pnic", id="tor1|33", name="Ethernet1/33", switch="tor1", port_id="Ethernet1/33"),
        thing("switch_pnic", id="tor1|34", name="to bm2", switch="tor1", local_name="Eth1/34", state="down"),
        *(thing("switch_pnic", id=f"tor2|{n}", name="twice", switch="tor2", port_id=f"{n}") for n in (1, 2)),
        thing("switch_pnic", id="lost|1", name="Ethernet1/33", switch="nowhere"),
    ]
    server = thing("instance", id="bm1", network_info=[{"id": "p0", "active": True}, info])
    found = connect(view(server, tor, other, *ports), BareMetal())
    assert told(found) == [f"instance-switch_pnic: bm1 > {one}" for one in expected]
    assert {one.networks for one in found} <= {("n1",)}
    assert connect(view(thing("instance", id="vm"), tor, *ports), BareMetal()) == []
