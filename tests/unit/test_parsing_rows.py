# SPDX-License-Identifier: Apache-2.0
"""What golden pairs do not show: joins, look-ups, order, properties, and the time taken."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from calipso_nornir.errors import ParseError, ResourceMissing
from calipso_nornir.parsing import ethtool, ip, libvirt, ovs
from calipso_nornir.parsing.rows import Interface, Namespace
from calipso_nornir.resources import data
from calipso_nornir.wiring.devices import Devices, resolve_namespaces

RAW = Path(__file__).parents[1] / "parsers" / "linux"

BARE = {"ifindex": 2, "ifname": "v", "flags": [], "mtu": 1500, "operstate": "UP", "link_type": "ether"}


def interfaces(case: str = "lb_network_node") -> tuple[Interface, ...]:
    return ip.address_json((RAW / "ip_address_json" / f"{case}.raw").read_text())


def test_namespaces_are_named_where_a_name_is_known() -> None:
    numbered = {each.name: each.peer_netns for each in interfaces()}
    assert numbered["tap076c4d22-f5"] == "nsid:1"
    named = resolve_namespaces(interfaces(), [Namespace("q", 1), Namespace("again", 1), Namespace("other")])
    found = {each.name: each.peer_netns for each in named}
    assert found["tap076c4d22-f5"] == "q"
    assert found["eth0"] == "nsid:0"
    assert found["vxlan-90"] is None
    assert resolve_namespaces(interfaces(), []) == interfaces()


def test_a_link_that_is_only_an_index_is_no_name() -> None:
    row = {
        "ifindex": 2,
        "link": "if7",
        "ifname": "v",
        "flags": [],
        "mtu": 1500,
        "operstate": "UP",
        "link_type": "ether",
    }
    (found,) = ip.address_json(json.dumps([row]))
    assert found.lower is None
    there = {**row, "ifindex": 7, "ifname": "if7", "link": None}
    assert [each.lower for each in ip.address_json(json.dumps([row, there]))] == ["if7", None]


def test_objects_that_a_filter_emptied_are_passed_over() -> None:
    assert ip.address_json("[{},{}]") == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mtu": "1500"}, '$[0].mtu: expected an integer, found "1500"'),
        ({"mtu": True}, "$[0].mtu: expected an integer, found true"),
        ({"mtu": 10**30}, "$[0].mtu: expected an integer"),
        ({"ifname": None}, "$[0].ifname: expected a text, found null"),
        ({"flags": "UP"}, "$[0].flags: expected a list of texts"),
        ({"linkinfo": []}, "$[0].linkinfo: expected an object"),
        ({"addr_info": {}}, "$[0].addr_info: expected a list"),
        ({"addr_info": [{"family": "dnet"}]}, "$[0].addr_info[0]: address family 'dnet' is not known"),
        ({"linkinfo": {"info_kind": "vlan", "info_data": {}}}, '$[0].linkinfo.info_data: "id" is missing'),
    ],
)
def test_json_of_another_shape_is_refused_with_its_place(change: dict[str, object], words: str) -> None:
    with pytest.raises(ParseError) as raised:
        ip.address_json(json.dumps([BARE | change]))
    assert words in raised.value.problem


def test_half_a_surrogate_pair_is_refused_and_a_whole_one_is_not() -> None:
    listing = '[{"name":"a\\ud83d\\ude00"}]'
    assert ip.netns_json(listing) == (Namespace("a\N{GRINNING FACE}"),)
    with pytest.raises(ParseError, match="not a usable JSON"):
        ip.netns_json(listing.replace("\\ude00", ""))


@pytest.mark.parametrize(
    ("flags", "state", "up"),
    [
        ("UP LOWER_UP", "UP", True),
        ("UP LOWER_UP", "UNKNOWN", True),
        ("UP NO-CARRIER", "DOWN", False),
        ("", "UP", False),
    ],
)
def test_up(flags: str, state: str, *, up: bool) -> None:
    assert replace(interfaces()[0], flags=tuple(flags.split()), state=state).up is up


def test_bridges_of_plain_ip_address_are_none_since_it_does_not_tell() -> None:
    assert Devices(ip.address_text((RAW / "ip_address" / "lb_network_node_plain.raw").read_text())).bridges() == ()


def test_ethtool_keeps_the_order_of_print() -> None:
    found = ethtool.settings((RAW / "ethtool" / "physical.raw").read_text())
    assert list(found)[:3] == ["Supported ports", "Supported link modes", "Supported pause frame use"]
    assert list(found)[-1] == "Link detected"
    with pytest.raises(ParseError, match="'Speed' appears twice"):
        ethtool.settings("Settings for a:\n\tSpeed: 1\n\tSpeed: 2\n")


# --- Open vSwitch


Rows: TypeAlias = "list[dict[str, object]]"


def tables(*, port: Rows | None = None, interface: Rows | None = None) -> tuple[Rows, Rows, Rows]:
    return (
        [{"_uuid": "b", "name": "br-int", "ports": "p"}],
        [{"_uuid": "p", "name": "tap1", "interfaces": "i"}] if port is None else port,
        [{"_uuid": "i", "name": "tap1"}] if interface is None else interface,
    )


def test_open_vswitch_needs_no_more_columns_than_it_joins_by() -> None:
    (found,) = ovs.bridges_from_tables(*tables())
    (port,) = found.ports
    assert (found.name, found.datapath_type, port.name, port.tag, port.trunks) == ("br-int", "", "tap1", None, ())
    (interface,) = port.interfaces
    assert (interface.type, interface.ofport, interface.mac, interface.link_state) == ("", None, None, None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"port": []}, "Bridge[0]: ports names p, which the other table lacks"),
        ({"interface": []}, "Port[0]: interfaces names i, which the other table lacks"),
        ({"port": [{"_uuid": "p", "name": "tap1"}]}, 'Port[0]: the column "interfaces" is missing'),
        ({"interface": [{"name": "tap1"}]}, 'Interface[0]: "_uuid" is missing'),
        ({"port": [{"_uuid": "p", "name": "a", "interfaces": "i", "tag": [1, 2]}]}, "Port[0]: tag has 2 values"),
        ({"port": [{"_uuid": "p", "name": "a", "interfaces": "i", "tag": "x"}]}, "Port[0].tag: expected an integer"),
        ({"port": [{"_uuid": "p", "name": "a", "interfaces": "i", "other_config": "x"}]}, "expected an object"),
        ({"port": [{"_uuid": "p", "name": "a", "interfaces": "i", "vlan_mode": 1}]}, "Port[0]: vlan_mode is 1"),
    ],
)
def test_tables_that_do_not_fit_are_refused(changes: dict[str, Rows], words: str) -> None:
    with pytest.raises(ParseError) as raised:
        ovs.bridges_from_tables(*tables(**changes))
    assert words in raised.value.problem


@pytest.mark.parametrize(("ofport", "expected"), [(5, 5), (-1, None), ([], None), (65534, 65534)])
def test_numbers_of_ports(ofport: object, expected: int | None) -> None:
    rows = tables(interface=[{"_uuid": "i", "name": "tap1", "ofport": ofport}])
    assert ovs.bridges_from_tables(*rows)[0].ports[0].interfaces[0].ofport == expected


@pytest.mark.parametrize(
    ("columns", "mode"),
    [
        ({}, None),
        ({"vlan_mode": []}, "trunk"),
        ({"vlan_mode": [], "tag": 3}, "access"),
        ({"vlan_mode": "native-tagged", "tag": 3}, "native-tagged"),
        ({"vlan_mode": "trunk", "tag": 3}, "trunk"),
    ],
)
def test_how_a_port_treats_vlans(columns: dict[str, object], mode: str | None) -> None:
    rows = tables(port=[{"_uuid": "p", "name": "a", "interfaces": "i", **columns}])
    assert ovs.bridges_from_tables(*rows)[0].ports[0].vlan_mode == mode


# --- libvirt


def test_domain_xml_nested_without_end_is_refused() -> None:
    deep = "<a>" * 2000 + "</a>" * 2000
    xml = f"<domain><name>n</name><uuid>u</uuid><devices><interface type='x'>{deep}</interface></devices></domain>"
    with pytest.raises(ParseError, match="nested deeper"):
        libvirt.domain(xml)


@pytest.mark.parametrize("xml", ["<network/>", "<domain><name>n</name></domain>", "<domain><uuid>u</uuid></domain>"])
def test_xml_that_is_no_domain_is_refused(xml: str) -> None:
    with pytest.raises(ParseError, match=r"expected <domain>|has no <"):
        libvirt.domain(xml)


def test_tags_with_the_signs_of_a_path_are_plain_names() -> None:
    xml = "<domain><name>n</name><uuid>u</uuid><devices><interface type='x'><a.b/><a.b/></interface></devices></domain>"
    assert libvirt.domain(xml).interfaces[0].element == {"@type": "x", "a.b": [{}, {}]}


# --- where the templates are


def test_data_folders_of_a_wheel_of_a_checkout_and_of_neither(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "calipso_nornir"
    (tmp_path / "site-packages" / "parsers").mkdir(parents=True)
    with pytest.raises(ResourceMissing, match='"parsers" is missing'):
        data("parsers", package=package)  # some other distribution's folder
    (tmp_path / "site-packages" / "pyproject.toml").touch()
    assert data("parsers", package=package) == tmp_path / "site-packages" / "parsers"
    (package / "_data" / "parsers").mkdir(parents=True)
    assert data("parsers", package=package) == package / "_data" / "parsers"
    assert (data("parsers") / "templates" / "index").is_file()


# --- time


def test_a_thousand_interfaces_take_tens_of_milliseconds() -> None:
    rows = json.loads((RAW / "ip_address_json" / "lb_network_node.raw").read_text())
    text = json.dumps([{**rows[n % len(rows)], "ifindex": n} for n in range(1000)])
    took = []
    for _ in range(5):
        start = time.process_time()
        assert len(ip.address_json(text)) == 1000
        took.append(time.process_time() - start)
    assert min(took) < 0.1, took  # measured: 0.03 s, a third of it json.loads
