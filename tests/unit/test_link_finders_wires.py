# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - attributes are JSON of any shape
"""Links by the wires of a host: chains of bridges of both kinds, what joins them, and to whom ports belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.test_link_finders import (
    INTERNAL,
    bridge,
    found,
    here,
    instance_vnic,
    links,
    member,
    network,
    networks_of,
    on,
    otep,
    ovs,
    patch,
    pnic,
    port,
    vservice_vnic,
)

if TYPE_CHECKING:
    from calipso_nornir.model.objects import InventoryObject


def wire(one: str, bridge_of_one: str, other: str, bridge_of_other: str) -> list[dict[str, Any]]:
    """A patch cable between two bridges, neither of which is the integration bridge."""
    return [
        port(one, bridge_of_one, type="patch", peer=other),
        port(other, bridge_of_other, type="patch", peer=one),
    ]


def veth(name: str, peer: str, **more: Any) -> dict[str, Any]:
    return member(name, kind="veth", peer=peer, stack=[name, peer], **more)


FLAT: dict[str, Any] = {"mappings": {"phys1": "br-ex"}, "networks": [here("n1", "flat", "phys1")]}


# --- rows of bridges


@pytest.mark.parametrize("length", [1, 2, 5])
def test_bridges_of_open_vswitch_in_a_row(length: int) -> None:
    row = ["br-ex", *(f"br{number}" for number in range(length))]
    wires = [one for n in range(length) for one in wire(f"a{n}", row[n], f"b{n}", row[n + 1])]
    things = [
        ovs(*patch("int-br-ex", "phy-br-ex", "br-ex"), *wires, port("eth2", row[-1]), **FLAT),
        pnic("eth2"),
        network("n1"),
    ]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"]}
    assert found(*things, of="host_pnic-network") == ["host_pnic-network: h1|eth2 > n1"]


def test_bridges_in_a_ring_end() -> None:
    ring = [*wire("a", "br-ex", "b", "br1"), *wire("c", "br1", "d", "br2"), *wire("e", "br2", "f", "br-ex")]
    things = [ovs(*patch("int-br-ex", "phy-br-ex", "br-ex"), *ring, port("eth2", "br2"), **FLAT), pnic("eth2")]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"]}


def test_a_patch_that_only_one_end_tells_of_is_no_wire() -> None:
    half = [port("a", "br-ex", type="patch", peer="b"), port("b", "br1", type="patch", peer="other")]
    things = [ovs(*patch("int-br-ex", "phy-br-ex", "br-ex"), *half, port("eth2", "br1"), **FLAT), pnic("eth2")]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": []}


def test_a_network_does_not_come_back_through_the_integration_bridge() -> None:
    two_ways = [*patch("int-br-ex", "phy-br-ex", "br-ex"), *patch("int-br-2", "phy-br-2", "br-2")]
    things = [ovs(*two_ways, port("eth2", "br-ex"), port("eth3", "br-2"), **FLAT), pnic("eth2"), pnic("eth3")]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": ["n1"], "h1|OVS > h1|eth3": []}


@pytest.mark.parametrize(
    ("kind", "uplink", "carried"),
    [
        ("flat", {}, ["n1"]),
        ("flat", {"tag": 101}, []),
        ("flat", {"trunks": [101]}, []),
        ("vlan", {}, ["n1"]),
        ("vlan", {"tag": 101}, ["n1"]),
        ("vlan", {"tag": 102}, []),
        ("vlan", {"trunks": [100, 101]}, ["n1"]),
        ("vlan", {"trunks": [100]}, []),
    ],
)
def test_a_port_passes_its_vlans_only(kind: str, uplink: dict[str, Any], carried: list[str]) -> None:
    row = {**here("n1", kind, "phys1"), "segmentation_id": "101" if kind == "vlan" else None}
    things = [
        ovs(
            *patch("int-br-ex", "phy-br-ex", "br-ex"),
            port("eth2", "br-ex", **uplink),
            mappings={"phys1": "br-ex"},
            networks=[row],
        ),
        pnic("eth2"),
    ]
    assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": carried}


def test_linux_bridges_in_a_row() -> None:
    things = [
        bridge("brq1", member("tap1"), veth("eth12", "v12"), network="n1"),
        bridge("br-a", veth("v12", "eth12"), veth("x", "y")),
        bridge("br-b", veth("y", "x"), "eth2"),
        instance_vnic("tap1", network="n1"),
        pnic("eth2"),
        network("n1"),
    ]
    assert found(*things) == [
        "host_pnic-network: h1|eth2 > n1",
        "vconnector-host_pnic: h1|br-b > h1|eth2",
        "vconnector-vconnector: h1|br-a > h1|br-b",
        "vconnector-vconnector: h1|brq1 > h1|br-a",
        "vnic-vconnector: h1|tap1 > h1|brq1",
    ]
    assert networks_of(*things, of="vconnector-vconnector") == {
        "h1|brq1 > h1|br-a": ["n1"],
        "h1|br-a > h1|br-b": ["n1"],
    }
    (first, _) = links(*things, of="vconnector-vconnector")
    assert (first.outward, first.host) == ("vconnector", "h1")


def test_bridges_of_nobody_in_the_cloud_are_wired_too() -> None:
    things = [bridge("virbr0", veth("a", "b")), bridge("br0", veth("b", "a"), "eth2"), pnic("eth2")]
    assert networks_of(*things, of="vconnector-vconnector") == {"h1|virbr0 > h1|br0": "-"}


def test_frames_do_not_enter_the_bridge_of_another_network() -> None:
    things = [
        bridge("brq1", veth("a", "a-out"), network="n1"),
        bridge("brq2", veth("b", "b-out"), "eth3", network="n2"),
        bridge("br-vlan", veth("a-out", "a"), veth("b-out", "b"), "eth2"),
        pnic("eth2"),
        pnic("eth3"),
    ]
    assert networks_of(*things, of="vconnector-host_pnic") == {
        "h1|br-vlan > h1|eth2": ["n1", "n2"],
        "h1|brq2 > h1|eth3": ["n2"],
    }


def test_a_vlan_device_on_a_bridge_leads_down_only() -> None:
    vlan_member = member("br-vlan.101", kind="vlan", lower="br-vlan", stack=["br-vlan.101", "br-vlan"], vlan_id=101)
    things = [
        bridge("brq1", vlan_member, network="n1"),
        bridge("br-vlan", "eth2", member("tap9")),
        pnic("eth2"),
        instance_vnic("tap9", network="n9"),
    ]
    assert networks_of(*things, of="vconnector-vconnector") == {"h1|brq1 > h1|br-vlan": ["n1"]}
    assert networks_of(*things, of="vconnector-host_pnic") == {"h1|br-vlan > h1|eth2": ["n1"]}


# --- between the two kinds

JOINTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a device in both": (port("p0", "br-ex", **INTERNAL), member("p0")),
    "a veth pair": (port("v0", "br-ex", stack=["v0", "v1"]), veth("v1", "v0")),
    "a VLAN on the switch's port": (
        port("br-ex", "br-ex", **INTERNAL),
        member("br-ex.7", stack=["br-ex.7", "br-ex"], vlan_id=7),
    ),
    "a VLAN on the bridge": (port("br-aux.7", "br-ex", stack=["br-aux.7", "br-aux"], vlan_id=7), member("tap1")),
}


@pytest.mark.parametrize("case", JOINTS)
def test_a_bridge_that_is_wired_to_the_switch(case: str) -> None:
    of_switch, of_bridge = JOINTS[case]
    things = [ovs(of_switch), bridge("br-aux", of_bridge)]
    assert found(*things) == ["vconnector-vedge: h1|br-aux > h1|OVS"]


def uplink_bridge() -> list[InventoryObject]:
    """The switch leaves by a Linux bridge; an instance has a bridge of its own at it."""
    return [
        ovs(
            *patch("int-br-ex", "phy-br-ex", "br-ex"),
            port("p0", "br-ex", **INTERNAL),
            port("qvo1", tag=1, stack=["qvo1", "qvb1"]),
            **FLAT,
        ),
        bridge("br-aux", member("p0"), "eth2"),
        bridge("qbr1", member("tap1"), veth("qvb1", "qvo1"), network="n1"),
        instance_vnic("tap1", network="n1"),
        pnic("eth2"),
        network("n1"),
    ]


def test_a_linux_bridge_that_the_switch_leaves_by() -> None:
    things = uplink_bridge()
    assert found(*things, of="host_pnic-network vconnector-host_pnic vconnector-vedge") == [
        "host_pnic-network: h1|eth2 > n1",
        "vconnector-host_pnic: h1|br-aux > h1|eth2",
        "vconnector-vedge: h1|br-aux > h1|OVS",
        "vconnector-vedge: h1|qbr1 > h1|OVS",
    ]
    assert {one.source.id: one.outward for one in links(*things, of="vconnector-vedge")} == {
        "h1|br-aux": "vconnector",
        "h1|qbr1": "vedge",
    }


# --- tunnels


def test_tunnels_over_a_linux_bridge_over_a_vlan() -> None:
    vedge = ovs(networks=[here("n1")])
    things = [
        vedge,
        otep(vedge, **on("vlan78", "vlan78", "br0", vlan_id=78)),
        bridge("br0", "eth1"),
        pnic("eth1"),
        network("n1"),
    ]
    assert found(*things) == [
        "host_pnic-network: h1|eth1 > n1",
        "otep-vconnector: h1|vxlan > h1|br0",
        "vconnector-host_pnic: h1|br0 > h1|eth1",
        "vedge-otep: h1|OVS > h1|vxlan",
    ]


@pytest.mark.parametrize(
    ("ports", "bridges", "expected"),
    [
        (
            [*wire("a", "br-vtep", "b", "br-phys"), port("eth1", "br-phys")],
            [],
            ["otep-host_pnic: h1|vxlan > h1|eth1"],
        ),
        (
            [port("v0", "br-vtep", stack=["v0", "v1"])],
            [bridge("br0", veth("v1", "v0"), "eth1")],
            ["otep-vconnector: h1|vxlan > h1|br0"],
        ),
        ([*wire("a", "br-vtep", "b", "br-int"), port("eth1", "br-phys")], [], []),
        ([port("eth1", "br-vtep"), port("eth3", "br-vtep")], [], []),
    ],
    ids=["a row of switches", "a Linux bridge behind the switch", "nothing but br-int", "two uplinks"],
)
def test_tunnels_over_switches(ports: list[dict[str, Any]], bridges: list[Any], expected: list[str]) -> None:
    vedge = ovs(port("br-vtep", "br-vtep", **INTERNAL), *ports, networks=[here("n1")])
    things = [vedge, otep(vedge, **on("br-vtep")), *bridges, pnic("eth1"), pnic("eth3"), network("n1")]
    assert found(*things, of="otep-host_pnic otep-vconnector") == expected
    assert found(*things, of="host_pnic-network") == (["host_pnic-network: h1|eth1 > n1"] if expected else [])
    assert set(map(tuple, networks_of(*things, of="vedge-host_pnic").values())) <= {()}


def test_tunnels_over_a_linux_bridge_that_a_switch_follows() -> None:
    vedge = ovs(port("v0", "br-phys", stack=["v0", "v1"]), port("eth1", "br-phys"), networks=[here("n1")])
    things = [vedge, otep(vedge, **on("br0")), bridge("br0", veth("v1", "v0")), pnic("eth1"), network("n1")]
    assert found(*things, of="otep-host_pnic otep-vconnector host_pnic-network") == [
        "host_pnic-network: h1|eth1 > n1",
        "otep-host_pnic: h1|vxlan > h1|eth1",
        "otep-vconnector: h1|vxlan > h1|br0",
    ]


def test_remote_addresses_are_compared_as_addresses() -> None:
    one, two = ovs(), ovs(host="h2")
    tunnels = [{"name": "t1", "remote_ip": "FD00:A:78:0::22"}]
    things = [otep(one, ip="fd00:a:78::21", ports=tunnels), otep(two, ip="fd00:a:78::22")]
    assert found(*things, of="otep-otep") == ["otep-otep: h1|vxlan > h2|vxlan"]


# --- which port is whose


def unnamed(kind: str, name: str = "i1 m1", **more: Any) -> InventoryObject:
    """An instance's interface that no device of the host is known to be."""
    return instance_vnic(name, interface_type=kind, **more).with_attributes(
        {**instance_vnic(name, interface_type=kind, **more).attributes, "device": None}
    )


