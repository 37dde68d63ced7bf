# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - rows and attributes are JSON of any shape
"""Logical switches and routers of OVN-Kubernetes: what is found, and what is not concluded from rows that are unclear.

The databases are those of the zone of node o1 (golden pairs ``logical_of_a_zone`` and ``southbound_of_a_zone``).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.errors import ParseError, SourceFailed, SourceNotConfigured, ZonesUnread
from calipso_nornir.fetchers.kubernetes.ovn_routers import ClusterRouterPorts, ClusterRouters
from calipso_nornir.fetchers.kubernetes.ovn_switches import ClusterSwitches, OvnPodSwitches
from calipso_nornir.fetchers.ovn.databases import LOGICAL, SOUTHBOUND
from calipso_nornir.link_finders.cluster_networks import ClusterNetworks
from calipso_nornir.parsing.ovn_logical import TABLES, logical
from calipso_nornir.testing import connect, drive, thing, view

GOLDEN = Path(__file__).parents[1] / "parsers" / "linux" / "ovsdb-client_query"
NORTH, SOUTH = ((GOLDEN / f"{name}_of_a_zone.raw").read_text() for name in ("logical", "southbound"))
ENVIRONMENT = thing("environment", id="k8s")
NODES = [thing("host", {"annotations": {}}, id="o1"), thing("host", {"annotations": {}}, id="o2")]
PLACE = {name: number for number, (name, _) in enumerate(TABLES)}


class Rows:
    """The rows of Northbound, to be changed by name."""

    def __init__(self, text: str = NORTH) -> None:
        self.all = json.loads(text)

    def table(self, name: str) -> list[Any]:
        rows: list[Any] = self.all[PLACE[name]]["rows"]
        return rows

    def row(self, table: str, name: str, column: str = "name") -> Any:
        (found,) = [one for one in self.table(table) if one[column] == name]
        return found

    def text(self) -> str:
        return json.dumps(self.all)


def asked(fetcher: Any, parent: Any = ENVIRONMENT, north: Any = NORTH, south: Any = SOUTH, **more: Any) -> Any:
    answers = {str(LOGICAL): north, str(SOUTHBOUND): south, "host": NODES, **more}
    return {one.id: one for one in drive(fetcher, parent, answers)}


def switch(name: str, rows: Rows) -> Any:
    return asked(ClusterSwitches(), north=rows.text())[name].attributes


def test_a_transit_switch_is_one_in_all_zones_and_others_are_their_zones() -> None:
    found = asked(ClusterSwitches())
    assert sorted(found) == ["o1|ext_o1", "o1|join", "o1|o1", "ovn|transit_switch"]
    transit = found["ovn|transit_switch"].attributes
    assert (transit["ovn_tunnel_key"], transit.get("zone"), transit["cidrs"]) == (16711683, None, ["100.88.0.0/16"])
    assert transit["remote_ports"] == [{"name": "tstor-o2", "chassis": "chassis-o2", "host": "o2"}]
    assert found["o1|o1"].attributes["zone"] == "o1"


def test_that_other_zones_were_not_read_is_told_once_and_only_if_there_are_some() -> None:
    def told(north: str, south: str = SOUTH) -> Any:
        return drive(ClusterSwitches(), ENVIRONMENT, {str(LOGICAL): north, str(SOUTHBOUND): south, "host": NODES}).told

    assert told(NORTH) == [ZonesUnread("o1", ("o2",))]
    assert "not missing: o2." in str(ZonesUnread("o1", ("o2",)))
    assert str(ZonesUnread("z", tuple(map(str, range(11))))).count("…") == 1
    assert told(NORTH, SOUTH.replace('["is-remote","true"]', '["is-remote","false"]')) == []
    rows = Rows()
    rows.table("NB_Global")[0]["name"] = "global"
    assert told(rows.text()) == [], "in central mode, a remote chassis is of another cluster"


def test_a_switch_with_a_vlan_outside() -> None:
    rows = Rows()
    rows.row("Logical_Switch_Port", "br-ex_o1")["tag"] = 7
    outside = switch("o1|ext_o1", rows)
    shown = [outside[f"provider_{name}"] for name in ("network_type", "physical_network", "segmentation_id")]
    assert shown == ["vlan", "physnet", "7"]


def test_switches_with_one_name_are_two() -> None:
    rows = Rows()
    rows.row("Logical_Switch", "join")["name"] = "o1"
    rows.row("Logical_Switch", "ext_o1")["name"] = ""
    found = asked(ClusterSwitches(), north=rows.text())
    uuids = {one["name"]: one["_uuid"][1] for one in Rows().table("Logical_Switch")}
    assert sorted(found) == sorted(
        [f"o1|o1|{uuids['join']}", f"o1|o1|{uuids['o1']}", f"o1|-|{uuids['ext_o1']}", "ovn|transit_switch"]
    )
    assert found[f"o1|-|{uuids['ext_o1']}"].name == uuids["ext_o1"]


def test_a_router_port_that_two_switches_claim_is_on_none() -> None:
    rows = Rows()
    rows.row("Logical_Switch_Port", "k8s-o1").update(type="router", options=["map", [["router-port", "rtoj-GR_o1"]]])
    router = asked(ClusterRouters(), north=rows.text())["o1|GR_o1"]
    assert router.attributes["network"] == ["o1|ext_o1"]
    ports = of_router(rows, "GR_o1")
    assert ("network" in ports["rtoj-GR_o1"], "peer" in ports["rtoj-GR_o1"]) == (False, False)
    assert switch("o1|o1", rows)["gateway_routes"] == [], "no port has the next hop any more"


WAY = {"prefix": "10.128.1.0/24", "next_hop": "100.64.0.2", "router_id": "o1|GR_o1"}


def test_the_way_out_is_a_neighbours_port() -> None:
    assert switch("o1|o1", Rows())["gateway_routes"] == [WAY]
    assert switch("o1|join", Rows())["gateway_routes"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"nexthop": "10.128.1.2"},  # local gateway mode: the node's own interface
        {"nexthop": "100.64.0.99"},
        {"nexthop": "discard"},
        {"policy": "dst-ip"},
        {"policy": ["set", []]},
        {"route_table": "other"},
        {"ip_prefix": "10.128.0.0/16"},
        {"ip_prefix": "$a"},
        {"nexthop": "192.0.2.31"},  # a port of the gateway router, but on a network that the cluster's router is not on
    ],
)
def test_no_other_route_is_a_way_out(change: dict[str, Any]) -> None:
    rows = Rows()
    rows.row("Logical_Router_Static_Route", "10.128.1.0/24", "ip_prefix").update(change)
    assert switch("o1|o1", rows)["gateway_routes"] == []


def test_a_next_hop_that_two_routers_have_is_no_way_out() -> None:
    rows = Rows()
    second = {**rows.row("Logical_Router_Port", "rtoj-GR_o1"), "_uuid": ["uuid", "f" * 36], "name": "rtoj-GR_x"}
    rows.table("Logical_Router_Port").append(second)
    end = {**rows.row("Logical_Switch_Port", "jtor-GR_o1"), "_uuid": ["uuid", "e" * 36], "name": "jtor-GR_x"}
    rows.table("Logical_Switch_Port").append({**end, "options": ["map", [["router-port", "rtoj-GR_x"]]]})
    rows.row("Logical_Switch", "join")["ports"][1].append(end["_uuid"])
    other = {**rows.row("Logical_Router", "GR_o1"), "_uuid": ["uuid", "d" * 36], "name": "GR_x"}
    rows.table("Logical_Router").append({**other, "ports": second["_uuid"]})
    assert switch("o1|o1", rows)["gateway_routes"] == []


def test_routers_that_are_joined_without_a_switch() -> None:
    rows = Rows()
    for own, peer in (("rtoj-GR_o1", "rtoj-ovn_cluster_router"), ("rtoj-ovn_cluster_router", "rtoj-GR_o1")):
        rows.row("Logical_Router_Port", own)["peer"] = peer
    rows.row("Logical_Switch", "join")["ports"] = ["set", []]
    assert switch("o1|o1", rows)["gateway_routes"] == [WAY]
    port = of_router(rows, "GR_o1")["rtoj-GR_o1"]
    assert (port["peer"], "network" in port) == ("rtoj-ovn_cluster_router", False)


def of_router(rows: Rows, name: str, south: Any = SOUTH) -> dict[str, Any]:
    parent = thing("vservice", {"router_id": rows.row("Logical_Router", name)["_uuid"][1]}, id=f"o1|{name}")
    found = asked(ClusterRouterPorts(), parent, rows.text(), south)
    return {one.name: one.attributes for one in found.values()}


def test_ports_are_on_the_chassis_that_they_are_bound_to() -> None:
    ports = of_router(Rows(), "ovn_cluster_router")
    assert {name: (one.get("chassis"), one.get("host")) for name, one in ports.items()} == {
        "rtoj-ovn_cluster_router": (None, None),
        "rtos-o1": ("chassis-o1", "o1"),
        "rtots-o1": (None, None),
    }
    gateway = of_router(Rows(), "GR_o1")
    assert [(name, one["gateway"], one["host"]) for name, one in sorted(gateway.items())] == [
        ("rtoe-GR_o1", True, "o1"),
        ("rtoj-GR_o1", False, "o1"),
    ]
    unbound = SOUTH.replace('"logical_port":"rtoe-GR_o1"', '"logical_port":"somebody"')
    assert unbound != SOUTH
    ports = of_router(Rows(), "GR_o1", unbound)
    assert ("chassis" in ports["rtoe-GR_o1"], ports["rtoe-GR_o1"]["gateway"]) == (False, False)


def test_a_router_that_is_switched_off_has_no_port_that_is_up() -> None:
    rows = Rows()
    rows.row("Logical_Router", "GR_o1")["enabled"] = False
    assert {one["state"] for one in of_router(rows, "GR_o1").values()} == {"DOWN"}


def test_ports_of_a_router_that_is_gone() -> None:
    gone = thing("vservice", {"router_id": "none"}, id="o1|gone")
    assert asked(ClusterRouterPorts(), gone) == {}


def test_a_chassis_is_the_node_that_says_so_else_the_one_with_its_host_name() -> None:
    nodes = [
        thing("host", {"annotations": {"k8s.ovn.org/node-chassis-id": "chassis-o1"}}, id="renamed"),
        thing("host", {"annotations": None}, id="o1"),
    ]
    found = asked(ClusterRouters(), host=nodes)["o1|GR_o1"].attributes
    assert [one["host"] for one in found["gateways"]] == ["renamed"]
    assert [
        one["host"] for one in asked(ClusterSwitches(), host=nodes)["ovn|transit_switch"].attributes["remote_ports"]
    ] == [None]


POD = thing("vnic", {"port_id": "default_web-o1"}, id="web-o1|eth0", name="eth0")


def test_the_switch_of_a_pod_is_the_one_that_has_its_port() -> None:
    [found] = asked(OvnPodSwitches(), POD).values()
    assert found.attributes == {"logical_switch": "o1|o1"}
    assert asked(OvnPodSwitches(), thing("vnic", {"port_id": "default_web-o2"}, id="web-o2|eth0")) == {}
    assert asked(OvnPodSwitches(), thing("vnic", id="net1")) == {}


@pytest.mark.parametrize("fetcher", [ClusterSwitches(), ClusterRouters(), ClusterRouterPorts(), OvnPodSwitches()])
def test_databases_that_are_not_configured_are_no_error_but_silent_ones_are(fetcher: Any) -> None:
    parent = POD if isinstance(fetcher, OvnPodSwitches) else thing("vservice", {"router_id": "r"}, id="r")
    nowhere, silent = SourceNotConfigured("ovsdb"), SourceFailed("OVN_Northbound", "gone")
    assert asked(fetcher, parent, nowhere, nowhere) == {}
    with pytest.raises(SourceFailed):
        asked(fetcher, parent, silent)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("Logical_Switch", "other_config", "x"),
        ("Logical_Switch_Port", "options", "x"),
        ("Logical_Switch_Port", "tag", "x"),
        ("Logical_Router_Port", "networks", 1),
        ("Logical_Router_Static_Route", "nexthop", 1),
        ("NB_Global", "name", 1),
    ],
)
def test_a_column_of_another_type_is_named(table: str, column: str, value: Any) -> None:
    rows = Rows()
    rows.table(table)[0][column] = value
    with pytest.raises(ParseError, match=rf"{table}\.{column}"):
        logical(rows.text())


def test_objects_of_another_cloud_get_no_links() -> None:
    vedge = thing("vedge", {"chassis": "chassis-o1", "host": "o1"}, id="o1|OVN")
    router = thing("vservice", {"chassis": "chassis-o1"}, id="r")
    vnic = thing("vnic", {"logical_switch": "n"}, id="v")
    assert list(ClusterNetworks().find(view(thing("network", id="n"), vedge, router, vnic))) == []


def test_links_need_both_ends() -> None:
    network = thing(
        "network",
        {
            "gateway_routes": [WAY, {**WAY, "router_id": "gone"}],
            "remote_ports": [
                {"name": "a", "chassis": "chassis-o2", "host": "o2"},
                {"name": "b", "chassis": None, "host": None},
                {"name": "c", "chassis": "chassis-o3", "host": None},
            ],
        },
        id="n",
        name="switch",
    )
    vedge = thing("vedge", {"chassis": "chassis-o2", "host": "o2"}, id="o2|OVN", name="o2-OVN")
    router = thing("vservice", {"chassis": "chassis-o1"}, id="o1|GR_o1", name="GR_o1")
    vnic = thing("vnic", {"logical_switch": "n", "port_id": "p", "ovn": {"up": False}}, id="v", name="eth0")
    links = connect(view(network, vedge, router, vnic), ClusterNetworks())
    assert sorted((one.type, one.target.id, one.state) for one in links) == [
        ("network-vedge", "o2|OVN", "up"),
        ("network-vservice", "o1|GR_o1", "up"),
        ("vnic-network", "n", "down"),
    ]
