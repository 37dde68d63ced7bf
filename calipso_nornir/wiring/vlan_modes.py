# SPDX-License-Identifier: Apache-2.0
"""Which frames a port of Open vSwitch passes on (ovs-vswitchd.conf.db(5), table Port, "VLAN Configuration")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.objects import InventoryObject

UNTAGGED = 0
UNKNOWN = -1
"""A VLAN whose number nobody tells, or a tag inside of a tag."""
DEAD_VLAN = 4095
"""The agent's tag of a port that it could not bind: it drops whatever is in that VLAN.

Neutron, plugins/ml2/drivers/openvswitch/agent: DEAD_VLAN_TAG. Until it has looked at a new port, that one is a trunk of
this VLAN alone (Neutron bug 1734320), or has no tag: a port that is switched off when it is made stays so.
"""
TRUNK, TUNNEL, NATIVE = "trunk", "dot1q-tunnel", ("native-tagged", "native-untagged")
"""Modes of ``vlan_mode`` beside "access"."""
INTEGRATION_BRIDGE = "br-int"
"""Neutron's default of [ovs] integration_bridge."""


def integration_of(configurations: Mapping[str, Any] | None) -> str:
    """Return the name of the integration bridge, by what Neutron says of the agent."""
    return str((configurations or {}).get("integration_bridge") or INTEGRATION_BRIDGE)


def unbound(port: Mapping[str, Any], integration: str) -> bool:
    """Tell whether the Open vSwitch agent has not yet given a Neutron port its VLAN: the frames are in no network."""
    given = port.get("tag") is not None or port.get("trunks")
    return bool(port.get("port_id")) and port.get("bridge") == integration and not given


def mode_of(port: Mapping[str, Any]) -> str:
    """Return how a port treats VLANs.

    Where ``vlan_mode`` is not known (recordings of earlier releases, ``ovs-vsctl show``), a port with a tag and trunks
    is taken for a native one: an access port needs no trunks.
    """
    known = port.get("vlan_mode")
    if known:
        return str(known)
    if port.get("tag") is None:
        return TRUNK
    return "native-untagged" if port.get("trunks") else "access"


def tag_of(port: Mapping[str, Any]) -> int | None:
    """Return the VLAN that untagged frames of a port are in; a trunk has none, whatever its tag."""
    return None if mode_of(port) == TRUNK else port.get("tag")


def marked_ports(vedge: InventoryObject) -> Iterator[Mapping[str, Any]]:
    """Yield the ports of a switch; those that OVN has bound elsewhere, or to no chassis, are marked as ``unbound``."""
    elsewhere = set(vedge.get("unbound_ports") or ())
    bridge = integration_of(vedge.get("configurations"))
    for port in vedge.get("ports") or ():
        off = port.get("port_id") in elsewhere and port.get("bridge") == bridge
        yield {**port, "unbound": True} if off else port


def cut_off(port: Mapping[str, Any]) -> bool:
    """Tell whether the agent lets no frame of a port pass, or has not wired it up; ``unbound`` is noted on the port."""
    tag, trunks = tag_of(port), list(port.get("trunks") or ())
    return bool(port.get("unbound")) or tag == DEAD_VLAN or (tag is None and trunks == [DEAD_VLAN])


def leaves(port: Mapping[str, Any], vlan: int) -> int | None:
    """Return the VLAN that a frame is in behind a port, given that inside of the bridge; None when it is held back."""
    mode, tag = mode_of(port), tag_of(port)
    if tag is not None and vlan == tag and not cut_off(port):
        return vlan if mode == "native-tagged" else UNTAGGED
    return vlan if _trunked(port, vlan) else None


def enters(port: Mapping[str, Any], vlan: int) -> int | None:
    """Return the VLAN that a frame is in inside of the bridge, given that before a port; None when it is dropped."""
    mode, tag = mode_of(port), tag_of(port)
    if tag is not None and vlan == UNTAGGED and not cut_off(port):
        return tag
    if mode == TUNNEL:  # the frame has two tags then, of which nobody can follow the inner one from here
        return None if tag is None or cut_off(port) else UNKNOWN
    if mode in NATIVE and vlan == tag:
        return vlan
    return vlan if _trunked(port, vlan) else None


def _trunked(port: Mapping[str, Any], vlan: int) -> bool:
    """Tell whether a VLAN passes a port with its tag: without a list of trunks all do."""
    trunks = port.get("trunks") or ()
    return mode_of(port) in (TRUNK, *NATIVE) and (not trunks or vlan in trunks)