@pytest.mark.parametrize("kind", ["vhostuser", "hostdev", "vdpa"])
@pytest.mark.parametrize(
    ("of_port", "of_vnic"),
    [
        ({"port_id": "p1"}, {"port_id": "p1"}),
        ({"attached_mac": "m1"}, {}),
        ({"port_id": "p1", "attached_mac": "m1"}, {}),
    ],
)
def test_an_interface_without_a_device_is_known_by_port_then_mac(kind: str, of_port: Any, of_vnic: Any) -> None:
    things = [ovs(port("vhu1", **of_port)), unnamed(kind, **of_vnic)]
    assert found(*things) == ["vnic-vedge: h1|i1 m1 > h1|OVS"]


def test_vhost_user_is_known_by_its_socket() -> None:
    own: dict[str, Any] = {"source": {"@type": "unix", "@path": "/run/vhu1"}, "mac": "m9"}
    things = [ovs(port("x", socket="/run/vhu1"), port("y", socket="/run/vhu2")), unnamed("vhostuser", **own)]
    assert found(*things) == ["vnic-vedge: h1|i1 m1 > h1|OVS"]


@pytest.mark.parametrize(
    ("of_port", "vnic"),
    [
        ({"port_id": "p2", "attached_mac": "m1"}, unnamed("hostdev", port_id="p1")),
        ({"port_id": "p1"}, unnamed("bridge", port_id="p1")),
        ({"port_id": "p1"}, instance_vnic("tap1", port_id="p1")),
        ({"port_id": "p1"}, vservice_vnic("ns-1", port_id="p1")),
        ({"attached_mac": "m1", "peer_netns": "nsid:1"}, vservice_vnic("ns-1", port_id="p1")),
    ],
    ids=[
        "another port of Neutron's",
        "libvirt has it in a bridge",
        "it is another device",
        "it is in a namespace",
        "whose pair nobody ties to a port",
    ],
)
def test_what_contradicts_is_believed(of_port: dict[str, Any], vnic: InventoryObject) -> None:
    assert found(ovs(port("port1", **of_port)), vnic) == []


