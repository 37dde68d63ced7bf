# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""Objects of an APIC, read strictly: what is read of them, and each error with its place."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.errors import ParseError
from calipso_nornir.fetchers.cli.switch_heard import as_fabric
from calipso_nornir.parsing.aci import read
from calipso_nornir.parsing.aci_names import node_in, path_of, port_in, port_name
from calipso_nornir.parsing.rows import Neighbour
from tests.fixtures.aci_cloud import adjacency, dn, endpoint, node, path, port, port_channel, virtual


@pytest.mark.parametrize(
    ("text", "nodes", "name", "group"),
    [
        ("topology/pod-1/paths-101/pathep-[eth1/33]", (101,), "eth1/33", None),
        ("topology/pod-1/paths-101/extpaths-111/pathep-[eth1/5]", (101,), "eth111/1/5", None),
        ("topology/pod-1/paths-101/pathep-[PC one]", (101,), None, "PC one"),
        ("topology/pod-1/protpaths-101-102/pathep-[VPC]", (101, 102), None, "VPC"),
        ("topology/pod-1/protpaths-101-102/extprotpaths-111-112/pathep-[VPC]", (101, 102), None, "VPC"),
        ("topology/pod-1/paths/pathep-[tunnel7]", (), None, None),
    ],
)
def test_paths(text: str, nodes: tuple[int, ...], name: str | None, group: str | None) -> None:
    found = path_of(text)
    assert found is not None
    assert (found.nodes, found.port, found.group) == (tuple(dn(one) for one in nodes), name, group)


def test_names_that_are_none() -> None:
    assert [path_of(one) for one in (None, "", "eth1/1", "topology/pod-1/node-101")] == [None] * 4
    assert [node_in(one) for one in (None, "Cisco NX-OS", "topology/pod-1", "x topology/pod-1/node-1")] == [None] * 4
    assert (port_in("a/phys-[eth1/1]/phys"), port_in("a/aggr-[po7]"), port_in("a/b")) == ("eth1/1", "po7", None)
    assert [port_name(one) for one in ("Eth1/1", "Ethernet1/1/2", "eth1", "mgmt0")] == [
        "eth1/1",
        "eth1/1/2",
        None,
        None,
    ]


def test_a_port_with_its_state_and_its_port_channel() -> None:
    rows, gap = read("l1PhysIf", [port(101, "eth1/3", lag="po1"), port(101, "eth1/4", up=False)], asked="")
    assert gap is None
    assert [(one.name, one.up, one.reason, one.lag, one.mtu, one.speed) for one in rows] == [
        ("eth1/3", True, None, "po1", 9000, "25G"),
        ("eth1/4", False, "link-failure", None, 9000, "25G"),
    ]


def without(row: dict[str, Any], key: str) -> dict[str, Any]:
    ((name, whole),) = row.items()
    return {name: {**whole, "attributes": {k: v for k, v in whole["attributes"].items() if k != key}}}


NODE = node(101, "leaf")[0]
PORT, LAG = port(101, "eth1/1"), port_channel(101, "po1", "G", "eth1/1")


