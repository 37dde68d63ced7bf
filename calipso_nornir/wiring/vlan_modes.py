# SPDX-License-Identifier: Apache-2.0
"""Determines which frames an Open vSwitch port passes on (ovs-vswitchd.conf.db(5), Port, "VLAN Configuration")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.objects import InventoryObject

UNTAGGED = 0
UNKNOWN = -1
"""A VLAN whose number is not known, or a tag inside another tag."""
DEAD_VLAN = 4095
"""The tag that the agent gives to ports that it could not bind; it drops all frames in this VLAN.

Neutron, plugins/ml2/drivers/openvswitch/agent: DEAD_VLAN_TAG. Until the agent has processed a new port, the port is a
trunk of this VLAN alone (Neutron bug 1734320) or has no tag; a port that is created disabled stays like that.
"""
TRUNK, TUNNEL, NATIVE = "trunk", "dot1q-tunnel", ("native-tagged", "native-untagged")
"""Modes of ``vlan_mode`` beside "access"."""
INTEGRATION_BRIDGE = "br-int"
"""Neutron's default for [ovs] integration_bridge."""


def integration_of(configurations: Mapping[str, Any] | None) -> str:
    """Return the name of the integration bridge, from the agent's configuration in Neutron."""
    return str((configurations or {}).get("integration_bridge") or INTEGRATION_BRIDGE)


def unbound(port: Mapping[str, Any], integration: str) -> bool:
    """Return whether the Open vSwitch agent has not yet given a Neutron port its VLAN, so it is in no network."""
    if not port.get("port_id") or port.get("bridge") != integration:
        return False
    return port.get("tag") is None and not port.get("trunks")


def mode_of(port: Mapping[str, Any]) -> str:
    """Return how a port treats VLANs.

    If ``vlan_mode`` is unknown (recordings of earlier releases, ``ovs-vsctl show``), a port with a tag and trunks is
    taken to be native-untagged, because an access port needs no trunks.
    """
    known = port.get("vlan_mode")
    if known:
        return str(known)
    if port.get("tag") is None:
        return TRUNK
    return "native-untagged" if port.get("trunks") else "access"


def tag_of(port: Mapping[str, Any]) -> int | None:
    """Return the VLAN of a port's untagged frames; None for a trunk, whatever its tag."""
    return None if mode_of(port) == TRUNK else port.get("tag")


def marked_ports(vedge: InventoryObject) -> Iterator[Mapping[str, Any]]:
    """Yield the ports of a switch, with ports that OVN bound elsewhere or to no chassis marked as ``unbound``."""
    elsewhere = set(vedge.get("unbound_ports") or ())
    bridge = integration_of(vedge.get("configurations"))
    for port in vedge.get("ports") or ():
        off = elsewhere and port.get("port_id") in elsewhere and port.get("bridge") == bridge
        yield {**port, "unbound": True} if off else port


def cut_off(port: Mapping[str, Any]) -> bool:
    """Return whether the agent lets no frame of a port pass: it is ``unbound``, or in the dead VLAN alone."""
    if port.get("unbound"):
        return True
    tag = tag_of(port)
    return tag == DEAD_VLAN or (tag is None and list(port.get("trunks") or ()) == [DEAD_VLAN])


def leaves(port: Mapping[str, Any], vlan: int) -> int | None:
    """Return the VLAN outside a port of a frame that is in ``vlan`` inside the bridge; None when it is held back."""
    mode, tag = mode_of(port), tag_of(port)
    if tag is not None and vlan == tag and not cut_off(port):
        return vlan if mode == "native-tagged" else UNTAGGED
    return vlan if _trunked(port, vlan) else None


def enters(port: Mapping[str, Any], vlan: int) -> int | None:
    """Return the VLAN inside the bridge of a frame that is in ``vlan`` outside a port; None when it is dropped."""
    mode, tag = mode_of(port), tag_of(port)
    if tag is not None and vlan == UNTAGGED and not cut_off(port):
        return tag
    if mode == TUNNEL:  # the frame then has two tags, and the inner one cannot be followed from here
        return None if tag is None or cut_off(port) else UNKNOWN
    if mode in NATIVE and vlan == tag:
        return vlan
    return vlan if _trunked(port, vlan) else None


def _trunked(port: Mapping[str, Any], vlan: int) -> bool:
    """Return whether frames of a VLAN pass a port tagged; a port without a list of trunks passes all VLANs."""
    trunks = port.get("trunks") or ()
    return mode_of(port) in (TRUNK, *NATIVE) and (not trunks or vlan in trunks)
