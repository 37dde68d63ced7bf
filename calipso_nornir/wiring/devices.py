# SPDX-License-Identifier: Apache-2.0
"""The network devices in a host's own namespace, and how the kernel connects them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.parsing.rows import Bridge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calipso_nornir.parsing.rows import Interface, Namespace, NetDevice

STANDS_ON = frozenset({"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec"})
"""Kinds of device (ip-link(8)) whose frames leave by the lower device; tunnels are not among them: what they send are
packets of the host."""
AGGREGATES = frozenset({"bond", "team"})
"""Kinds of device that represent their members (the kernel's bonding, team(8))."""
_PHYSICAL_PORT = re.compile(r"p\d+(s\d+)?")
_VIRTUAL_PORT = re.compile(r"(c\d+)?pf\d+((vf|sf)\d+)?")
"""Names that drivers give to virtual ports of a switching card (kernel, networking/switchdev.rst, representors.rst)."""
UNRESOLVED = "nsid:"


class Devices:
    """Devices by name. ``namespaces`` are used to name the namespaces of veth peers."""

    def __init__(self, interfaces: Iterable[Interface], namespaces: Iterable[Namespace] = ()) -> None:
        self.all: tuple[Interface, ...] = resolve_namespaces(interfaces, namespaces)
        self._by_name = {one.name: one for one in self.all}

    @cached_property
    def _members(self) -> dict[str, list[str]]:
        members: defaultdict[str, list[str]] = defaultdict(list)
        for one in self.all:
            if one.master is not None:
                members[one.master].append(one.name)
        return dict(members)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Interface:
        return self._by_name[name]

    def get(self, name: str | None) -> Interface | None:
        """Return a device; None when none has that name."""
        return self._by_name.get(name or "")

    def bridges(self) -> tuple[Bridge, ...]:
        """Return the Linux bridges, as ``brctl show`` would list them.

        Devices from the text of ``ip address`` without ``-d`` have no kind, so none of them is known to be a bridge.
        """
        found = (one for one in self.all if one.kind == "bridge")
        rows = (Bridge(one.name, one.bridge_id or "", bool(one.stp), self.members(one.name)) for one in found)
        return tuple(sorted(rows, key=lambda bridge: bridge.name))

    def members(self, master: str) -> tuple[str, ...]:
        """Return the devices that have a bridge, bond or team as their master, ordered."""
        return tuple(sorted(self._members.get(master, ())))

    def aggregates(self) -> list[Interface]:
        """Return the bonds and teams."""
        return [one for one in self.all if one.kind in AGGREGATES]

    def peer(self, name: str) -> str | None:
        """Return the other end of a veth pair; None when it is in another namespace."""
        one = self.get(name)
        return one.lower if one is not None and one.kind == "veth" else None

    def stack(self, name: str | None) -> list[str]:
        """Return a device and the devices that its frames pass next, in order.

        From a VLAN device or the like, frames pass to the lower device; from a veth device, to its peer. The stack ends
        at the first device that joins several (bridge, bond, team, port of Open vSwitch), is hardware, or is not in
        this namespace.
        """
        stack: list[str] = []
        while name in self and name not in stack:
            assert name is not None  # noqa: S101 - None is in no table
            crossed = bool(stack) and self.peer(stack[-1]) == name
            stack.append(name)
            one = self[name]
            on_wire = one.kind == "veth" and not crossed
            name = one.lower if one.kind in STANDS_ON or on_wire else None
        return stack

    def vlan_of(self, stack: Sequence[str]) -> int | None:
        """Return the VLAN in which frames leave a stack: that of its lowest VLAN device."""
        ids = [one.vlan_id for name in stack if (one := self.get(name)) is not None and one.vlan_id is not None]
        return ids[-1] if ids else None

    def vlans_on(self, name: str) -> list[Interface]:
        """Return the VLAN devices whose frames leave by a device, including VLAN devices on top of others."""
        return [one for one in self.all if one.kind == "vlan" and name in self.stack(one.name)]

    def holder(self, ip: str | None) -> Interface | None:
        """Return the device that has an address, compared in canonical spelling."""
        wanted = canonical_ip(ip) if ip else None
        return next((one for one in self.all if wanted in {canonical_ip(row.ip) for row in one.addresses}), None)

    def physical(self, listed: Iterable[NetDevice]) -> list[Interface]:
        """Return the interfaces that connect a host to the outside.

        These are the devices with hardware behind them, except those that represent a virtual port of a card. A host
        without any is itself a container or network namespace (labs, CI). Its uplinks are the veth devices whose peer
        is in a namespace that the host cannot name, because it has names for the namespaces that it created.
        """
        hardware = {device.name for device in listed if not device.virtual}
        known = [one for one in self.all if one.name in hardware and not represents(one)]
        return known or [
            one for one in self.all if one.kind == "veth" and (one.peer_netns or "").startswith(UNRESOLVED)
        ]


def represents(one: Interface) -> bool:
    """Return whether a device is the switch's end of a virtual function, not a port to the outside.

    Its port name is that of a virtual port. Older drivers use a bare number; then a port of the card's switch is taken
    for virtual unless it is named p0, p1 …, as external ports are (kernel, networking/representors.rst).
    """
    name = one.phys_port_name or ""
    if _VIRTUAL_PORT.fullmatch(name):
        return True
    return bool(one.phys_switch_id and name and not _PHYSICAL_PORT.fullmatch(name))


def resolve_namespaces(interfaces: Iterable[Interface], namespaces: Iterable[Namespace]) -> tuple[Interface, ...]:
    """Return the interfaces with ``nsid:<number>`` replaced by the namespace's name, if it has one.

    The JSON of ``ip`` has only the number, its text also the name. If a namespace has two names, the first listed is
    used.
    """
    names: dict[str, str] = {}
    for namespace in namespaces:
        if namespace.nsid is not None:
            names.setdefault(f"{UNRESOLVED}{namespace.nsid}", namespace.name)
    return tuple(_resolved(interfaces, names) if names else interfaces)


def _resolved(interfaces: Iterable[Interface], names: dict[str, str]) -> Iterator[Interface]:
    for each in interfaces:
        yield replace(each, peer_netns=names[each.peer_netns]) if each.peer_netns in names else each
