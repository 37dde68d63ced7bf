# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - members are JSON of any shape
"""How devices are wired: by the kernel's references, and by what ports of Open vSwitch pass on."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.parsing.ip import address_json
from calipso_nornir.parsing.rows import NetDevice
from calipso_nornir.wiring.devices import Devices
from calipso_nornir.wiring.vlan_modes import DEAD_VLAN, UNKNOWN, UNTAGGED, cut_off, enters, leaves
from tests.fixtures.linux import interfaces, link


def devices(*links: dict[str, Any]) -> Devices:
    return Devices(address_json(interfaces(*links)))


def vlan(name: str, lower: str, number: int = 7, **more: Any) -> dict[str, Any]:
    return link(name, kind="vlan", link=lower, data={"id": number}, **more)


def veths(one: str, other: str, **more: Any) -> list[dict[str, Any]]:
    return [link(one, kind="veth", link=other, **more), link(other, kind="veth", link=one)]


STACKS = {
    "a device alone": ([link("eth1")], "eth1", ["eth1"]),
    "what is not there": ([], "eth1", []),
    "a VLAN on a VLAN": (
        [link("eth1"), vlan("eth1.7", "eth1"), vlan("eth1.7.8", "eth1.7", 8)],
        "eth1.7.8",
        ["eth1.7.8", "eth1.7", "eth1"],
    ),
    "macvlan on a bond": (
        [link("bond0", kind="bond"), link("mac0", kind="macvlan", link="bond0")],
        "mac0",
        ["mac0", "bond0"],
    ),
    "ipvlan on a VLAN of a team": (
        [link("team0", kind="team"), vlan("t.7", "team0"), link("ip0", kind="ipvlan", link="t.7")],
        "ip0",
        ["ip0", "t.7", "team0"],
    ),
    "a VLAN on a bridge": ([link("br0", kind="bridge"), vlan("v7", "br0")], "v7", ["v7", "br0"]),
    "a bridge ends it": ([link("br0", kind="bridge"), link("eth1", master="br0", slave_kind="bridge")], "br0", ["br0"]),
    "the other end of a pair": (veths("a", "b"), "a", ["a", "b"]),
    "what stands on a pair": ([*veths("a", "b"), vlan("a.7", "a")], "a.7", ["a.7", "a", "b"]),
    "a peer in another namespace": ([link("a", kind="veth", link_netnsid=1)], "a", ["a"]),
    "a tunnel's packets are the host's": (
        [link("eth1"), link("vx", kind="vxlan", data={"id": 1, "link": "eth1"})],
        "vx",
        ["vx"],
    ),
    "a lower device in another namespace": ([link("mac0", kind="macvlan", link="if9")], "mac0", ["mac0"]),
}


@pytest.mark.parametrize("case", STACKS)
def test_what_frames_of_a_device_pass_next(case: str) -> None:
    links, name, stack = STACKS[case]
    assert devices(*links).stack(name) == stack


def test_devices_that_stand_on_each_other_end_somewhere() -> None:
    """The kernel does not allow it, a damaged answer may say so."""
    assert devices(vlan("a", "b"), vlan("b", "a")).stack("a") == ["a", "b"]


def test_the_vlan_that_a_stack_puts_frames_into() -> None:
    host = devices(link("eth1"), vlan("eth1.7", "eth1"), vlan("eth1.7.8", "eth1.7", 8))
    assert host.vlan_of(host.stack("eth1.7.8")) == 7
    assert host.vlan_of(["eth1"]) is None
    assert [one.name for one in host.vlans_on("eth1")] == ["eth1.7", "eth1.7.8"]


@pytest.mark.parametrize("spelling", ["FD00:A:78::21", "fd00:a:78:0:0:0:0:21", "fd00:000a:0078::0021", "fd00:a:78::21"])
def test_an_address_is_held_however_it_is_spelt(spelling: str) -> None:
    host = devices(link("eth0"), link("eth1", addresses=["fd00:a:78::21/64"]))
    holder = host.holder(spelling)
    assert holder is not None
    assert holder.name == "eth1"
    assert canonical_ip(spelling) == "fd00:a:78::21"


@pytest.mark.parametrize("nothing", [None, "", "flow", "192.0.2.1"])
def test_what_nobody_holds(nothing: str | None) -> None:
    assert devices(link("eth1", addresses=["192.0.2.10/24"])).holder(nothing) is None
    assert canonical_ip(nothing or "") == (nothing or "")


@pytest.mark.parametrize(
    ("shown", "physical"),
    [
        ({}, True),
        ({"phys_port_name": "p0", "phys_switch_id": "01"}, True),
        ({"phys_port_name": "p1s2", "phys_switch_id": "01"}, True),
        ({"phys_port_name": "0"}, True),
        ({"phys_switch_id": "01"}, True),
        ({"phys_port_name": "pf0vf2", "phys_switch_id": "01"}, False),
        ({"phys_port_name": "pf0vf2"}, False),
        ({"phys_port_name": "pf1sf88", "phys_switch_id": "01"}, False),
        ({"phys_port_name": "c1pf0vf1", "phys_switch_id": "01"}, False),
        ({"phys_port_name": "pf0", "phys_switch_id": "01"}, False),
        ({"phys_port_name": "3", "phys_switch_id": "01"}, False),
    ],
)
def test_what_stands_for_a_port_inside_of_a_card_is_not_physical(shown: dict[str, Any], physical: bool) -> None:  # noqa: FBT001
    listed = [NetDevice("eth1", "../../devices/pci0000:00/0000:00:01.0/net/eth1")]
    assert [one.name for one in devices(link("eth1", **shown)).physical(listed)] == (["eth1"] if physical else [])


# --- ports of Open vSwitch


def port(tag: int | None = None, *trunks: int, mode: str | None = None) -> dict[str, Any]:
    return {"tag": tag, "trunks": list(trunks), **({"vlan_mode": mode} if mode else {})}


@pytest.mark.parametrize(
    ("row", "dead"),
    [
        (port(), False),
        (port(3), False),
        (port(DEAD_VLAN), True),
        (port(None, DEAD_VLAN), True),
        (port(None, 3, DEAD_VLAN), False),
        (port(3, DEAD_VLAN), False),
        (port(DEAD_VLAN, mode="trunk"), False),
        (port(7, DEAD_VLAN, mode="trunk"), True),
        (port(DEAD_VLAN, DEAD_VLAN, mode="trunk"), True),
        (port(DEAD_VLAN, mode="dot1q-tunnel"), True),
        (port(DEAD_VLAN, mode="native-tagged"), True),
        ({"unbound": True}, True),
        ({}, False),
    ],
)
def test_ports_that_the_agent_has_cut_off(row: dict[str, Any], dead: bool) -> None:  # noqa: FBT001
    assert cut_off(row) is dead


@pytest.mark.parametrize(
    ("row", "inside", "outside"),
    [
        (port(), UNTAGGED, UNTAGGED),
        (port(), 7, 7),
        (port(), UNKNOWN, UNKNOWN),
        (port(7), 7, UNTAGGED),
        (port(7), 8, None),
        (port(7), UNTAGGED, None),
        (port(7), UNKNOWN, None),
        (port(None, 7, 8), 8, 8),
        (port(None, 7, 8), 9, None),
        (port(None, 7, 8), UNTAGGED, None),
        (port(None, 7, 8), UNKNOWN, None),
        (port(DEAD_VLAN), DEAD_VLAN, None),
        (port(7, 8), 8, 8),
        (port(7, 8, mode="access"), 8, None),
        (port(7, 8, mode="access"), 7, UNTAGGED),
        (port(7, mode="trunk"), 7, 7),
        (port(7, mode="trunk"), UNTAGGED, UNTAGGED),
        (port(7, 8, mode="trunk"), 7, None),
        (port(7, mode="native-untagged"), 7, UNTAGGED),
        (port(7, mode="native-untagged"), 8, 8),
        (port(7, 8, mode="native-untagged"), 9, None),
        (port(7, mode="native-tagged"), 7, 7),
        (port(7, 8, mode="native-tagged"), 7, 7),
        (port(7, 8, mode="native-tagged"), 9, None),
        (port(7, mode="dot1q-tunnel"), 7, UNTAGGED),
        (port(7, mode="dot1q-tunnel"), 8, None),
        (port(DEAD_VLAN, mode="dot1q-tunnel"), DEAD_VLAN, None),
    ],
)
def test_the_vlan_of_frames_that_leave_by_a_port(row: dict[str, Any], inside: int, outside: int | None) -> None:
    assert leaves(row, inside) == outside


@pytest.mark.parametrize(
    ("row", "outside", "inside"),
    [
        (port(), UNTAGGED, UNTAGGED),
        (port(), 7, 7),
        (port(7), UNTAGGED, 7),
        (port(7), 7, None),
        (port(None, 7), UNTAGGED, None),
        (port(None, 7), 7, 7),
        (port(DEAD_VLAN), UNTAGGED, None),
        (port(7, 8), 8, 8),
        (port(7, 8, mode="access"), 8, None),
        (port(7, mode="trunk"), UNTAGGED, UNTAGGED),
        (port(7, mode="trunk"), 9, 9),
        (port(7, mode="native-untagged"), UNTAGGED, 7),
        (port(7, 8, mode="native-untagged"), 7, 7),
        (port(7, mode="native-tagged"), UNTAGGED, 7),
        (port(7, 8, mode="native-tagged"), 9, None),
        (port(7, mode="dot1q-tunnel"), UNTAGGED, 7),
        (port(7, mode="dot1q-tunnel"), 9, UNKNOWN),
        (port(DEAD_VLAN, mode="dot1q-tunnel"), 9, None),
    ],
)
def test_the_vlan_of_frames_that_come_in_by_a_port(row: dict[str, Any], outside: int, inside: int | None) -> None:
    assert enters(row, outside) == inside
