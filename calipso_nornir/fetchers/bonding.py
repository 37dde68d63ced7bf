# SPDX-License-Identifier: Apache-2.0
"""Determines which members of a bond or team carry frames: "active", "backup", "not aggregated" or "down".

A member outside the active aggregator passes no frames, even if its own link is up (IEEE 802.1AX, 6.4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.parsing.common_values import mac_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.parsing.rows import Bond, BondMember, OvsInterface, TeamState
    from calipso_nornir.parsing.vpp import VppLacp

ACTIVE, BACKUP, NOT_AGGREGATED, DOWN = "active", "backup", "not aggregated", "down"


def bond_roles(bond: Bond) -> dict[str, str]:
    """Return the role of each member of a kernel bond, as far as known (Documentation/networking/bonding.rst).

    The kernel shows aggregators only to processes that may administer the network.
    """
    mode, current = bond.details["Bonding Mode"], bond.details.get("Currently Active Slave")
    aggregator = bond.info.get("Active Aggregator Info", {}).get("Aggregator ID")
    roles = {}
    for member in bond.members:
        if member.details.get("MII Status") != "up":
            roles[member.name] = DOWN
        elif "802.3ad" in mode:
            if aggregator is not None and "Aggregator ID" in member.details:
                roles[member.name] = ACTIVE if _aggregator(member) == aggregator else NOT_AGGREGATED
        elif "active-backup" in mode:
            roles[member.name] = ACTIVE if member.name == current else BACKUP
        else:
            roles[member.name] = ACTIVE
    return roles


def _aggregator(member: BondMember) -> str:
    return member.details["Aggregator ID"]


def lacp_state(bond: Bond) -> str | None:
    """Return whether a switch negotiates LACP with a bond; None for other modes, or if the kernel does not show it."""
    partner = bond.info.get("Active Aggregator Info", {}).get("Partner Mac Address")
    if partner is None or "802.3ad" not in bond.details["Bonding Mode"]:
        return None
    return "negotiated" if mac_or_none(partner) else "no partner"


def team_roles(team: TeamState) -> dict[str, str]:
    """Return the role of each member of a team (teamd.conf(5), runners)."""
    return {
        port.name: _in_team(port.up, port.selected, port.name == team.active_port, team.runner) for port in team.ports
    }


def _in_team(up: bool, selected: bool | None, current: bool, runner: str) -> str:  # noqa: FBT001 - facts of a member
    if not up:
        return DOWN
    if runner == "activebackup":
        return ACTIVE if current else BACKUP
    return NOT_AGGREGATED if runner == "lacp" and not selected else ACTIVE


def ovs_bond(
    bridge: str, name: str, members: Iterable[OvsInterface], row: Mapping[str, Any], current: Mapping[str, object]
) -> dict[str, Any]:
    """Return a bond of Open vSwitch: {name, bridge, mode, lacp, members [{name, role}]}.

    ``row``: the bond's columns in the table Port; ``current``: ``lacp_current`` by interface (ovs-vswitchd.conf.db(5)).
    """
    mode = row.get("bond_mode") or "active-backup"
    lacp, active = row.get("lacp") or "off", mac_or_none(row.get("bond_active_slave") or "")
    roles = {one.name: _in_ovs(one, mode, lacp, active, current.get(one.name)) for one in members}
    return {
        "name": name,
        "bridge": bridge,
        "mode": mode,
        "lacp": lacp,
        "members": [{"name": member, "role": role} for member, role in sorted(roles.items())],
    }


def _in_ovs(one: OvsInterface, mode: str, lacp: str, active: str | None, current: object) -> str | None:
    if one.link_state == "down":
        return DOWN
    if lacp != "off" and current is not True:
        return NOT_AGGREGATED
    if mode == "active-backup":
        return None if active is None else ACTIVE if one.mac == active else BACKUP
    return ACTIVE


def vpp_lacp_state(members: Iterable[VppLacp]) -> str:
    """Return whether a switch negotiates LACP with any member of a bond of VPP."""
    return "negotiated" if any(one.partner is not None for one in members) else "no partner"


def vpp_role(member: VppLacp, *, up: bool) -> str:
    """Return the role of a member of a bond of VPP: only one that collects and distributes carries frames."""
    return DOWN if not up else ACTIVE if member.state == "COLLECTING_DISTRIBUTING" else NOT_AGGREGATED
