# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""Which ports of a fabric are taken: port channels, fabric extenders, two tiers of leafs, and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.errors import CommandMissing, NotAuthorized
from calipso_nornir.fetchers.aci.ports import AciSwitchPnics
from calipso_nornir.fetchers.aci.switches import AciSwitches
from calipso_nornir.model.aci import NEIGHBOURS, NODES, SYSTEMS, endpoints_of, port_channels_of, ports_of, vpcs_of
from calipso_nornir.parsing.aci import read
from calipso_nornir.testing import drive, thing
from tests.fixtures.aci_cloud import POD, cable, dn, endpoint, hears_host, node, path, port, port_channel

PARENT = thing("switches_folder", id="cloud|switches", name="Switches")
MAC = "02:00:00:00:01:15"
HOST = thing("host", id="cmp1", name="cmp1")
PNIC = thing("host_pnic", id="cmp1|eth1", name="eth1", host="cmp1", local_name="eth1", mac_address=MAC)
NODES_OF = [one for number in (101, 102) for one in node(number, "leaf")] + node(201, "spine")


def answers(*objects: dict[str, Any], nodes: list[dict[str, Any]] | None = None, **changes: Any) -> dict[Any, Any]:
    """Return the answers of a fabric, as the source's kind hands them on."""
    all_ = [*(nodes or NODES_OF), *objects]

    def of(class_name: str, below: str = "") -> Any:
        rows = [one for one in all_ if class_name in one and one[class_name]["attributes"]["dn"].startswith(below)]
        return changes.get(class_name, read(class_name, rows, asked="")[0])

    numbers = [one["fabricNode"]["attributes"]["dn"] for one in all_ if "fabricNode" in one]
    per_node = {
        query(one): of(name, f"{one}/")
        for one in numbers
        for query, name in ((ports_of, "l1PhysIf"), (port_channels_of, "pcAggrIf"), (vpcs_of, "vpcIf"))
    }
    return {
        "host": [HOST],
        "host_pnic": [PNIC],
        "hosts that can be reached": [],
        "lldpctl -f json": CommandMissing("cmp1", "lldpctl -f json", 127, "not found"),
        NODES: of("fabricNode"),
        SYSTEMS: of("topSystem"),
        NEIGHBOURS: of("lldpAdjEp"),
        endpoints_of([MAC]): of("fvCEp"),
        **per_node,
    }


def roles(found: Any) -> dict[str, str]:
    return {one.id.replace("%2F", "/"): str(one.attributes["role"]) for one in found}


def test_a_plain_port_channel_is_found_by_its_policy_group() -> None:
    driven = drive(
        AciSwitchPnics(),
        PARENT,
        answers(
            port(101, "eth1/5"),
            port(101, "eth1/6", up=False),
            port_channel(101, "po4", "PC", "eth1/5", "eth1/6", mode="off"),
            endpoint(MAC, f"{POD}/paths-101/pathep-[PC]"),
        ),
    )
    assert roles(driven) == {
        "local|leaf101|eth1/5": "hostlink",
        "local|leaf101|eth1/6": "hostlink",
        "local|leaf101|po4": "lag",
    }
    facts = {one.name: one.attributes for one in driven}
    assert facts["po4"]["members"] == [{"port": "eth1/5", "active": True}, {"port": "eth1/6", "active": False}]
    assert (facts["eth1/6"]["lag"], facts["eth1/6"]["lag_active"], facts["eth1/6"]["lag_protocol"]) == (
        "po4",
        False,
        "NONE",
    )
    assert driven.gaps == {}


def test_a_port_of_a_fabric_extender() -> None:
    there = f"{POD}/paths-101/extpaths-111/pathep-[eth1/5]"
    driven = drive(AciSwitchPnics(), PARENT, answers(port(101, "eth111/1/5"), endpoint(MAC, there)))
    assert roles(driven) == {"local|leaf101|eth111/1/5": "hostlink"}
    assert driven[0].attributes["state"] == "up"


def test_a_port_channel_that_no_leaf_has_is_told_with_its_place() -> None:
    driven = drive(AciSwitchPnics(), PARENT, answers(endpoint(MAC, f"{POD}/paths-101/pathep-[GONE]")))
    assert list(driven) == []
    (told,) = map(str, driven.gaps.values())
    assert f'pcAggrIf: expected a port channel of {dn(101)} for "{POD}/paths-101/pathep-[GONE]"' in told


def test_from_a_leaf_of_the_second_tier_to_the_spines() -> None:
    nodes = [*node(101, "leaf", nodeType="tier-2-leaf"), *node(102, "leaf"), *node(201, "spine"), *node(103, "leaf")]
    objects = [
        hears_host(101, "eth1/1", "cmp1", 1),
        *cable(101, "eth1/49", 102, "eth1/51", role="leaf"),
        *cable(102, "eth1/49", 201, "eth1/1"),
        *cable(103, "eth1/49", 201, "eth1/9"),
    ]
    driven = drive(AciSwitchPnics(), PARENT, answers(*objects, nodes=nodes))
    assert roles(driven) == {
        "local|leaf101|eth1/1": "hostlink",
        "local|leaf101|eth1/49": "uplink",
        "local|leaf102|eth1/49": "uplink",
        "local|leaf102|eth1/51": "downlink",
        "local|spine201|eth1/1": "downlink",
    }
    switches = drive(AciSwitches(), PARENT, answers(*objects, nodes=nodes))
    assert [one.name for one in switches] == ["leaf101", "leaf102", "spine201"]
    assert switches[0].attributes["fabric_node_type"] == "tier-2-leaf"


def test_nodes_with_one_name_are_told_and_left_out() -> None:
    nodes = [*node(101, "leaf", name="twin"), *node(102, "leaf", name="twin"), *node(103, "leaf")]
    found = endpoint(MAC, path(101, "eth1/1"), path(103, "eth1/1"))
    driven = drive(AciSwitches(), PARENT, answers(found, nodes=nodes))
    assert [one.name for one in driven] == ["leaf103"]
    (told,) = map(str, driven.gaps.values())
    assert f'fabricNode: expected one node with the name "twin", found {dn(101)}, {dn(102)}' in told


def test_nobody_elses_ports_are_taken() -> None:
    driven = drive(AciSwitchPnics(), PARENT, answers(hears_host(101, "eth1/7", "net1", 1), port(101, "eth1/7")))
    assert list(driven) == []


@pytest.mark.parametrize("class_name", ["topSystem", "l1PhysIf"])
def test_without_details_the_objects_are_found_all_the_same(class_name: str) -> None:
    refused = NotAuthorized("APIC https://apic", "/api/x.json", "no rights")
    changes: dict[str, Any] = {class_name: refused}
    given = answers(hears_host(101, "eth1/1", "cmp1", 1), **changes)
    for fetcher, name in ((AciSwitches(), "leaf101"), (AciSwitchPnics(), "eth1/1")):
        driven = drive(fetcher, PARENT, given)
        assert [one.name for one in driven] == [name]
        assert driven.gaps == {}
