# SPDX-License-Identifier: Apache-2.0
"""A tool's JSON and text, read on the same host at the same time, give equal rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.parsing import bridge, ip, lldp, ovs, ovs_show
from calipso_nornir.wiring.devices import Devices, resolve_namespaces

if TYPE_CHECKING:
    from calipso_nornir.parsing.rows import OvsBridge, OvsInterface, OvsPort

LINUX = Path(__file__).parent / "linux"


def raw(command: str, case: str) -> str:
    return (LINUX / command / f"{case}.raw").read_text()


def both(first: str, second: str) -> list[str]:
    """Names of the cases that two folders have in common, without those that have to be refused."""
    names = [{path.stem for path in (LINUX / command).glob("*.raw")} for command in (first, second)]
    return sorted(names[0] & names[1] - {"attributes", "cut"})


@pytest.mark.parametrize("case", both("ip_address", "ip_address_json"))
def test_interfaces(case: str) -> None:
    from_text, from_json = ip.address_text(raw("ip_address", case)), ip.address_json(raw("ip_address_json", case))
    namespaces = raw("ip_netns_json", base) if (base := case.removesuffix("_plain")) in both_netns() else "[]"
    resolved = resolve_namespaces(from_json, ip.netns_json(namespaces))
    assert from_text == resolved
    assert len(from_text) > 1


def both_netns() -> list[str]:
    return both("ip_netns", "ip_netns_json")


def test_the_cases_hold_what_they_are_for() -> None:
    cases = both("ip_address", "ip_address_json")
    interfaces = [each for case in cases for each in ip.address_text(raw("ip_address", case))]
    kinds = {each.kind for each in interfaces}
    assert kinds >= {"bridge", "veth", "vxlan", "tun", "vlan", "bond", "openvswitch", "geneve", "macvlan", None}
    assert {each.member_of_kind for each in interfaces} >= {"bridge", "bond", "openvswitch"}
    assert any(each.peer_netns and each.peer_netns.startswith("qrouter-") for each in interfaces)
    assert any(each.peer_netns == "nsid:0" for each in interfaces)


@pytest.mark.parametrize("case", both("ip_netns", "ip_netns_json"))
def test_namespaces(case: str) -> None:
    assert ip.netns_text(raw("ip_netns", case)) == ip.netns_json(raw("ip_netns_json", case))


@pytest.mark.parametrize("case", both("bridge_fdb", "bridge_fdb_json"))
def test_forwarding_entries(case: str) -> None:
    assert bridge.fdb_text(raw("bridge_fdb", case)) == bridge.fdb_json(raw("bridge_fdb_json", case))


@pytest.mark.parametrize("case", ["lb_network_node", "ovs_compute_node", "kinds"])
def test_bridges_of_brctl_and_of_ip(case: str) -> None:
    listed = bridge.brctl_show(raw("brctl_show", case))
    assert listed == Devices(ip.address_text(raw("ip_address", case))).bridges()
    assert listed == Devices(ip.address_json(raw("ip_address_json", case))).bridges()
    assert any(each.interfaces for each in listed)


@pytest.mark.parametrize("case", ["network_node", "bond_trunk_quotes", "empty"])
def test_open_vswitch_of_tables_and_of_show(case: str) -> None:
    tables = [ovs.table(raw("ovs-vsctl_list_json", f"{case}_{name}")) for name in ("bridge", "port", "interface")]
    joined = ovs.bridges_from_tables(tables[0], tables[1], tables[2])
    assert ovs_show.bridges_from_show(raw("ovs-vsctl_show", case)) == tuple(told_by_show(each) for each in joined)
    assert bool(joined) == (case != "empty")


def told_by_show(whole: OvsBridge) -> OvsBridge:
    """Return what ``ovs-vsctl show`` tells of a bridge."""

    def interface(of: OvsInterface) -> OvsInterface:
        return replace(of, ofport=None, mac=None, link_state=None, external_ids={})

    def port(of: OvsPort) -> OvsPort:
        return replace(of, other_config={}, interfaces=tuple(interface(each) for each in of.interfaces))

    return replace(whole, ports=tuple(port(each) for each in whole.ports))


@pytest.mark.parametrize("case", ["controller", "none", "noname", "two_interfaces", "several"])
def test_neighbours_of_both_forms(case: str) -> None:
    short, regular = raw("lldpctl_json", case), raw("lldpctl_json", f"{case}_json0")
    assert lldp.neighbours(short) == lldp.neighbours(regular)
    assert bool(lldp.neighbours(short)) == (case != "none")
