# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - rows of tables are of any shape
"""The tables of one VPP joined: names that were cut, kinds, ports, networks; nothing is guessed.

The tables are made here; their formats are tested in tests/parsers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calipso_nornir.fetchers.cli.vpp import port_attributes, way_out
from calipso_nornir.fetchers.vpp_questions import plugged_into_vpp
from calipso_nornir.parsing.vpp import (
    VppAddresses,
    VppBond,
    VppHardware,
    VppInterface,
    VppSocket,
    VppTap,
    VppTunnel,
)
from calipso_nornir.wiring.vpp import VppPort, VppTables, switch_of, whole_names

LONG = "TwentyFiveGigabitEthernet5e/0/1."
A, B = "aaaaaaaa-1111-2222-3333-444444444444", "bbbbbbbb-1111-2222-3333-444444444444"
PORTS = [
    {"id": A, "network_id": "n1", "mac_address": "fa:16:3e:00:00:0a"},
    {"id": B, "network_id": "n2", "mac_address": "fa:16:3e:00:00:0b"},
]


def tables(*rows: tuple[VppInterface, VppAddresses], **more: Any) -> VppTables:
    whole = VppTables(
        version="v18.10-release",
        interfaces=[one for one, _ in rows],
        addresses=[other for _, other in rows],
        hardware=(),
        bridge_domains=(),
        tunnels=(),
        gpe_tunnels=(),
        sockets=(),
        bonds=(),
        lacp=(),
        taps=(),
    )
    return replace(whole, **more)


def row(name: str, index: int, **layer: Any) -> tuple[VppInterface, VppAddresses]:
    return VppInterface(name[:32], index, "up"), VppAddresses(name, up=True, **layer)


def ports(found: VppTables, vlans: Any = None) -> dict[str, VppPort]:
    return {one.name: one for one in switch_of(found, PORTS, vlans or {}).ports}


# --- names


def test_two_names_that_are_cut_alike_are_told_apart_by_their_order() -> None:
    found = tables(row(LONG + "101", 5), row(LONG + "102", 6), row("local0", 0))
    assert whole_names(found.interfaces, found.addresses) == [LONG + "101", LONG + "102", "local0"]


def test_where_tables_do_not_fit_an_index_tells_names_apart() -> None:
    found = tables(row(LONG + "101", 5), row(LONG + "102", 6), row("local0", 0))
    gone = [one for one in found.addresses if one.name != LONG + "102"]
    assert whole_names(found.interfaces, gone) == [f"{LONG}[5]", f"{LONG}[6]", "local0"]
    by_name = ports(replace(found, addresses=gone))
    assert (by_name[f"{LONG}[5]"].index, by_name[f"{LONG}[6]"].index) == (5, 6)
    assert by_name[f"{LONG}[5]"].bridge_domain is None, "which of both is in it is not known"


def test_a_cut_name_that_only_one_is_like_is_whole() -> None:
    found = tables(row(LONG + "101", 5), row("local0", 0))
    more = [*found.addresses, VppAddresses("tap9", up=True)]
    assert whole_names(found.interfaces, more) == [LONG + "101", "local0"]


def test_hardware_whose_name_is_cut_is_found_by_the_whole_one() -> None:
    name = "a-card-with-a-name-of-more-than-thirty-two-signs"
    card = VppHardware(name[:32], name, link_up=False, mac="02:00:00:00:00:01", carrier="down")
    found = ports(tables(row(name, 1), hardware=[card]))
    assert (found[name].kind, found[name].mac, found[name].up) == ("physical", "02:00:00:00:00:01", False)


# --- kinds


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("TenGigabitEthernet86/0/0", "physical"),
        ("FortyGigabitEthernet3b/0/1", "physical"),
        ("VirtualFunctionEthernet0/6/0", "physical"),
        ("VirtualEthernet0/0/0", "vhost-user"),
        ("BondEthernet0", "bond"),
        ("host-eth1", "af-packet"),
        ("tap3", "tap"),
        ("tapcli-0", "tap"),
        ("loop0", "loopback"),
        ("bvi10", "loopback"),
        ("vxlan_tunnel7", "vxlan"),
        ("memif1/0", "memif"),
        ("local0", "local"),
        ("wan0", "other"),  # no driver tells of a card: it may be anything
        ("gre0", "other"),
        ("pg/stream-0", "other"),
    ],
)
def test_kinds_by_name(name: str, kind: str) -> None:
    assert ports(tables(row(name, 1)))[name].kind == kind


def test_kinds_by_what_other_tables_tell() -> None:
    names = ("wan0", "sock0", "kernel0", "bundle0", "tunnel0")
    found = ports(
        tables(
            *(row(name, index) for index, name in enumerate(names)),
            hardware=[VppHardware("wan0", "wan0", link_up=True, pci="0000:3b:00.00")],
            sockets=[VppSocket("sock0", "/tmp/x", "client", "Success")],  # noqa: S108 - made up
            taps=[VppTap("kernel0", "dev")],
            bonds=[VppBond("bundle0", "lacp", "l2")],
            tunnels=[VppTunnel(4, "192.0.2.1", "192.0.2.2", 7)],
        )
    )
    assert [found[name].kind for name in names] == ["physical", "vhost-user", "tap", "bond", "vxlan"]


def test_a_sub_interface_is_one_only_of_an_interface_that_there_is() -> None:
    found = ports(tables(row("wan0", 1), row("wan0.101", 2), row("lan.5", 3)))
    assert (found["wan0.101"].kind, found["wan0.101"].parent, found["wan0.101"].vlan_id) == ("vlan", "wan0", 101)
    assert (found["lan.5"].kind, found["lan.5"].parent, found["lan.5"].vlan_id) == ("other", None, None)


# --- Neutron's ports


def owner(one: VppPort) -> str | None:
    return one.port["id"][:1] if one.port is not None else None


def test_the_path_of_a_socket_counts_more_than_the_mac() -> None:
    nic = VppHardware("VirtualEthernet0/0/0", "VirtualEthernet0/0/0", link_up=True, mac="fa:16:3e:00:00:0b")
    base = tables(row("VirtualEthernet0/0/0", 1), hardware=[nic])
    for path, expected in ((f"/tmp/socket_{A}", "a"), ("/tmp/other", "b")):  # noqa: S108 - made up
        sockets = [VppSocket("VirtualEthernet0/0/0", path, "server", "Success")]
        assert owner(ports(replace(base, sockets=sockets))["VirtualEthernet0/0/0"]) == expected


def test_a_tap_is_known_by_its_device_and_one_without_by_its_mac() -> None:
    cards = [VppHardware(name, name, link_up=True, mac="fa:16:3e:00:00:0b") for name in ("tap0", "tapcli-0")]
    found = ports(tables(row("tap0", 1), row("tapcli-0", 2), hardware=cards, taps=[VppTap("tap0", "vppaaaaaaaa-11")]))
    assert (owner(found["tap0"]), owner(found["tapcli-0"])) == ("a", "b")


def test_a_mac_that_two_ports_have_and_a_card_with_a_ports_mac_tell_nothing() -> None:
    twins = [PORTS[0], {**PORTS[1], "mac_address": "fa:16:3e:00:00:0a"}]
    name = "VirtualEthernet0/0/0"
    found = tables(row(name, 1), hardware=[VppHardware(name, name, link_up=True, mac="fa:16:3e:00:00:0a")])
    assert switch_of(found, twins, {}).ports[0].port is None
    card = tables(row("wan0", 1), hardware=[VppHardware("wan0", "wan0", link_up=True, mac="fa:16:3e:00:00:0a")])
    assert ports(card)["wan0"].port is None


# --- networks


def test_a_bridge_domain_has_the_networks_of_its_ports_and_without_any_that_of_its_vlan() -> None:
    path = VppSocket("VirtualEthernet0/0/0", f"/tmp/{A}", "server", "Success")  # noqa: S108 - made up
    base = tables(
        row("BondEthernet0", 1),
        row("BondEthernet0.7", 2, bridge_domain=1),
        row("VirtualEthernet0/0/0", 3, bridge_domain=1),
        sockets=[path],
        bridge_domains=[1, 2],
    )
    vlans = {7: ["other"]}
    assert switch_of(base, PORTS, vlans).networks == {1: ("n1",), 2: ()}
    assert switch_of(base, [], vlans).networks == {1: ("other",), 2: ()}
    assert switch_of(base, [], {7: ["other", "twin"]}).networks == {1: (), 2: ()}


def test_the_vlan_of_a_tap_is_no_way_out() -> None:
    base = tables(row("tap0", 1), row("tap0.7", 2, bridge_domain=1))
    assert switch_of(base, [], {7: ["other"]}).networks == {1: ()}


# --- where the packets of tunnels leave


def attributes(found: VppTables) -> list[dict[str, Any]]:
    return [port_attributes(one) for one in switch_of(found, [], {}).ports]


@pytest.mark.parametrize(
    ("rows", "stack"),
    [
        ([row("GigabitEthernet3/0/0", 1, addresses=("192.0.2.1/24",))], ["GigabitEthernet3/0/0"]),
        (
            [row("BondEthernet0", 1), row("BondEthernet0.9", 2, addresses=("192.0.2.1/24",))],
            ["BondEthernet0.9", "BondEthernet0"],
        ),
        ([row("host-eth1", 1, addresses=("192.0.2.1/24",))], ["host-eth1", "eth1"]),
        (
            [
                row("loop0", 1, addresses=("192.0.2.1/24",), bridge_domain=3, bvi=True),
                row("GigabitEthernet3/0/0", 2),
                row("GigabitEthernet3/0/0.9", 3, bridge_domain=3),
                row("tap0", 4, bridge_domain=3),
            ],
            ["loop0", "GigabitEthernet3/0/0.9", "GigabitEthernet3/0/0"],
        ),
        (  # two ways out: nobody can say which
            [
                row("loop0", 1, addresses=("192.0.2.1/24",), bridge_domain=3, bvi=True),
                row("GigabitEthernet3/0/0", 2, bridge_domain=3),
                row("GigabitEthernet4/0/0", 3, bridge_domain=3),
            ],
            ["loop0"],
        ),
        (  # two interfaces with the address, in two tables of routes
            [
                row("GigabitEthernet3/0/0", 2, addresses=("192.0.2.1/24",)),
                row("GigabitEthernet4/0/0", 3, addresses=("192.0.2.1/24",)),
            ],
            [],
        ),
        ([row("loop0", 1, addresses=("192.0.2.1/24",))], ["loop0"]),  # routed: VPP's routes are not asked for
    ],
)
def test_the_way_of_tunnels_out_of_vpp(rows: Any, stack: list[str]) -> None:
    assert way_out("192.0.2.1", attributes(tables(*rows)))["stack"] == stack


# --- which ports are plugged into VPP


@pytest.mark.parametrize(
    ("kind", "details", "expected"),
    [
        ("vhostuser", {"vhostuser_mode": "server"}, True),
        ("vhostuser", {"vhostuser_ovs_plug": True}, False),
        ("vhostuser", {"vhostuser_vrouter_plug": True}, False),
        ("plugtap", {}, True),
        ("tap", None, True),
        ("ovs", {}, False),
        ("unbound", None, False),
    ],
)
def test_ports_that_are_bound_as_networking_vpp_does(kind: str, details: Any, *, expected: bool) -> None:
    assert plugged_into_vpp({"binding:vif_type": kind, "binding:vif_details": details}) is expected
