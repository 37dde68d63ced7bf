# SPDX-License-Identifier: Apache-2.0
"""Which frames a port of Open vSwitch passes on (ovs-vswitchd.conf.db(5), table Port, "VLAN Configuration")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNTAGGED = 0
UNKNOWN = -1
"""A VLAN whose number nobody tells, or a tag inside of a tag."""
DEAD_VLAN = 4095
"""The agent's tag of a port that it could not bind: it drops whatever is in that VLAN.

Neutron, plugins/ml2/drivers/openvswitch/agent: DEAD_VLAN_TAG. Until it has looked at a new port, that one is a trunk of
this VLAN alone (Neutron bug 1734320), or has no tag: a port that is switched off when it is made stays so.
"""
INTEGRATION_BRIDGE = "br-int"
"""Neutron's default of [ovs] integration_bridge."""


def integration_of(configurations: Mapping[str, Any] | None) -> str:
    """Return the name of the integration bridge, by what Neutron says of the agent."""
    return str((configurations or {}).get("integration_bridge") or INTEGRATION_BRIDGE)


def unbound(port: Mapping[str, Any], integration: str) -> bool:
    """Tell whether the Open vSwitch agent has not yet given a Neutron port its VLAN: the frames are in no network."""
    given = port.get("tag") is not None or port.get("trunks")
    return bool(port.get("port_id")) and port.get("bridge") == integration and not given


def cut_off(port: Mapping[str, Any]) -> bool:
    """Tell whether the agent lets no frame of a port pass, or has not wired it up; ``unbound`` is noted on the port."""
    tag, trunks = port.get("tag"), list(port.get("trunks") or ())
    return bool(port.get("unbound")) or tag == DEAD_VLAN or (tag is None and trunks == [DEAD_VLAN])


def leaves(port: Mapping[str, Any], vlan: int) -> int | None:
    """Return the VLAN that a frame is in behind a port, given that inside of the bridge; None when it is held back."""
    if port.get("tag") is not None and vlan == port["tag"] and not cut_off(port):
        return UNTAGGED
    return vlan if _trunked(port, vlan) else None


def enters(port: Mapping[str, Any], vlan: int) -> int | None:
    """Return the VLAN that a frame is in inside of the bridge, given that before a port; None when it is dropped."""
    if port.get("tag") is not None and vlan == UNTAGGED and not cut_off(port):
        return int(port["tag"])
    return vlan if _trunked(port, vlan) else None


def _trunked(port: Mapping[str, Any], vlan: int) -> bool:
    """Tell whether a VLAN passes a port with its tag: an untagged port without a list of trunks passes all.

    ``vlan_mode`` is not asked for. A port with a tag and trunks is taken for a native one: an access port needs none.
    """
    trunks = port.get("trunks") or ()
    return vlan in trunks if trunks or port.get("tag") is not None else True
