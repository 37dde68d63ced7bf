# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are JSON of any shape
"""Physical interfaces, bonds and switches heard: on hardware, on hosts without any, and with errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.errors import CommandFailed, CommandMissing, SudoRefused
from calipso_nornir.fetchers.cli.host_details import HostDetails
from calipso_nornir.fetchers.cli.host_pnics import HostBonds, HostPnics
from calipso_nornir.fetchers.cli.lldp import LldpSwitches, LldpSwitchPnics
from calipso_nornir.fetchers.questions import ovs_queries
from calipso_nornir.model.queries import Command
from calipso_nornir.testing import drive, thing
from tests.fixtures.linux import BRIDGES, DEVICES, INTERFACES, NAMESPACES, bridges, devices, interfaces, link, port

HOST = thing("host", id="h1", host="h1")
PARSERS = Path(__file__).parent.parent / "parsers" / "linux"
ETHTOOL = "Settings for eth0:\n\tSpeed: 25000Mb/s\n\tLink detected: no\n"
DRIVER = "driver: mlx5_core\nversion: 6.1\n"
OTHERS: dict[str, Any] = {NAMESPACES: "", "ip netns list": "", "network_agent": []}
MISSING = CommandMissing("h1", "ethtool", 127, "sudo: ethtool: command not found")


def pnics(listed: str, *links: dict[str, Any], netns: str = "", **answers: Any) -> Any:
    functions = answers.pop("functions", None)
    told = {"ethtool {}": MISSING, "ethtool -i {}": MISSING} | {
        key.replace("_", " "): value for key, value in answers.items()
    }
    questions = {**OTHERS, DEVICES: listed, INTERFACES: interfaces(*links), NAMESPACES: netns}
    questions |= {FUNCTIONS: functions, PLACES: ""} if functions is not None else {}
    for one in links:
        questions |= {template.format(one["ifname"]): answer for template, answer in told.items()}
    return drive(HostPnics(), HOST, questions)


def test_what_is_hardware_is_physical() -> None:
    found = pnics(devices("eth0", "eth1", virtual=["bond0", "br0"]), link("eth0"), link("br0", kind="bridge"))
    assert [one.id for one in found] == ["h1|eth0"]  # eth1 is in another namespace: the kernel's list is of all


def test_a_host_without_hardware_has_the_veths_that_lead_out_of_it() -> None:
    links = [
        link("eth0", kind="veth", link_netnsid=0),
        link("tap1", kind="veth", link_netnsid=1),
        link("qvo1", kind="veth", link="qvb1"),
        link("dummy0", kind="dummy"),
    ]
    rows = '[{"name":"other"},{"name":"qdhcp-1","id":1}]'
    found = pnics(devices(virtual=["eth0", "tap1", "qvo1", "dummy0"]), *links, netns=rows)
    assert [one.name for one in found] == ["eth0"]


def test_what_ethtool_tells_stands_under_its_own_keys() -> None:
    addresses = ["192.0.2.7/24", "2001:db8::7/64", "fe80::7/64"]
    rows = [
        link("eth0", addresses=addresses),
        link("eth0.7", kind="vlan", link="eth0", data={"id": 7}, addresses=["198.51.100.1/24"]),
    ]
    (found,) = pnics(devices("eth0"), *rows, **{"ethtool {}": ETHTOOL, "ethtool -i {}": DRIVER})
    assert found.attributes == {
        "speed": "25000Mb/s",
        "link_detected": "no",
        "driver": {"driver": "mlx5_core", "version": "6.1"},
        "host": "h1",
        "local_name": "eth0",
        "mac_address": "02:00:00:00:00:01",
        "mtu": 1500,
        "state": "UP",
        "addresses": addresses,
        "ip_address": "192.0.2.7",
        "netmask": "255.255.255.0",
        "cidr": "192.0.2.0/24",
        "ipv6_address": "2001:db8::7/64",
        "vlan_interfaces": [{"name": "eth0.7", "vlan_id": 7, "addresses": ["198.51.100.1/24"]}],
        "ether_channel_master": "",
        "master": None,
    }


def test_a_vlan_on_a_vlan_is_of_the_interface_below_both() -> None:
    outer = link("eth0.7", kind="vlan", link="eth0", data={"id": 7})
    inner = link("eth0.7.8", kind="vlan", link="eth0.7", data={"id": 8})
    other = link("eth1.7", kind="vlan", link="eth1", data={"id": 7})
    (found,) = pnics(devices("eth0"), link("eth0"), outer, inner, other)
    assert [one["name"] for one in found.attributes["vlan_interfaces"]] == ["eth0.7", "eth0.7.8"]


def test_an_interface_with_ipv6_only() -> None:
    (found,) = pnics(devices("eth0"), link("eth0", addresses=["fe80::1/64", "2001:db8::1/64"]))
    assert found.attributes["ipv6_address"] == "2001:db8::1/64"
    assert not {"ip_address", "netmask", "cidr"} & found.attributes.keys()


def test_an_interface_without_a_mac_has_none() -> None:
    links = [link("ib0", None, link_type="infiniband"), link("eth0", "00:00:00:00:00:00")]
    found = pnics(devices("ib0", "eth0"), *links)
    assert [one.id for one in found] == ["h1|ib0", "h1|eth0"]
    assert not any("mac_address" in one.attributes for one in found)


def test_interfaces_with_one_mac_are_two() -> None:
    found = pnics(devices("eth0", "eth1"), link("eth0"), link("eth1"))
    assert len(found.by_id) == 2


@pytest.mark.parametrize(("up", "signal"), [(True, "yes"), (False, "no")])
def test_without_ethtool_the_kernel_tells_of_the_signal(up: bool, signal: str) -> None:  # noqa: FBT001
    found = pnics(devices("eth0"), link("eth0", up=up))
    assert found[0].attributes["link_detected"] == signal
    assert "driver" not in found[0].attributes
    assert (found.gaps, set(found.blanks.values())) == ({}, {MISSING})


def test_a_failure_for_one_interface_concerns_that_one_only() -> None:
    failed = CommandFailed("h1", "ethtool eth1", 75, "No data available")
    answers = {
        DEVICES: devices("eth0", "eth1"),
        INTERFACES: interfaces(link("eth0"), link("eth1")),
        **OTHERS,
        "ethtool eth0": ETHTOOL,
        "ethtool eth1": failed,
        "ethtool -i eth0": DRIVER,
        "ethtool -i eth1": DRIVER,
    }
    found = drive(HostPnics(), HOST, answers)
    assert found.blanks == {"ethtool eth1": failed}
    lacking = [one.id for one in found if any(str(query) in found.blanks for query in one.sources)]
    assert lacking == ["h1|eth1"]
    assert [("speed" in one.attributes, "driver" in one.attributes) for one in found] == [(True, True), (False, True)]


def test_strange_device_names_are_quoted() -> None:
    name = "a;b"
    answers = {
        DEVICES: devices(name),
        INTERFACES: interfaces(link(name)),
        **OTHERS,
        "ethtool 'a;b'": ETHTOOL,
        "ethtool -i 'a;b'": DRIVER,
    }
    found = drive(HostPnics(), HOST, answers)
    assert [one.id for one in found] == ["h1|a;b"]


# --- bonds

BOND = (PARSERS / "cat_proc_net_bonding" / "lacp.raw").read_text()


def bonds(*links: dict[str, Any], told: Any = BOND, name: str = "bond0") -> Any:
    return drive(HostBonds(), HOST, {INTERFACES: interfaces(*links), f"cat /proc/net/bonding/{name}": told})


def test_a_host_without_bonds_is_not_asked_for_their_state() -> None:
    found = drive(HostBonds(), HOST, {INTERFACES: interfaces(link("eth0"))})
    assert (found, found.asked) == ([], [[INTERFACES]])


MEMBERS = [
    link("bond0", "02:00:00:00:00:0b", kind="bond", addresses=["192.0.2.1/24"]),
    link("eth0", "02:00:00:00:00:0b", master="bond0", slave_kind="bond"),
    link("bond0.101", "02:00:00:00:00:0b", kind="vlan", link="bond0", data={"id": 101}, addresses=["198.51.100.1/24"]),
]


def test_a_bond_has_members_and_vlans() -> None:
    (found,) = bonds(*MEMBERS)
    told = found.attributes
    assert (found.id, told["ether_channel"], told["ip_address"]) == ("h1|bond0", True, "192.0.2.1")
    assert told["vlan_interfaces"] == [{"name": "bond0.101", "vlan_id": 101, "addresses": ["198.51.100.1/24"]}]
    assert told["bonding_mode"] == "IEEE 802.3ad Dynamic link aggregation"
    assert [(one["name"], one["id"]) for one in told["members"]] == [
        ("ens1f0np0", "h1|ens1f0np0"),
        ("ens1f1np1", "h1|ens1f1np1"),
    ]
    assert all(one["actor"] and one["partner"] for one in told["members"])
    (member,) = pnics(devices("eth0", virtual=["bond0"]), *MEMBERS)
    assert member.attributes["ether_channel_master"] == "h1|bond0"


def test_a_member_of_a_bridge_is_no_member_of_a_bond() -> None:
    (found,) = pnics(devices("eth0"), link("eth0", master="br0", slave_kind="bridge"), link("br0", kind="bridge"))
    assert (found.attributes["ether_channel_master"], found.attributes["master"]) == ("", "br0")


@pytest.mark.parametrize("state", ["up", "down"])
def test_a_bonds_signal_is_its_mii_status(state: str) -> None:
    (found,) = bonds(*MEMBERS, told=BOND.replace("MII Status: up", f"MII Status: {state}"))
    assert found.attributes["link_detected"] == ("yes" if state == "up" else "no")


def test_a_bond_whose_state_is_refused_is_still_one() -> None:
    refused = SudoRefused("h1", "cat", 1, "a password is required")
    found = bonds(*MEMBERS, told=refused)
    assert (list(found.blanks.values()), found.gaps) == ([refused], {})
    assert found[0].attributes["ether_channel"] is True
    assert not {"members", "bonding_mode", "link_detected"} & found[0].attributes.keys()


# --- operating system


def test_an_operating_system_without_a_version_name() -> None:
    answers = {"cat /etc/os-release": "NAME=Arch\nVERSION_ID=2026\n", "uname -m": "aarch64\n"}
    (found,) = drive(HostDetails(), HOST, answers)
    assert (found.id, found.attributes["os"]) == (
        "h1",
        {"name": "Arch", "version": "2026", "ID": None, "ID_LIKE": None, "architecture": "aarch64"},
    )


# --- LLDP

HEARD = "lldpctl -f json"


def neighbour(
    interface: str, chassis: str, port: str, *, capability: str = "Bridge", on: bool = True
) -> dict[str, Any]:
    return {
        interface: {
            "via": "LLDP",
            "chassis": {
                chassis: {
                    "id": {"type": "mac", "value": "aa:00:00:00:00:01"},
                    "descr": "a switch",
                    "capability": [{"type": capability, "enabled": on}],
                }
            },
            "port": {"id": {"type": "ifname", "value": port}, "descr": port},
        }
    }


def heard(fetcher: Any, *rows: dict[str, Any], host: Any = HOST) -> Any:
    answers = {
        HEARD: json.dumps({"lldp": {"interface": list(rows)}} if rows else {"lldp": {}}),
        "host_pnic": [thing("host_pnic", id="h1|eth0", host="h1", local_name="eth0")],
        "host": [HOST, thing("host", id="h2", name="h2.example.org", host="h2")],
    }
    return drive(fetcher, host, answers)


def test_switches_and_ports_that_are_heard() -> None:
    rows = [neighbour("eth0", "tor1", "Eth1/7")]
    (switch,) = heard(LldpSwitches(), *rows)
    (port,) = heard(LldpSwitchPnics(), *rows)
    assert (switch.id, switch.name, str(switch.under)) == (
        "mac|aa:00:00:00:00:01",
        "tor1",
        "switches_folder cloud|switches",
    )
    assert (port.id, port.under) == ("mac|aa:00:00:00:00:01|Eth1%2F7", HOST.sibling("switch", switch.id))
    assert port.attributes["neighbours"] == [{"host": "h1", "interface": "eth0"}]
    assert "mac_address" not in port.attributes


@pytest.mark.parametrize(
    "row",
    [
        neighbour("tap1", "tor1", "1"),
        neighbour("eth0", "h2", "1"),
        neighbour("eth0", "h2.other.domain", "1"),
        neighbour("eth0", "phone", "1", capability="Tel"),
        neighbour("eth0", "tor1", "1", on=False),
    ],
    ids=["on a virtual interface", "a host of the cloud", "a host by another domain", "a telephone", "not switching"],
)
def test_what_is_heard_and_is_no_switch(row: dict[str, Any]) -> None:
    assert heard(LldpSwitches(), row) == []
    assert heard(LldpSwitchPnics(), row) == []


def test_a_host_without_lldp_hears_nothing_and_says_so() -> None:
    missing = CommandMissing("h1", HEARD, 127, "not found")
    found = drive(LldpSwitches(), HOST, {HEARD: missing, "host_pnic": [], "host": []})
    assert (found, found.gaps) == ([], {HEARD: missing})
    asked = found.rounds[0][0]
    assert isinstance(asked, Command)
    assert asked.optional, "a tool that many hosts lack is worth a notice"


def test_silence_is_an_answer() -> None:
    found = heard(LldpSwitches())
    assert (found, found.gaps) == ([], {})


# --- teams


def test_a_team_has_members_whether_or_not_its_daemon_tells() -> None:
    links = [
        link("team0", "02:00:00:00:00:0b", kind="team"),
        link("eth0", "02:00:00:00:00:0c", master="team0", slave_kind="team"),
        link("eth1", "02:00:00:00:00:0d", master="team0", slave_kind="team"),
        link("team0.7", kind="vlan", link="team0", data={"id": 7}),
    ]
    state = "teamdctl team0 state dump"
    missing = CommandMissing("h1", state, 127, "not found")
    found: Any = drive(HostBonds(), HOST, {INTERFACES: interfaces(*links), state: missing})
    (team,) = found
    assert (found.asked, found.gaps) == ([[INTERFACES], [state]], {})
    assert (team.id, team.attributes["ether_channel"], team.attributes["link_detected"]) == ("h1|team0", True, "yes")
    assert team.attributes["members"] == [
        {"name": "eth0", "id": "h1|eth0", "mac_address": "02:00:00:00:00:0c"},
        {"name": "eth1", "id": "h1|eth1", "mac_address": "02:00:00:00:00:0d"},
    ]
    assert [one["name"] for one in team.attributes["vlan_interfaces"]] == ["team0.7"]
    assert not {"active_members", "team_runner"} & team.attributes.keys()
    members = pnics(devices("eth0", "eth1", virtual=["team0"]), *links)
    assert {one.attributes["ether_channel_master"] for one in members} == {"h1|team0"}


# --- interfaces that the kernel does not show

AGENT = thing("network_agent", id="h1|neutron-openvswitch-agent", host="h1", agent_type="Open vSwitch agent")
DPDK = [
    {"name": "dpdk0", "type": "dpdk", "mac": "02:00:00:00:00:0e", "options": {"dpdk-devargs": "0000:3b:00.0"}},
    {"name": "dpdk1", "type": "dpdk", "link_state": "down"},
]


def with_switch(told: Any, **more: Any) -> Any:
    questions = {**OTHERS, DEVICES: devices(virtual=["lo"]), INTERFACES: interfaces(), BRIDGES: told, **more}
    return drive(HostPnics(), HOST, {**questions, "network_agent": [AGENT]})


def test_ports_of_dpdk_are_physical_interfaces() -> None:
    bond = port("bond", interfaces=DPDK)
    first, second = with_switch(bridges({"br-ex": [bond, port("vhu1", type="dpdkvhostuserclient")]}))
    assert (first.id, first.attributes) == (
        "h1|dpdk0",
        {
            "host": "h1",
            "local_name": "dpdk0",
            "mac_address": "02:00:00:00:00:0e",
            "state": "UP",
            "link_detected": "yes",
            "addresses": [],
            "vlan_interfaces": [],
            "ether_channel_master": "",
            "master": None,
            "dpdk": {"dpdk-devargs": "0000:3b:00.0"},
        },
    )
    assert (second.attributes["state"], second.attributes["link_detected"]) == ("DOWN", "no")


def test_ports_of_dpdk_that_nobody_could_tell_of_are_a_gap() -> None:
    refused = SudoRefused("h1", "ovs-vsctl", 1, "a password is required")
    found = with_switch(refused)
    assert (found, found.gaps) == ([], {str(ovs_queries("h1")[0]): refused})


def test_ports_of_dpdk_of_a_switch_that_only_shows_itself() -> None:
    old = CommandFailed("h1", BRIDGES, 1, "ovs-vsctl: unknown option")
    identity = "d5c9e5bb-0d33-4bd0-b0f6-bbb9ff2ac9d4"
    shown = (
        f"{identity}\n    Bridge br-ex\n        Port dpdk0\n            Interface dpdk0\n                type: dpdk\n"
    )
    (one,) = with_switch(old, **{"ovs-vsctl show": shown})
    assert (one.id, one.attributes["link_detected"]) == ("h1|dpdk0", "no")


def test_a_switch_is_not_asked_where_no_agent_runs_it() -> None:
    found = drive(HostPnics(), HOST, {**OTHERS, DEVICES: devices(virtual=["lo"]), INTERFACES: interfaces()})
    assert not any("ovs-vsctl" in query for queries in found.asked for query in queries)


# --- virtual functions

FUNCTIONS = r"find /sys/class/net/*/device/ -maxdepth 1 -name physfn -printf '%p %l\n'"
PLACES = r"find /sys/class/net/*/device/ -maxdepth 1 -name 'virtfn*' -printf '%p %l\n'"
CARD = (
    "total 0\n"
    "lrwxrwxrwx 1 root root 0 Nov 22 14:43 eth1 -> ../../devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0/net/eth1\n"
    "lrwxrwxrwx 1 root root 0 Nov 22 14:43 eth1v0 -> ../../devices/pci0000:3a/0000:3a:00.0/0000:3b:02.0/net/eth1v0\n"
    "lrwxrwxrwx 1 root root 0 Nov 22 14:43 eth2 -> ../../devices/pci0000:3a/0000:3a:00.0/0000:3b:00.1/net/eth2\n"
)
ROWS = [link("eth1", vfinfo_list=[{"vf": 0}, {"vf": 1}]), link("eth1v0"), link("eth2")]


def test_a_virtual_function_is_none_and_its_card_knows_it() -> None:
    told = "/sys/class/net/eth1v0/device/physfn ../0000:3b:00.0\n"
    found = pnics(CARD, *ROWS, functions=told)
    assert [(one.name, one.attributes.get("virtual_functions")) for one in found] == [
        ("eth1", ["eth1v0"]),
        ("eth2", None),
    ]


def test_functions_that_are_all_with_guests() -> None:
    assert [one.name for one in pnics(CARD, ROWS[0], functions="")] == ["eth1"]


def test_virtual_functions_that_nobody_could_tell_of_are_a_gap() -> None:
    failed = CommandFailed("h1", FUNCTIONS, 1, "find: permission denied")
    found = pnics(CARD, *ROWS, functions=failed)
    assert found.gaps == {FUNCTIONS: failed}
    damaged = pnics(CARD, *ROWS, functions="what?\n")
    assert ["a device and a PCI address were expected" in str(error) for error in damaged.gaps.values()] == [True]


def test_a_host_without_virtual_functions_is_not_asked_for_them() -> None:
    found = pnics(CARD, link("eth1"))
    assert not any(FUNCTIONS in queries for queries in found.asked)