@pytest.mark.parametrize(
    ("class_name", "row", "said"),
    [
        ("fabricNode", 7, "imdata[0]: expected an object, found 7"),
        ("fabricNode", {}, "imdata[0]: expected fabricNode, found nothing"),
        ("fabricNode", PORT, "imdata[0]: expected fabricNode, found l1PhysIf"),
        ("fabricNode", {"fabricNode": {}}, 'imdata[0].fabricNode: "attributes" is missing'),
        ("fabricNode", without(NODE, "dn"), 'imdata[0].fabricNode.attributes: "dn" is missing'),
        ("fabricNode", without(NODE, "role"), 'imdata[0].fabricNode.attributes: "role" is missing'),
        (
            "fabricNode",
            {"fabricNode": {"attributes": {"dn": "uni/x", "name": "a", "role": "leaf"}}},
            "expected the name of a node (topology/pod-N/node-N) or of something below it, found 'uni/x'",
        ),
        ("fabricNode", node(101, "leaf", name="")[0], "name and role must not be empty"),
        (
            "fabricNode",
            {"fabricNode": {"attributes": {"dn": 7, "name": "a", "role": "b"}}},
            ".dn: expected a text, found 7",
        ),
        ("l1PhysIf", without(PORT, "adminSt"), 'imdata[0].l1PhysIf.attributes: "adminSt" is missing'),
        (
            "l1PhysIf",
            {"l1PhysIf": {"attributes": {"dn": f"{dn(101)}/sys/phys-[eth1/1]", "mtu": "big", "adminSt": "up"}}},
            "imdata[0].l1PhysIf.attributes.mtu: expected a number of bytes, found 'big'",
        ),
        (
            "lldpAdjEp",
            {"lldpAdjEp": {"attributes": {"dn": f"{dn(101)}/sys/lldp"}}},
            "imdata[0].lldpAdjEp.attributes.dn: expected the name of an interface (…/if-[eth1/1]), found",
        ),
        ("fvCEp", endpoint("zz"), "imdata[0].fvCEp.attributes.mac: expected a MAC address, found 'ZZ'"),
        (
            "fvCEp",
            endpoint("02:00:00:00:00:01", "elsewhere"),
            ".tDn: expected a path (topology/pod-N/paths-N/pathep-[…]), found 'elsewhere'",
        ),
        ("vpcIf", without(virtual(101, 1, "", "po1"), "id"), 'imdata[0].vpcIf.attributes: "id" is missing'),
        (
            "pcAggrIf",
            {"pcAggrIf": {"attributes": LAG["pcAggrIf"]["attributes"], "children": {}}},
            "expected a list, found {}",
        ),
    ],
)
def test_objects_of_another_form(class_name: str, row: Any, said: str) -> None:
    with pytest.raises(ParseError) as raised:
        read(class_name, [row], asked="")
    assert said in str(raised.value)


def test_one_row_that_cannot_be_read_does_not_affect_the_others() -> None:
    rows, gap = read("fabricNode", [NODE, without(NODE, "name")], asked="GET aci x")
    assert [one.name for one in rows] == ["leaf101"]
    assert 'imdata[1].fabricNode.attributes: "name" is missing' in str(gap)


def test_what_no_list_is() -> None:
    with pytest.raises(ParseError, match="imdata: expected a list, found dict"):
        read("fabricNode", {}, asked="")


def test_a_neighbour_outside_of_the_fabric() -> None:
    (row,), _ = read("lldpAdjEp", [adjacency(101, "eth1/1", sysName="sw", portDesc=path(7, "eth1/9"))], asked="")
    assert (row.peer, row.peer_port) == (None, None)


def heard(**told: Any) -> Neighbour:
    given = {
        "interface": "eth0",
        "protocol": "LLDP",
        "chassis_id_type": "mac",
        "chassis_id": "02:5e:00:00:00:01",
        "chassis_name": "leaf101",
        "chassis_description": dn(101),
        "management_addresses": (),
        "capabilities": None,
        "port_id_type": "local",
        "port_id": "Eth1/1",
        "port_description": path(101, "eth1/1"),
    }
    return Neighbour(**{**given, **told})


@pytest.mark.parametrize(
    "told", [{"chassis_description": "NX-OS"}, {"chassis_name": None}, {"port_id": "x", "port_description": "y"}]
)
def test_other_switches_are_left_as_they_are(told: dict[str, Any]) -> None:
    assert as_fabric(heard(**told)) == heard(**told)


def test_a_leaf_is_known_by_its_name_and_its_port_by_its_own() -> None:
    found = as_fabric(heard())
    assert (found.chassis_id_type, found.chassis_id, found.announced) == ("local", "leaf101", "02:5e:00:00:00:01")
    assert (found.port_id_type, found.port_id, found.port_description) == ("ifname", "eth1/1", "eth1/1")
    assert as_fabric(heard(port_id="02:5e:00:00:00:01", port_id_type="mac")).port_id == "eth1/1"