def test_a_service_behind_a_veth_pair_is_known_by_its_port() -> None:
    """As agents with ovs_use_veth make them: the port is called tap…, the device inside qr-… or ns-…."""
    things = [ovs(port("tap1", port_id="p1", peer_netns="nsid:0")), vservice_vnic("ns-1", port_id="p1")]
    assert found(*things) == ["vnic-vedge: h1|ns1|ns-1 > h1|OVS"]


def test_the_neutron_port_tells_more_than_the_name() -> None:
    twins = [unnamed("hostdev", "i1 m1", port_id="p1"), unnamed("hostdev", "i2 m1", port_id="p2")]
    assert found(ovs(port("rep0", port_id="p2", attached_mac="m1")), *twins) == ["vnic-vedge: h1|i2 m1 > h1|OVS"]
    assert found(ovs(port("rep0", attached_mac="m1")), *twins) == [], "two fit: neither is taken"


# --- states


@pytest.mark.parametrize(
    ("of_port", "of_vnic", "up"),
    [
        ({"link_state": "up"}, {"state": None}, True),
        ({"link_state": None}, {"state": None}, True),
        ({"link_state": "down"}, {"state": None}, False),
        ({"link_state": "down"}, {"state": "UP"}, True),
        ({"link_state": "up"}, {"state": "DOWN"}, False),
        ({"link_state": "up", "tag": 4095}, {"state": "UP"}, False),
        ({"link_state": "up", "trunks": [4095]}, {"state": "UP"}, False),
        ({"link_state": "up", "unbound": True}, {"state": "UP"}, False),
    ],
)
def test_whether_a_plug_is_up(of_port: dict[str, Any], of_vnic: dict[str, Any], up: bool) -> None:  # noqa: FBT001
    (link,) = links(ovs(port("vhu1", **of_port)), instance_vnic("vhu1", network="n1", **of_vnic), of="vnic-vedge")
    off = not {"tag", "trunks", "unbound"}.isdisjoint(of_port)
    assert (link.state, link.networks, link.cut_off) == ("up" if up else "down", () if off else ("n1",), off)


