# SPDX-License-Identifier: Apache-2.0
"""The interfaces of one VPP, joined from the several tables that ``vppctl`` prints."""

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
        VppLacp,
        VppSocket,
        VppTap,
        VppTunnel,
    )

AF_PACKET, BOND, PHYSICAL, TAP, VHOST_USER, VLAN, VXLAN, VXLAN_GPE = (
    "af-packet",
    "bond",
    "physical",
    "tap",
    "vhost-user",
    "vlan",
    "vxlan",
    "vxlan-gpe",
)
_KINDS = (
    ("local", re.compile(r"local\d+")),
    ("loopback", re.compile(r"(loop|bvi)\d+")),
    (VHOST_USER, re.compile(r"VirtualEthernet[0-9a-f]+(/[0-9a-f]+)+")),
    (TAP, re.compile(r"tap(cli-)?\d+")),
    (BOND, re.compile(r"BondEthernet\d+")),
    (VXLAN, re.compile(r"vxlan_tunnel\d+")),
    (VXLAN_GPE, re.compile(r"vxlan_gpe_tunnel\d+")),
    (AF_PACKET, re.compile(r"host-\S+")),
    ("memif", re.compile(r"memif\d+/\d+")),
    (PHYSICAL, re.compile(r"[A-Z][A-Za-z]*Ethernet[0-9a-f]+(/[0-9a-f]+)+")),
)
"""Kinds of interface by VPP's names; a card's port is "TenGigabitEthernet86/0/0" (bus, slot, function in hex)."""
_SIGNS = 11
"""How many characters of a port's id a device's name has (IFNAMSIZ leaves 15 for the name)."""
_SUB_INTERFACE = re.compile(r"(.+)\.(\d{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class VppPort:
    """One interface of VPP.

    Attributes:
        name: the full name; if it was cut and the rest is unknown, the index is appended.
        index: sw_if_index.
        up: switched on, and not known to be without carrier.
        kind: "physical", "bond", "af-packet", "vhost-user", "tap", "vxlan", "vxlan-gpe", "vlan" (a sub-interface),
            "loopback", "local", "memif"; "other" when neither name nor driver identifies it.
        parent: the interface that a sub-interface is on; its ``vlan_id`` is then the number in its name.
        lower: the kernel device that an "af-packet" interface reads.
        device, namespace: the kernel's end of a tap.
        port: the Neutron port, as the API returns it.
        networks: the networks whose frames pass it, by its bridge domain or cross-connect.
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
    """The tables of one VPP."""

    version: str
    interfaces: Sequence[VppInterface]
    addresses: Sequence[VppAddresses]
    hardware: Sequence[VppHardware]
    bridge_domains: Sequence[int]
    tunnels: Sequence[VppTunnel]
    gpe_tunnels: Sequence[VppTunnel]
    sockets: Sequence[VppSocket]
    bonds: Sequence[VppBond]
    lacp: Sequence[VppLacp]
    taps: Sequence[VppTap]


@dataclass(slots=True)
class VppSwitch:
    """One VPP: its ports, sorted by name, and the networks of its bridge domains."""

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
    """Return the full name of each interface of a table that cuts names.

    Both tables have the same order, so if all names match, the n-th row of one is the n-th of the other. If an
    interface came or went between the two commands, a cut name is completed when exactly one full name fits; otherwise
    the index is appended to make it unique.
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
    """Return the switch that the tables of one VPP describe.

    ``ports``: the Neutron ports bound to the host. ``vlan_networks``: VLAN id -> ids of the networks that use it.
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
    """Makes ports from the tables, looked up by interface names."""

    def __init__(self, tables: VppTables, names: set[str]) -> None:
        self._names = names
        self._hardware = {self._owner(one): one for one in tables.hardware}
        self._sockets = {one.interface: one for one in tables.sockets}
        self._taps = {one.interface: one for one in tables.taps}
        self._bonds = {one.name for one in tables.bonds}
        self._tunnels = {one.index: one.overlay_type for one in (*tables.tunnels, *tables.gpe_tunnels)}

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
            return self._tunnels[index]
        known = next((kind for kind, pattern in _KINDS if pattern.fullmatch(name)), None)
        return known or (PHYSICAL if card is not None and (card.carrier or card.pci) else "other")

    def _owner(self, card: VppHardware) -> str:
        """Return the full name of a hardware interface."""
        if len(card.name) < CUT_AT or card.name in self._names:
            return card.name
        fitting = [name for name in self._names if name[:CUT_AT] == card.name and not _SUB_INTERFACE.fullmatch(name)]
        return fitting[0] if len(fitting) == 1 else card.hardware


class _Owners:
    """The Neutron ports of a host, by the socket paths, device names and MACs that VPP's interfaces have of them."""

    def __init__(self, ports: Iterable[Mapping[str, Any]]) -> None:
        self._by_id = {port["id"]: port for port in ports}
        self._lengths = {len(id_) for id_ in self._by_id}
        self._by_start: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        self._by_mac: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for port in self._by_id.values():
            self._by_start[port["id"][:_SIGNS]].append(port)
            self._by_mac[port.get("mac_address") or ""].append(port)

    def with_port(self, one: VppPort) -> VppPort:
        """Return an interface with its Neutron port, if it has one.

        networking-vpp ends the path of a socket with the port's id, names a tap's device "vpp" or "tap" followed by the
        beginning of that id, and gives the port's MAC to both. The strongest of these keys that is present counts.
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
    """Return the networks of each bridge domain: those of its ports or, without any, that of its uplink's VLAN.

    Several networks may use one VLAN on different physical networks; then the network cannot be determined.
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
