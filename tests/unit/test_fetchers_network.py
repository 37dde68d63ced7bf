# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are JSON of any shape
"""Services, their and instances' interfaces, bridges, switches and tunnel endpoints, on hosts of many kinds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calipso_nornir.errors import (
    ApiFailed,
    CommandFailed,
    DatabaseUnavailable,
    PortsAlike,
    SourceNotConfigured,
    ViewRestricted,
)
from calipso_nornir.fetchers.cli.instance_vnics import InstanceVnics
from calipso_nornir.fetchers.cli.linux_bridges import LinuxBridges
from calipso_nornir.fetchers.cli.oteps import ENDPOINTS, LinuxBridgeOteps, OvsOteps
from calipso_nornir.fetchers.cli.vedges import LinuxBridgeVedges, OvsVedges
from calipso_nornir.fetchers.cli.vservices import Vservices, VserviceVnics
from calipso_nornir.fetchers.questions import LIBVIRT
from calipso_nornir.model.agent_types import LXB_AGENT, OVS_AGENT
from calipso_nornir.model.protocols import Reply
from calipso_nornir.testing import AT, drive, thing
from tests.fixtures import linux
from tests.fixtures.linux import BRIDGES, DOMAINS, INTERFACES, NAMESPACES, bridges, interfaces, link

HOST = thing("host", id="h1", host="h1", region="R1")
OOPS = ApiFailed("network", "/x", 500, "oops")
NET = "aaaaaaaa-0000-0000-0000-000000000001"
PORT_ID = "01234567-89ab-cdef-0000-000000000001"
SUFFIX = PORT_ID[:11]
ROUTER = "bbbbbbbb-0000-0000-0000-000000000001"


def neutron_port(id_: str = PORT_ID, mac: str = "fa:16:3e:00:00:01", **more: Any) -> Any:
    attributes = {"mac_address": mac, "network": NET, "tap_suffix": id_[:11], "fixed_ips": [], **more}
    return thing("port", attributes, id=id_)


# --- services in namespaces


def vservices(*names: str, **rows: Any) -> Any:
    answers = {
        NAMESPACES: linux.namespaces(*names),
        "ip netns list": "",
        "GET network /networks": rows.get("networks", [{"id": NET, "name": "lan"}]),
        "GET network /routers": rows.get("routers", [{"id": ROUTER, "name": "r1", "ha": False}]),
        "GET network /ports": rows.get("ports", [{"device_id": ROUTER, "network_id": NET}]),
        "GET network /floatingips": rows.get("floating", []),
    }
    return drive(Vservices(), HOST, answers)


def test_the_api_is_not_asked_on_hosts_without_services() -> None:
    found = vservices("netns1", "vpn-1")
    assert (found, found.asked) == ([], [[NAMESPACES, "ip netns list"]])


def test_namespaces_of_a_distributed_router() -> None:
    found = vservices(f"qrouter-{ROUTER}", f"snat-{ROUTER}", f"fip-{NET}", f"qdhcp-{NET}", "qlbaas-1", f"ovnmeta-{NET}")
    assert [(one.name, one.folder.text, one.attributes["service_type"]) for one in found] == [
        ("qrouter-r1", "Gateways", "router"),
        ("snat-r1", "Gateways", "snat"),
        ("fip-lan", "Gateways", "floating_ip"),
        ("qdhcp-lan", "DHCP servers", "dhcp"),
        ("qlbaas-1", "Load balancers", "load_balancer"),
        ("ovnmeta-lan", "Metadata", "metadata"),
    ]
    assert all(one.attributes["network"] == [NET] for one in found if one.attributes["service_type"] != "load_balancer")
    assert len(found.by_id) == 6


def test_leftover_namespaces_are_there_and_are_called_orphaned() -> None:
    found = vservices("qrouter-gone", "qdhcp-gone", networks=[], routers=[], ports=[])
    assert [(one.name, one.named, one.attributes["orphaned"]) for one in found] == [
        ("qrouter-gone", True, True),
        ("qdhcp-gone", True, True),
    ]


def test_nothing_is_called_orphaned_because_nobody_answered() -> None:
    found = vservices(f"qrouter-{ROUTER}", f"qdhcp-{NET}", networks=OOPS, routers=OOPS, ports=OOPS, floating=OOPS)
    assert (found.gaps, len(found.blanks)) == ({}, 4)
    assert [(one.name, one.named) for one in found] == [(f"qrouter-{ROUTER}", False), (f"qdhcp-{NET}", False)]
    assert found[0].attributes.keys() == {"router_id", "host", "region", "service_type", "local_service_id"}
    assert found[1].attributes["network"] == [NET]


def test_what_a_member_does_not_see_is_not_orphaned() -> None:
    gap = ViewRestricted("joe", "acme", (), ("admin",))
    found = vservices("qrouter-other", f"qdhcp-{NET}", routers=Reply([], AT, gap))
    assert [("orphaned" in one.attributes, one.named) for one in found] == [(False, False), (True, True)]


def test_unnamed_routers_are_called_by_their_id() -> None:
    (found,) = vservices(f"qrouter-{ROUTER}", routers=[{"id": ROUTER, "name": ""}])
    assert (found.name, found.named) == (f"qrouter-{ROUTER}", True)


def test_floating_ips_of_a_router_in_order() -> None:
    floating = [
        {"router_id": ROUTER, "floating_ip_address": "203.0.113.9"},
        {"router_id": ROUTER, "floating_ip_address": "203.0.113.1"},
        {"router_id": ROUTER, "floating_ip_address": None},
        {"router_id": "other", "floating_ip_address": "203.0.113.5"},
    ]
    (found,) = vservices(f"qrouter-{ROUTER}", floating=floating)
    assert found.attributes["floating_ips"] == ["203.0.113.1", "203.0.113.9"]


def vservice_vnics(namespace: str, *links: dict[str, Any], ports: Any = ()) -> Any:
    parent = thing("vservice", id=f"h1|{namespace}", host="h1", local_service_id=namespace)
    return drive(
        VserviceVnics(), parent, {f"ip netns exec {namespace} {INTERFACES}": interfaces(*links), "port": ports}
    )


def test_devices_of_one_name_in_two_namespaces_are_two() -> None:
    names = [f"{kind}-{ROUTER}" for kind in ("qrouter", "snat")]
    ids = [one.id for name in names for one in vservice_vnics(name, link("sg-1"))]
    assert ids == [f"h1|{name}|sg-1" for name in names]


def test_interfaces_of_a_distributed_router() -> None:
    namespace = f"qrouter-{ROUTER}"
    links = [
        link("rfp-bbbbbbbb-0", kind="veth", addresses=["169.254.106.114/31"]),
        link(f"qr-{SUFFIX}", kind="openvswitch", addresses=["192.0.2.1/24"]),
        link("gre0", None, link_type="gre"),
    ]
    found = vservice_vnics(namespace, *links, ports=[neutron_port()])
    assert [(one.name, one.attributes.get("port_id"), one.attributes.get("network")) for one in found] == [
        ("rfp-bbbbbbbb-0", None, None),
        (f"qr-{SUFFIX}", PORT_ID, NET),
    ]


def test_the_address_that_neutron_assigned_is_the_one() -> None:
    addresses = ["169.254.169.254/16", "198.51.100.9/24", "192.0.2.2/24", "2001:db8::2/64", "fe80::2/64"]
    port = neutron_port(fixed_ips=[{"ip_address": "192.0.2.2"}, {"ip_address": "2001:db8::2"}])
    (found,) = vservice_vnics(f"qdhcp-{NET}", link(f"tap{SUFFIX}", addresses=addresses), ports=[port])
    told = found.attributes
    assert (told["ip_address"], told["cidr"], told["ipv6_address"]) == ("192.0.2.2", "192.0.2.0/24", "2001:db8::2/64")
    assert told["addresses"] == addresses


def test_a_service_of_an_ipv6_network() -> None:
    (found,) = vservice_vnics(f"qdhcp-{NET}", link(f"tap{SUFFIX}", addresses=["2001:db8::2/64", "fe80::2/64"]))
    assert "ip_address" not in found.attributes
    assert found.attributes["ipv6_address"] == "2001:db8::2/64"


def test_a_suffix_that_two_ports_have_tells_nothing() -> None:
    twins = [neutron_port(PORT_ID), neutron_port(PORT_ID[:-1] + "2")]
    (found,) = vservice_vnics(f"qdhcp-{NET}", link(f"tap{SUFFIX}"), ports=twins)
    assert "port_id" not in found.attributes


@pytest.mark.parametrize("namespace", ["qrouter-; rm -rf /", "qrouter-$(reboot)", "qrouter-a b", "qrouter-🦀"])
def test_names_of_namespaces_are_quoted(namespace: str) -> None:
    parent = thing("vservice", id="h1|x", host="h1", local_service_id=namespace)
    inside = f"ip netns exec '{namespace}' {INTERFACES}"
    found = drive(VserviceVnics(), parent, {inside: interfaces(link("qr-1"))})
    assert len(found) == 1
    assert "/" not in found[0].id


# --- interfaces of instances

UUID = "cccccccc-0000-0000-0000-000000000001"


def instance_vnics(*xml: str, links: Any = (), ports: Any = (), there: bool = True) -> Any:
    parent = thing("instance", id=UUID, host="h1", uuid=UUID)
    answers = {
        DOMAINS: f"{UUID}\n" if there else "cccccccc-0000-0000-0000-00000000000f\n",
        INTERFACES: interfaces(*links),
        f"{LIBVIRT} dumpxml {UUID}": linux.domain(UUID, *xml),
        "port": ports,
    }
    return drive(InstanceVnics(), parent, answers)


def test_an_instance_whose_domain_is_not_on_the_host_has_no_interface() -> None:
    found = instance_vnics(there=False)
    assert (found, len(found.rounds)) == ([], 1)


def test_an_interface_of_an_instance() -> None:
    device = f"tap{SUFFIX}"
    port = neutron_port(
        device_id=UUID,
        fixed_ips=[{"ip_address": "192.0.2.9"}, {"ip_address": "2001:db8::9"}],
        floating_ips=[{"floating_ip_address": "203.0.113.1"}],
    )
    xml = linux.tap(device, "FA:16:3E:00:00:01")
    (found,) = instance_vnics(xml, links=[link(device, kind="tun", mtu=1450, up=False)], ports=[port])
    told = found.attributes
    assert (found.id, found.name, str(found.under)) == (f"h1|{device}", device, f"vnics_folder {UUID}|vnics")
    assert {key: told[key] for key in ("port_id", "network", "addresses", "floating_ips", "state", "device_mtu")} == {
        "port_id": PORT_ID,
        "network": NET,
        "addresses": ["192.0.2.9", "2001:db8::9"],
        "floating_ips": ["203.0.113.1"],
        "state": "DOWN",
        "device_mtu": 1450,
    }
    assert (told["mac_address"], told["source_bridge"], told["interface_type"]) == (
        "fa:16:3e:00:00:01",
        "br-int",
        "bridge",
    )
    assert told["target"] == {"@dev": device}


def test_a_domain_that_is_off_has_interfaces_without_devices() -> None:
    device = f"tap{SUFFIX}"
    (found,) = instance_vnics(linux.tap(device, "fa:16:3e:00:00:01"), ports=[neutron_port(device_id=UUID)])
    assert (found.attributes["state"], "device_mtu" in found.attributes) == ("DOWN", False)
    assert found.attributes["port_id"] == PORT_ID


def test_of_a_device_that_the_kernel_does_not_have_nothing_is_said() -> None:
    xml = linux.tap("vhu1", "fa:16:3e:00:00:01").replace("type='bridge'", "type='vhostuser'")
    (found,) = instance_vnics(xml)
    assert found.attributes["interface_type"] == "vhostuser"
    assert "state" not in found.attributes


def test_a_virtual_function_is_known_by_its_mac_among_the_instances_own_ports() -> None:
    mine, other = "fa:16:3e:00:00:0a", "fa:16:3e:00:00:0b"
    ports = [
        neutron_port(PORT_ID, mine, device_id=UUID),
        neutron_port("99999999-0", mine, device_id="another instance"),
        neutron_port("88888888-0", other, device_id="another instance"),
    ]
    found = instance_vnics(linux.hostdev(mine), linux.hostdev(other), ports=ports)
    assert [(one.id, one.name, one.attributes.get("port_id")) for one in found] == [
        (f"h1|{UUID} {mine}", mine, PORT_ID),
        (f"h1|{UUID} {other}", other, None),
    ]
    assert all(one.attributes["device"] is None for one in found)


def test_virtual_functions_with_one_mac_are_told_apart_by_their_pci_address() -> None:
    mac = "fa:16:3e:00:00:0a"
    ports = [
        neutron_port(PORT_ID, mac, device_id=UUID, **{"binding:profile": {"pci_slot": "0000:3b:0a.2"}}),
        neutron_port("76543210-9a", mac, device_id=UUID, **{"binding:profile": {"pci_slot": "0000:3b:0a.1"}}),
        neutron_port("99999999-0", "other", device_id=UUID, **{"binding:profile": {}}),
    ]
    found = instance_vnics(linux.hostdev(mac, 1), linux.hostdev(mac, 2), ports=ports)
    assert [(one.id, one.attributes["pci_address"], one.attributes["port_id"]) for one in found] == [
        (f"h1|{UUID} {mac} 0000:3b:0a.1", "0000:3b:0a.1", "76543210-9a"),
        (f"h1|{UUID} {mac} 0000:3b:0a.2", "0000:3b:0a.2", PORT_ID),
    ]
    assert len(found.by_id) == 2


def test_one_of_two_functions_with_one_mac_is_known_by_the_other() -> None:
    mac = "fa:16:3e:00:00:0a"
    ports = [
        neutron_port(PORT_ID, mac, device_id=UUID, **{"binding:profile": {"pci_slot": "0000:3b:0a.2"}}),
        neutron_port("76543210-9a", mac, device_id=UUID),
    ]
    found = instance_vnics(linux.hostdev(mac, 1), linux.hostdev(mac, 2), ports=ports)
    assert [one.attributes["port_id"] for one in found] == ["76543210-9a", PORT_ID]
    assert found.told == []


@pytest.mark.parametrize(("functions", "ports"), [(2, 2), (2, 1), (1, 2)])
def test_what_has_one_mac_and_nothing_else_is_told_and_not_guessed(functions: int, ports: int) -> None:
    mac = "fa:16:3e:00:00:0a"
    given = [neutron_port(id_, mac, device_id=UUID) for id_ in (PORT_ID, "76543210-9a")[:ports]]
    found = instance_vnics(*(linux.hostdev(mac, number) for number in range(functions)), ports=given)
    assert [one.attributes.get("port_id") for one in found] == [None] * functions
    (told,) = found.told
    assert isinstance(told, PortsAlike)
    assert (told.host, told.mac, told.interfaces, told.ports) == ("h1", mac, functions, tuple(one.id for one in given))
    assert f"{functions} interface" in str(told)


def test_interfaces_that_nothing_tells_apart_are_numbered() -> None:
    nothing = "<interface type='user'><model type='virtio'/></interface>"
    found = instance_vnics(nothing, nothing)
    assert [one.id for one in found] == [f"h1|{UUID} without MAC 1", f"h1|{UUID} without MAC 2"]


@pytest.mark.parametrize("damaged", ["function='0x1'", "slot='0x0a'"])
def test_a_pci_address_that_is_not_whole_is_none(damaged: str) -> None:
    (found,) = instance_vnics(linux.hostdev("fa:16:3e:00:00:0a").replace(damaged, ""))
    assert "pci_address" not in found.attributes


def test_one_mac_on_two_networks_is_told_apart_by_device_only() -> None:
    mac = "fa:16:3e:00:00:0a"
    ports = [
        neutron_port(PORT_ID, mac, device_id=UUID),
        neutron_port("76543210-9a", mac, device_id=UUID, network="other"),
    ]
    xml = [linux.tap(f"tap{SUFFIX}", mac), linux.tap("tap76543210-9a", mac), linux.hostdev(mac)]
    found = instance_vnics(*xml, ports=ports)
    assert [one.attributes.get("port_id") for one in found] == [PORT_ID, "76543210-9a", None]


def test_an_interface_without_a_mac_and_a_device() -> None:
    (found,) = instance_vnics("<interface type='user'><model type='virtio'/></interface>")
    assert (found.id, found.attributes["mac_address"]) == (f"h1|{UUID} without MAC", None)


# --- Linux bridges


def linux_bridges(*links: dict[str, Any], ports: Any = (), networks: Any = ()) -> Any:
    return drive(LinuxBridges(), HOST, {INTERFACES: interfaces(*links), "port": ports, "network": networks})


def bridge(name: str, **more: Any) -> dict[str, Any]:
    data = {"bridge_id": "8000.2:0:0:0:0:1", "stp_state": 0}
    return link(name, kind="bridge", data=data, **more)


def test_members_of_a_linux_bridge_of_every_kind() -> None:
    vxlan = {"id": 90, "local": "192.0.2.1", "link": "eth1", "port": 8472}
    links = [
        bridge(f"brq{NET[:11]}"),
        link(f"tap{SUFFIX}", kind="veth", master=f"brq{NET[:11]}", slave_kind="bridge", link_netnsid=0),
        link("eth0.101", kind="vlan", link="eth0", data={"id": 101}, master=f"brq{NET[:11]}", slave_kind="bridge"),
        link("vxlan-90", kind="vxlan", data=vxlan, master=f"brq{NET[:11]}", slave_kind="bridge", up=False),
        link("qvb1", kind="veth", link="qvo1", master=f"brq{NET[:11]}", slave_kind="bridge"),
        link("eth5", master="bond0", slave_kind="bond"),
    ]
    (found,) = linux_bridges(*links, ports=[neutron_port()])
    members = {one["name"]: one for one in found.attributes["interfaces"]}
    assert list(members) == ["eth0.101", "qvb1", f"tap{SUFFIX}", "vxlan-90"] == found.attributes["interfaces_names"]
    assert (members["eth0.101"]["vlan_id"], members["eth0.101"]["lower"]) == (101, "eth0")
    assert (members["vxlan-90"]["vni"], members["vxlan-90"]["lower"], members["vxlan-90"]["state"]) == (
        90,
        "eth1",
        "DOWN",
    )
    assert (members["qvb1"]["peer"], members["qvb1"]["lower"]) == ("qvo1", None)
    assert (members[f"tap{SUFFIX}"]["port_id"], members[f"tap{SUFFIX}"]["mac_address"]) == (
        PORT_ID,
        "fa:16:3e:00:00:01",
    )
    assert (found.name, found.object_name, found.attributes["network"]) == (
        f"h1-brq{NET[:11]}",
        f"brq{NET[:11]}",
        NET,
    )


def test_an_empty_bridge_of_the_agent_is_known_by_its_name() -> None:
    network = thing("network", id=NET)
    named, other = linux_bridges(bridge(f"brq{NET[:11]}"), bridge("virbr0"), networks=[network])
    assert (named.attributes["network"], "network" in other.attributes) == (NET, False)


def test_a_bridge_with_ports_of_two_networks_is_of_none() -> None:
    other = "76543210-9a"
    members = [link(f"tap{id_[:11]}", master="br0", slave_kind="bridge") for id_ in (PORT_ID, other)]
    ports = [neutron_port(), neutron_port(other, network="other")]
    (found,) = linux_bridges(bridge("br0"), *members, ports=ports)
    assert "network" not in found.attributes


# --- virtual switches


def agent(type_: str, **configurations: Any) -> Any:
    attributes = {"host": "h1", "agent_type": type_, "agent_id": "a1", "binary": "x", "configurations": configurations}
    return thing("network_agent", {**attributes, "description": None}, id="h1|x")


def ovs(found: dict[str, list[dict[str, Any]]], *links: dict[str, Any]) -> Any:
    answers = {BRIDGES: bridges(found), INTERFACES: interfaces(*links), "network_agent": [agent(OVS_AGENT)]}
    return drive(OvsVedges(), HOST, {**answers, "cli": OOPS, **BOND})


def columns(*rows: dict[str, Any]) -> str:
    return json.dumps({"headings": list(rows[0]), "data": [list(row.values()) for row in rows]})


LIST = "ovs-vsctl -f json --columns=name,{} list {}"
BOND = {
    LIST.format("bond_mode,lacp,bond_active_slave", "Port bond"): columns(
        {"name": "bond", "bond_mode": ["set", []], "lacp": ["set", []], "bond_active_slave": "02:00:00:00:00:02"}
    ),
    LIST.format("lacp_current", "Interface eth1 eth2"): columns(
        {"name": "eth1", "lacp_current": ["set", []]}, {"name": "eth2", "lacp_current": ["set", []]}
    ),
}


@pytest.mark.parametrize(("fetcher", "type_"), [(OvsVedges(), LXB_AGENT), (LinuxBridgeVedges(), OVS_AGENT)])
def test_a_host_without_the_agent_is_not_asked(fetcher: Any, type_: str) -> None:
    found = drive(fetcher, HOST, {"network_agent": [agent(type_)]})
    assert (found, len(found.rounds)) == ([], 1)


def test_ports_of_an_open_vswitch() -> None:
    noted = {"net_uuid": NET, "network_type": "vlan", "physical_network": "phys1", "segmentation_id": "101", "tag": "3"}
    vxlan = {"local_ip": "192.0.2.1", "remote_ip": "192.0.2.2"}
    (found,) = ovs(
        {
            "br-int": [
                linux.port(
                    "qvo1", tag=3, noted=noted, external_ids={"iface-id": PORT_ID, "attached-mac": "fa:16:3e:00:00:01"}
                ),
                linux.port("qvo2", tag=4, noted={**noted, "net_uuid": "other", "physical_network": "None"}),
                linux.port("int-br-ex", type="patch", options={"peer": "phy-br-ex"}),
                linux.port("bond", interfaces=[{"name": "eth1"}, {"name": "eth2", "ofport": -1}]),
            ],
            "br-tun": [linux.port("vxlan-1", type="vxlan", options=vxlan)],
        },
        link("qvo1", kind="veth", link="qvb1"),
    )
    ports = {one["name"]: one for one in found.attributes["ports"]}
    assert ports["qvo1"]["peer"] == "qvb1"
    assert (ports["qvo1"]["port_id"], ports["qvo1"]["tag"], ports["qvo1"]["network"]) == (PORT_ID, 3, NET)
    assert ports["int-br-ex"]["peer"] == "phy-br-ex"
    assert (ports["eth1"]["port"], ports["eth2"]["port"], ports["eth2"]["id"]) == ("bond", "bond", None)
    assert [(one["name"], one["mode"], one["lacp"]) for one in found.attributes["bonds"]] == [
        ("bond", "active-backup", "off")
    ]
    assert ports["br-int"]["internal"]
    assert [(one["remote_ip"], one["overlay_type"], one["bridge"]) for one in found.attributes["tunnel_ports"]] == [
        ("192.0.2.2", "vxlan", "br-tun")
    ]
    assert found.attributes["networks"] == [
        {"network": NET, "network_type": "vlan", "physical_network": "phys1", "segmentation_id": "101", "tag": 3},
        {"network": "other", "network_type": "vlan", "physical_network": None, "segmentation_id": "101", "tag": 4},
    ]
    assert (found.id, found.name, found.attributes["vedge_type"]) == ("h1|OVS", "h1-OVS", "OVS")


@pytest.mark.parametrize(
    ("of_port", "unbound"),
    [
        ({}, True),
        ({"tag": 3}, False),
        ({"external_ids": {}}, False),  # none of Neutron's
    ],
)
def test_a_port_that_the_agent_has_given_no_vlan(of_port: dict[str, Any], unbound: bool) -> None:  # noqa: FBT001
    """A server with a port that is switched off is resized: the agent leaves its new port without any tag."""
    row = linux.port("qvo1", **{"external_ids": {"iface-id": PORT_ID}, **of_port})
    for bridge_name, here in (("br-int", unbound), ("br-ex", False)):
        (found,) = ovs({bridge_name: [row]})
        assert [one.get("unbound", False) for one in found.attributes["ports"] if one["name"] == "qvo1"] == [here]


def test_bridges_of_the_linux_bridge_agent_are_those_it_names() -> None:
    answers = {INTERFACES: interfaces(bridge("brq1"), bridge("qbr1")), "network_agent": [agent(LXB_AGENT)]}
    (found,) = drive(LinuxBridgeVedges(), HOST, answers)
    assert (found.id, found.attributes["bridges"]) == ("h1|LXB", [{"name": "brq1"}])


# --- tunnel endpoints


def ovs_oteps(*links: dict[str, Any], tunnels: Any = (), database: Any = None, **configured: Any) -> Any:
    vedge = thing("vedge", id="h1|OVS", host="h1", tunnel_ports=list(tunnels), configurations=configured)
    answers = {INTERFACES: interfaces(*links), "db": SourceNotConfigured("mysql") if database is None else database}
    return drive(OvsOteps(), vedge, answers)


def tunnel(overlay: str = "vxlan", local: str | None = "192.0.2.1", **options: str) -> dict[str, Any]:
    return {
        "name": f"{overlay}-1",
        "overlay_type": overlay,
        "local_ip": local,
        "remote_ip": "192.0.2.2",
        "options": options,
    }


def test_a_switch_without_tunnels_has_no_endpoint() -> None:
    found = ovs_oteps(tunnel_types=["vxlan"])
    assert (found, found.rounds) == ([], [])


@pytest.mark.parametrize(
    ("links", "told"),
    [
        ([link("eth1", addresses=["192.0.2.1/24"])], {"interface": "eth1", "stack": ["eth1"]}),
        (
            [link("eth1"), link("eth1.7", kind="vlan", link="eth1", data={"id": 7}, addresses=["192.0.2.1/24"])],
            {"interface": "eth1.7", "stack": ["eth1.7", "eth1"]},
        ),
        (
            [
                link("bond0", kind="bond"),
                link("eth1", master="bond0", slave_kind="bond"),
                link("bond0.7", kind="vlan", link="bond0", data={"id": 7}, addresses=["192.0.2.1/24"]),
            ],
            {"interface": "bond0.7", "stack": ["bond0.7", "bond0"]},
        ),
        (
            [bridge("br-mesh", addresses=["192.0.2.1/24"])],
            {"interface": "br-mesh", "stack": ["br-mesh"], "vconnector": "h1-br-mesh"},
        ),
        (
            [link("br-vtep", kind="openvswitch", addresses=["192.0.2.1/24"])],
            {"interface": "br-vtep", "stack": ["br-vtep"]},
        ),
        ([link("eth1", addresses=["192.0.2.10/24"])], {"interface": None, "stack": []}),
    ],
    ids=["pNIC", "VLAN", "VLAN of a bond", "Linux bridge", "bridge of Open vSwitch", "nowhere"],
)
def test_where_the_address_of_an_endpoint_is(links: Any, told: dict[str, Any]) -> None:
    (found,) = ovs_oteps(*links, tunnels=[tunnel()])
    assert {
        key: found.attributes[key] for key in ("interface", "stack", "vconnector") if key in found.attributes
    } == told


def test_one_endpoint_for_each_overlay_also_before_there_is_a_tunnel() -> None:
    tunnels = [tunnel("gre"), tunnel("vxlan", dst_port="4790")]
    found = ovs_oteps(tunnels=tunnels, tunneling_ip="192.0.2.1", tunnel_types=["vxlan", "geneve"])
    assert [(one.id, one.attributes["udp_port"], len(one.attributes["ports"])) for one in found] == [
        ("h1|geneve", 6081, 0),
        ("h1|gre", None, 1),
        ("h1|vxlan", 4790, 1),
    ]
    assert all(one.attributes["ip_address"] == "192.0.2.1" for one in found)


def test_an_endpoint_of_ipv6() -> None:
    links = [link("eth1", addresses=["2001:db8::1/64"])]
    (found,) = ovs_oteps(*links, tunnels=[tunnel(local="2001:db8::1")])
    assert found.attributes["interface"] == "eth1"


def test_what_the_database_knows_of_endpoints() -> None:
    rows = [{"host": "h2", "ip_address": "192.0.2.2"}, {"host": "h1", "ip_address": "192.0.2.1", "udp_port": 4789}]
    (found,) = ovs_oteps(tunnels=[tunnel()], database=rows)
    assert found.attributes["endpoint"] == {"ip_address": "192.0.2.1", "udp_port": 4789}
    down = ovs_oteps(tunnels=[tunnel()], database=DatabaseUnavailable("db", "down"))
    assert (down.gaps, list(down.blanks)) == ({}, [str(ENDPOINTS["vxlan"])])
    assert "endpoint" not in down[0].attributes


def lxb_oteps(*links: dict[str, Any], fdb: Any = "[]", text: Any = "", **more: Any) -> Any:
    members = [{"name": "vxlan-90", "kind": "vxlan"}, {"name": "tap1", "kind": "veth"}]
    parent = thing("vconnector", {"interfaces": members, **more}, id="h1|brq1", name="h1-brq1", host="h1")
    answers = {INTERFACES: interfaces(*links), "bridge -j fdb show": fdb, "bridge fdb show": text}
    return drive(LinuxBridgeOteps(), parent, answers)


VXLAN = {"id": 90, "local": "192.0.2.1", "link": "eth1", "port": 8472}


def test_an_endpoint_of_a_linux_bridge() -> None:
    fdb = (
        '[{"mac":"00:00:00:00:00:00","ifname":"vxlan-90","dst":"192.0.2.3"},'
        '{"mac":"fa:16:3e:00:00:01","ifname":"vxlan-90","dst":"192.0.2.2"},'
        '{"mac":"fa:16:3e:00:00:02","ifname":"vxlan-91","dst":"192.0.2.9"},'
        '{"mac":"fa:16:3e:00:00:03","ifname":"vxlan-90"}]'
    )
    (found,) = lxb_oteps(link("vxlan-90", kind="vxlan", data=VXLAN), link("eth1"), fdb=fdb, network=NET)
    assert found.attributes == {
        "host": "h1",
        "overlay_type": "vxlan",
        "vni": 90,
        "ip_address": "192.0.2.1",
        "udp_port": 8472,
        "interface": "eth1",
        "stack": ["eth1"],
        "mac_address": "02:00:00:00:00:01",
        "mtu": 1500,
        "state": "UP",
        "vconnector": "h1-brq1",
        "network": NET,
        "ports": [{"name": "vxlan-90", "remote_ip": "192.0.2.2"}, {"name": "vxlan-90", "remote_ip": "192.0.2.3"}],
    }


def test_an_endpoint_whose_device_has_gone_meanwhile_is_none() -> None:
    assert lxb_oteps(link("eth1")) == []


def test_an_endpoint_whose_remotes_nobody_told_keeps_them() -> None:
    found = lxb_oteps(link("vxlan-90", kind="vxlan", data=VXLAN), fdb=OOPS, text=OOPS)
    assert (found.gaps, list(found.blanks)) == ({}, ["bridge fdb show"])
    assert "ports" not in found[0].attributes


def test_a_bridge_without_vxlan_is_not_asked_for() -> None:
    parent = thing("vconnector", id="h1|qbr1", host="h1", interfaces=[{"name": "tap1", "kind": "tun"}])
    found = drive(LinuxBridgeOteps(), parent, {})
    assert (found, found.rounds) == ([], [])


def test_the_state_of_a_bond_that_is_not_told_is_a_blank() -> None:
    failed = CommandFailed("h1", "ovs-vsctl", 1, "ovs-vsctl: Port does not contain a column whose name matches")
    told = bridges({"br-ex": [linux.port("bond", interfaces=[{"name": "eth1"}, {"name": "eth2"}])]})
    answers = {
        BRIDGES: told,
        INTERFACES: interfaces(),
        "network_agent": [agent(OVS_AGENT)],
        **dict.fromkeys(BOND, failed),
    }
    found = drive(OvsVedges(), HOST, answers)
    assert ("bonds" in found[0].attributes, found.gaps, len(found.blanks)) == (False, {}, 2)