@pytest.mark.parametrize("how", [{"tag": 4095}, {"unbound": True}])
def test_a_bridge_whose_port_is_cut_off(how: dict[str, Any]) -> None:
    things = [ovs(port("qvo1", peer="qvb1", **how)), bridge("qbr1", veth("qvb1", "qvo1"), network="n1")]
    (link,) = links(*things, of="vconnector-vedge")
    assert (link.state, link.networks, link.cut_off) == ("down", (), True)


def test_a_network_whose_only_port_is_cut_off_is_not_on_the_switch() -> None:
    rows = [port("tap1", tag=4095, port_id="p1"), port("tap2", tag=2)]
    vnics = [instance_vnic("tap1", port_id="p1", network="n1"), instance_vnic("tap2", network="n2")]
    vedge = ovs(*rows)
    things = [vedge, otep(vedge, **on("eth1")), *vnics, pnic("eth1"), network("n1"), network("n2")]
    assert networks_of(*things, of="vedge-otep") == {"h1|OVS > h1|vxlan": ["n2"]}
    assert found(*things, of="host_pnic-network") == ["host_pnic-network: h1|eth1 > n2"]


def test_a_router_beside_the_uplink_is_on_its_bridge() -> None:
    qg = vservice_vnic("qg-1", port_id="p1", network="n1")
    for tag, carried in ((None, ["n1"]), (4095, [])):
        things = [
            ovs(port("qg-1", "br-ex", port_id="p1", tag=tag, **INTERNAL), port("eth2", "br-ex")),
            qg,
            pnic("eth2"),
        ]
        assert networks_of(*things, of="vedge-host_pnic") == {"h1|OVS > h1|eth2": carried}


def test_a_dpdk_port_is_an_uplink() -> None:
    vedge = ovs(*patch("int-br-ex", "phy-br-ex", "br-ex"), port("dpdk0", "br-ex", type="dpdk"), **FLAT)
    assert networks_of(vedge, pnic("dpdk0"), of="vedge-host_pnic") == {"h1|OVS > h1|dpdk0": ["n1"]}


def test_a_virtual_function_leads_to_its_card() -> None:
    vedge = ovs(port("eth1v0", "br-ex"), networks=[here("n1")])
    things = [vedge, otep(vedge, **on("eth1v1")), pnic("eth1", virtual_functions=["eth1v0", "eth1v1"])]
    assert found(*things, of="vedge-host_pnic otep-host_pnic") == [
        "otep-host_pnic: h1|vxlan > h1|eth1",
        "vedge-host_pnic: h1|OVS > h1|eth1",
    ]
