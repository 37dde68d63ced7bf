# SPDX-License-Identifier: Apache-2.0
"""Matches virtual interfaces with the ports of Open vSwitch that they are plugged into, by the strongest common key."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.wiring.vlan_modes import cut_off

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.wiring.host import HostWires, Port

    Index = defaultdict[Any, list[InventoryObject]]

OF_THE_KERNEL = frozenset({"bridge", "direct", "ethernet", "network"})
"""Types of libvirt interfaces (formatdomain.html) that have a device on the host while the domain runs."""


def plugged(wires: HostWires, vnics: Iterable[InventoryObject]) -> Iterator[tuple[InventoryObject, Port]]:
    """Yield the interfaces of a host that are plugged into its switch, each with its port.

    They are matched by Neutron port (``iface-id``), else by vhost-user socket, else by MAC (``attached-mac``), else by
    device name. If two interfaces match, neither is used.
    """
    known = list(vnics)
    indexes: dict[str, Index] = {}
    for port in wires.ports.values():
        for key, value_of in _KEYS:
            wanted = port.get(key)
            if not wanted:
                continue
            if key not in indexes:
                indexes[key] = _indexed(known, value_of)
            there = indexes[key].get(wanted)
            fitting = [one for one in there if _may_be(one, port)] if there else None
            if fitting:
                chosen = _one_of(fitting, port)
                if chosen is not None:
                    yield chosen, port
                break


def plug_is_up(vnic: InventoryObject, port: Port) -> bool:
    """Return whether frames pass, according to the kernel's device or, if there is none, to the switch.

    If a port's device has moved into a namespace, the switch does not see its link state.
    """
    seen = vnic.get("state")
    return not cut_off(port) and (seen == "UP" if seen is not None else port.get("link_state") != "down")


def _indexed(vnics: Iterable[InventoryObject], value_of: Callable[[InventoryObject], Any]) -> Index:
    index: Index = defaultdict(list)
    for one in vnics:
        value = value_of(one)
        if value:
            index[value].append(one)
    return index


def _socket(vnic: InventoryObject) -> str | None:
    source = vnic.get("source")
    return source.get("@path") if isinstance(source, dict) and vnic.get("interface_type") == "vhostuser" else None


_KEYS: Final[tuple[tuple[str, Callable[[InventoryObject], Any]], ...]] = (
    ("port_id", lambda one: one.get("port_id")),
    ("socket", _socket),
    ("attached_mac", lambda one: one.get("mac_address")),
    ("name", lambda one: one.get("device") or one.name),
)
"""A port's attribute, and what of an interface has its value; the strongest first."""


def _may_be(vnic: InventoryObject, port: Port) -> bool:
    """Return whether an interface may be plugged into a port: nothing known about both contradicts it.

    A port of type "" is a device in the host's own namespace: a device of the same name in another namespace is not the
    same device. But the port may be the outer end of a veth pair.
    """
    if port.get("port_id") and vnic.get("port_id") not in (None, port["port_id"]):
        return False
    if vnic.get("namespace") is not None:
        inner_end = bool(port.get("peer_netns")) and port.get("port_id") == vnic.get("port_id") is not None
        return inner_end if not port.get("type") else vnic.name == port["name"]
    device = vnic.get("device")
    return device == port["name"] if device else vnic.get("interface_type") not in OF_THE_KERNEL


def _one_of(fitting: list[InventoryObject], port: Port) -> InventoryObject | None:
    if len(fitting) > 1:
        macs = {port.get("attached_mac"), port.get("mac_address")} - {None}
        fitting = [one for one in fitting if one.get("mac_address") in macs]
    return fitting[0] if len(fitting) == 1 else None
