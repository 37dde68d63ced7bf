# SPDX-License-Identifier: Apache-2.0
"""The interfaces of one VPP, put together out of what ``vppctl`` tells of them in several tables."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.parsing.vpp import CUT_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.parsing.vpp import (
        VppAddresses,
        VppBond,
        VppHardware,
        VppInterface,
        VppSocket,
        VppTap,
        VppTunnel,
    )

AF_PACKET, BOND, PHYSICAL, TAP, VHOST_USER, VLAN, VXLAN = (
    "af-packet",
    "bond",
    "physical",
    "tap",
    "vhost-user",
    "vlan",
    "vxlan",
)
_KINDS = (
    ("local", re.compile(r"local\d+")),
    ("loopback", re.compile(r"(loop|bvi)\d+")),
    (VHOST_USER, re.compile(r"VirtualEthernet[0-9a-f]+(/[0-9a-f]+)+")),
    (TAP, re.compile(r"tap(cli-)?\d+")),
    (BOND, re.compile(r"BondEthernet\d+")),
    (VXLAN, re.compile(r"vxlan_tunnel\d+")),
    (AF_PACKET, re.compile(r"host-\S+")),
    ("memif", re.compile(r"memif\d+/\d+")),
    (PHYSICAL, re.compile(r"[A-Z][A-Za-z]*Ethernet[0-9a-f]+(/[0-9a-f]+)+")),
)
"""How VPP calls what it makes, and the ports of a card ("TenGigabitEthernet86/0/0": bus, slot, function in hex)."""
_SIGNS = 11
"""So much of a port's id is in the name of a device (IFNAMSIZ leaves 15)."""
_SUB_INTERFACE = re.compile(r"(.+)\.(\d{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class VppPort:
    """One interface of VPP.

    Attributes:
        name: whole; where it is not known what was cut off, the index is behind it.
        index: sw_if_index.
        up: switched on, and no driver says that it has no signal.
        kind: "physical", "bond", "af-packet", "vhost-user", "tap", "vxlan", "vlan" (a sub-interface), "loopback",
            "local", "memif"; "other" where neither name nor driver tells.
        parent: of a sub-interface, the interface that it is on; ``vlan_id`` is then the number in its name.
        lower: the device of the kernel that an "af-packet" reads.
        device, namespace: of a tap, its end in the kernel.
        port: Neutron's port, as its API gives it.
        networks: whose frames pass it, by the bridge domain or cross-connect that it is in.
    """

    name: str
    index: int
    up: bool
    kind: str
    mac: str | None = None
    mtu: int | None = None
    link_up: bool | None = None
    speed: str | None = None
    pci: str | None = None
    parent: str | None = None
    vlan_id: int | None = None
    lower: str | None = None
    bridge_domain: int | None = None
    split_horizon: int | None = None
    bvi: bool = False
    xconnect: str | None = None
    addresses: tuple[str, ...] = ()
    socket: str | None = None
    device: str | None = None
    namespace: str | None = None
    port: Mapping[str, Any] | None = None
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VppTables:
    """What one VPP has told."""

    version: str
    interfaces: Sequence[VppInterface]
    addresses: Sequence[VppAddresses]
    hardware: Sequence[VppHardware]
    bridge_domains: Sequence[int]
    tunnels: Sequence[VppTunnel]
    sockets: Sequence[VppSocket]
    bonds: Sequence[VppBond]
    taps: Sequence[VppTap]


@dataclass(slots=True)
class VppSwitch:
    """One VPP: its ports, ordered by name, and the networks of its bridge domains."""

    tables: VppTables
    ports: list[VppPort] = field(default_factory=list)
    networks: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def members(self, bridge_domain: int) -> list[VppPort]:
        """Return the interfaces in a bridge domain."""
        return [one for one in self.ports if one.bridge_domain == bridge_domain]

    def sub_interfaces(self, name: str) -> list[VppPort]:
        """Return the sub-interfaces of an interface."""
        return [one for one in self.ports if one.parent == name]


def whole_names(interfaces: Sequence[VppInterface], addresses: Sequence[VppAddresses]) -> list[str]:
    """Return the whole name of each interface of a table that cuts names.

    Both tables have one order, so the n-th of one is the n-th of the other, where all others of them fit. Where an
    interface came or went between both questions, a name that was cut is whole if only one is like it; else the index
    tells it from its like.
    """
    fits = len(interfaces) == len(addresses) and all(
        other.name[:CUT_AT] == one.name for one, other in zip(interfaces, addresses, strict=True)
    )
    if fits:
        return [other.name for other in addresses]
    count = Counter(one.name for one in interfaces)
    return [_whole(one, count[one.name], addresses) for one in interfaces]


def _whole(one: VppInterface, alike: int, addresses: Sequence[VppAddresses]) -> str:
    if len(one.name) < CUT_AT:
        return one.name
    fitting = [other.name for other in addresses if other.name[:CUT_AT] == one.name]
    return fitting[0] if len(fitting) == alike == 1 else f"{one.name}[{one.index}]"


def switch_of(
    tables: VppTables, ports: Iterable[Mapping[str, Any]], vlan_networks: Mapping[int, Sequence[str]]
) -> VppSwitch:
    """Put the tables of one VPP together.

    ``ports``: Neutron's, that are bound to the host. ``vlan_networks``: ids of the networks with a VLAN, by its number.
    """
    names = whole_names(tables.interfaces, tables.addresses)
    layers = {one.name: one for one in tables.addresses}
    owners = _Owners(ports)
    made = _Making(tables, set(names))
    found = [
        owners.with_port(made.port(one, name, layers.get(name)))
        for one, name in zip(tables.interfaces, names, strict=True)
    ]
    found.sort(key=lambda one: (one.name, one.index))
    networks = _networks(tables, found, vlan_networks)
    return VppSwitch(tables, [replace(one, networks=_passing(one, found, networks)) for one in found], networks)


class _Making:
    """The tables by the names of interfaces."""

    def __init__(self, tables: VppTables, names: set[str]) -> None:
        self._names = names
        self._hardware = {self._owner(one): one for one in tables.hardware}
        self._sockets = {one.interface: one for one in tables.sockets}
        self._taps = {one.interface: one for one in tables.taps}
        self._bonds = {one.name for one in tables.bonds}
        self._tunnels = {one.index for one in tables.tunnels}

    def port(self, one: VppInterface, name: str, layer: VppAddresses | None) -> VppPort:
        sub = _SUB_INTERFACE.fullmatch(name)
        parent = sub[1] if sub is not None and sub[1] in self._names else None
        card = self._hardware.get(parent or name)
        kind = VLAN if parent is not None else self._kind(name, one.index, card)
        socket, tap = self._sockets.get(name), self._taps.get(name)
        return VppPort(
            name=name,
            index=one.index,
            up=one.state.startswith("up") and (card is None or card.link_up),
            kind=kind,
            mac=card.mac if card is not None else None,
            mtu=one.mtu or None,
            link_up=card.link_up if card is not None else None,
            speed=card.speed if card is not None and parent is None else None,
            pci=card.pci if card is not None and parent is None else None,
            parent=parent,
            vlan_id=int(sub[2]) if sub is not None and parent is not None else None,
            lower=name.removeprefix("host-") if kind == AF_PACKET else None,
            bridge_domain=layer.bridge_domain if layer is not None else None,
            split_horizon=layer.split_horizon if layer is not None else None,
            bvi=layer is not None and layer.bvi,
            xconnect=layer.xconnect if layer is not None else None,
            addresses=layer.addresses if layer is not None else (),
            socket=socket.path if socket is not None else None,
            device=tap.device if tap is not None else None,
            namespace=tap.namespace if tap is not None else None,
        )

    def _kind(self, name: str, index: int, card: VppHardware | None) -> str:
        if name in self._sockets:
            return VHOST_USER
        if name in self._taps:
            return TAP
        if name in self._bonds:
            return BOND
        if index in self._tunnels:
            return VXLAN
        known = next((kind for kind, pattern in _KINDS if pattern.fullmatch(name)), None)
        return known or (PHYSICAL if card is not None and (card.carrier or card.pci) else "other")

    def _owner(self, card: VppHardware) -> str:
        """Return the whole name of a hardware interface."""
        if len(card.name) < CUT_AT or card.name in self._names:
            return card.name
        fitting = [name for name in self._names if name[:CUT_AT] == card.name and not _SUB_INTERFACE.fullmatch(name)]
        return fitting[0] if len(fitting) == 1 else card.hardware


class _Owners:
    """Neutron's ports of a host by what interfaces of VPP have of them."""

    def __init__(self, ports: Iterable[Mapping[str, Any]]) -> None:
        self._by_id = {port["id"]: port for port in ports}
        self._lengths = {len(id_) for id_ in self._by_id}
        self._by_start: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._by_mac: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for port in self._by_id.values():
            self._by_start[port["id"][:_SIGNS]].append(port)
            self._by_mac[port.get("mac_address") or ""].append(port)

    def with_port(self, one: VppPort) -> VppPort:
        """Return an interface with its port, where it is one's.

        networking-vpp ends the path of a socket with the port's id, begins the name of a tap's device with "vpp" or
        "tap" and the beginning of it, and gives its MAC to both; the strongest that is told counts.
        """
        if one.kind not in (VHOST_USER, TAP):
            return one
        path = one.socket or ""
        by_path = [self._by_id[path[-length:]] for length in self._lengths if path[-length:] in self._by_id]
        by_device = self._by_start.get((one.device or "")[3:], [])
        found = by_path or by_device or (self._by_mac.get(one.mac, []) if one.mac else [])
        return replace(one, port=found[0]) if len(found) == 1 else one


def _networks(
    tables: VppTables, ports: Sequence[VppPort], vlan_networks: Mapping[int, Sequence[str]]
) -> dict[int, tuple[str, ...]]:
    """Return the networks of each bridge domain: those of its ports; without any, by the VLAN of its way out.

    Several networks may have one VLAN, on several physical networks: then nobody here can say which it is.
    """
    members: defaultdict[int, list[VppPort]] = defaultdict(list)
    for one in ports:
        if one.bridge_domain is not None:
            members[one.bridge_domain].append(one)
    outward = {one.name for one in ports if one.kind in (PHYSICAL, BOND, AF_PACKET)}
    found: dict[int, tuple[str, ...]] = {}
    for number in {*tables.bridge_domains, *members}:
        own = {one.port["network_id"] for one in members[number] if one.port is not None}
        vlans = {one.vlan_id for one in members[number] if one.parent in outward}
        if not own and len(vlans) == 1:
            fitting = vlan_networks.get(vlans.pop() or 0, ())
            own = set(fitting) if len(fitting) == 1 else set()
        found[number] = tuple(sorted(own))
    return found


def _passing(one: VppPort, ports: Sequence[VppPort], networks: Mapping[int, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted(set(_passing_by(one, ports, networks))))


def _passing_by(one: VppPort, ports: Sequence[VppPort], networks: Mapping[int, tuple[str, ...]]) -> Iterator[str]:
    if one.port is not None:
        yield one.port["network_id"]
    elif one.bridge_domain is not None:
        yield from networks[one.bridge_domain]
    elif one.xconnect is not None:
        yield from (
            other.port["network_id"] for other in ports if other.name == one.xconnect and other.port is not None
        )
