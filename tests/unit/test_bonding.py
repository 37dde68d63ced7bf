# SPDX-License-Identifier: Apache-2.0
"""Which members of bonds and teams carry frames."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.fetchers.bonding import bond_roles, lacp_state, ovs_bond, team_roles, vpp_lacp_state, vpp_role
from calipso_nornir.parsing.rows import Bond, BondMember, OvsInterface, TeamPort, TeamState
from calipso_nornir.parsing.vpp import VppLacp

BACKUP = "fault-tolerance (active-backup)"
LACP = "IEEE 802.3ad Dynamic link aggregation"


def bond(mode: str, *members: BondMember, current: str = "None", **aggregator: str) -> Bond:
    info = {"Active Aggregator Info": {key.replace("_", " "): value for key, value in aggregator.items()}}
    details = {"Bonding Mode": mode, "Currently Active Slave": current}
    return Bond(details, info if aggregator else {}, members)


def member(name: str, mii: str = "up", aggregator: str | None = None) -> BondMember:
    details = {"MII Status": mii, **({} if aggregator is None else {"Aggregator ID": aggregator})}
    return BondMember(name, None, details)


@pytest.mark.parametrize(
    ("told", "roles"),
    [
        (bond("load balancing (round-robin)", member("a"), member("b", "down")), {"a": "active", "b": "down"}),
        (
            bond("fault-tolerance (active-backup)", member("a"), member("b"), current="b"),
            {"a": "backup", "b": "active"},
        ),
        (bond("adaptive load balancing", member("a"), member("b"), current="b"), {"a": "active", "b": "active"}),
        (bond(LACP, member("a"), member("b", "down")), {"b": "down"}),
        (bond(LACP, member("a", aggregator="1"), Aggregator_ID="1"), {"a": "active"}),
        (bond(LACP, member("a", aggregator="2"), Aggregator_ID="1"), {"a": "not aggregated"}),
    ],
)
def test_members_of_a_kernels_bond(told: Bond, roles: dict[str, str]) -> None:
    assert bond_roles(told) == roles


def test_whether_a_switch_answers() -> None:
    assert lacp_state(bond(LACP, Partner_Mac_Address="aa:00:00:00:00:01")) == "negotiated"
    assert lacp_state(bond(LACP, Partner_Mac_Address="00:00:00:00:00:00")) == "no partner"
    assert lacp_state(bond(LACP)) is None, "it is shown to root only"


def test_members_of_a_team() -> None:
    ports = (TeamPort("a", up=True, selected=True), TeamPort("b", up=True, selected=False), TeamPort("c", up=False))
    assert team_roles(TeamState("lacp", None, ports)) == {"a": "active", "b": "not aggregated", "c": "down"}
    assert team_roles(TeamState("activebackup", "b", ports)) == {"a": "backup", "b": "active", "c": "down"}
    assert team_roles(TeamState("roundrobin", None, ports)) == {"a": "active", "b": "active", "c": "down"}


@pytest.mark.parametrize(
    ("row", "current", "roles"),
    [
        ({}, {}, [None, None, "down"]),
        ({"bond_active_slave": "02:00:00:00:00:0B"}, {}, ["backup", "active", "down"]),
        ({"bond_mode": "balance-slb"}, {}, ["active", "active", "down"]),
        ({"bond_mode": "balance-tcp", "lacp": "passive"}, {"a": True}, ["active", "not aggregated", "down"]),
        ({"bond_mode": [], "lacp": [], "bond_active_slave": []}, {"a": []}, [None, None, "down"]),
    ],
)
def test_members_of_a_bond_of_open_vswitch(
    row: dict[str, Any], current: dict[str, Any], roles: list[str | None]
) -> None:
    members = [
        OvsInterface("a", "", mac="02:00:00:00:00:0a", link_state="up"),
        OvsInterface("b", "", mac="02:00:00:00:00:0b", link_state="up"),
        OvsInterface("c", "", mac="02:00:00:00:00:0c", link_state="down"),
    ]
    assert [one["role"] for one in ovs_bond("br-ex", "bond", members, row, current)["members"]] == roles


def test_members_of_a_bond_of_vpp() -> None:
    collecting = VppLacp("a", 1, "BondEthernet0", "02:00:00:00:00:01", "COLLECTING_DISTRIBUTING")
    detached = VppLacp("b", 2, "BondEthernet0", None, "DETACHED")
    assert [vpp_role(collecting, up=True), vpp_role(detached, up=True), vpp_role(collecting, up=False)] == [
        *("active", "not aggregated", "down")
    ]
    assert [vpp_lacp_state([detached, collecting]), vpp_lacp_state([detached])] == ["negotiated", "no partner"]
