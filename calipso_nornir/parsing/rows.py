# SPDX-License-Identifier: Apache-2.0
"""The rows that parsers return: one type per kind of thing, whether it was read from a tool's JSON or its text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from calipso_nornir.model.quickly_made import quickly_made

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

_PCI = re.compile(r"/([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])(?=/)")


@quickly_made
@dataclass(frozen=True, slots=True)
class Address:
    """One address of an interface.

    Attributes:
        cidr: address and prefix length, e.g. ``10.0.0.1/24`` or ``2001:db8::1/64``.
        family: "inet" or "inet6".
        scope: "global", "link", "host" …
    """

    cidr: str
    family: str
    scope: str

    @property
    def ip(self) -> str:
        """The address without its prefix length."""
        return self.cidr.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Vxlan:
    """Details of a kernel VXLAN device: VNI, local address, underlying device, UDP port, multicast group or remote."""

    vni: int
    local: str | None = None
    device: str | None = None
    udp_port: int | None = None
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A virtual function of an SR-IOV card, as the card's interface shows it.

    ``link_state``: "auto" (follows the card), "enable" or "disable"; the other values are as the host configured them.
    """

    number: int
    mac: str | None = None
    vlan_id: int | None = None
    link_state: str | None = None
    spoof_check: bool | None = None
    trust: bool | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Interface:
    """One network interface, from ``ip -d address`` (JSON or text).

    Attributes:
        name: name without ``@…``.
        index: the kernel's number for it.
        flags: as printed: "UP", "LOWER_UP", "BROADCAST" …
        mtu: bytes.
        state: operstate in capitals: "UP", "DOWN", "UNKNOWN", "LOWERLAYERDOWN" …
        mac: lower case with colons; None without an Ethernet address.
        link_type: "ether", "loopback", "sit", "none" …
        kind: "bridge", "veth", "vxlan", "vlan", "bond", "tun", "openvswitch" …; None for a plain device.
        master: the bridge, bond or "ovs-system" that it is a port of.
        member_of_kind: the kind of that master ("bridge", "bond"), if printed.
        lower: name of the lower device (of a VLAN) or of the veth peer, if that is in the same namespace.
        peer_netns: namespace of the veth peer, if it is in another one: its name when known,
            else ``nsid:<number>`` (``nsid:-1`` when this namespace has no number for it).
        peer_index: index of the veth peer in that namespace.
        vlan_id: VLAN id of a VLAN device.
        bridge_id: id of a bridge, as ``brctl`` prints it: ``8000.a63d898ba43a``.
        stp: whether a bridge runs the spanning tree protocol.
        phys_port_name: the port's name on a card with an embedded switch: "p0", or "pf0vf2" for a virtual port.
        phys_switch_id: id of the embedded switch that it is a port of.
        vfs: its virtual functions.
    """

    name: str
    index: int
    flags: tuple[str, ...]
    mtu: int
    state: str
    mac: str | None
    link_type: str
    kind: str | None = None
    master: str | None = None
    member_of_kind: str | None = None
    lower: str | None = None
    peer_netns: str | None = None
    peer_index: int | None = None
    addresses: tuple[Address, ...] = ()
    vlan_id: int | None = None
    vxlan: Vxlan | None = None
    bridge_id: str | None = None
    stp: bool | None = None
    phys_port_name: str | None = None
    phys_switch_id: str | None = None
    vfs: tuple[Function, ...] = ()

    @property
    def up(self) -> bool:
        """Whether it is switched on and not known to be without carrier."""
        return "UP" in self.flags and self.state in ("UP", "UNKNOWN")


@dataclass(frozen=True, slots=True)
class Namespace:
    """A named network namespace; ``nsid`` is its number, if any, in the namespace where the command ran."""

    name: str
    nsid: int | None = None


@dataclass(frozen=True, slots=True)
class FdbEntry:
    """One forwarding entry of a bridge or VXLAN device; ``remote`` is the tunnel's far end.

    ``mac`` 00:00:00:00:00:00 is valid: such an entry says where a VXLAN device sends broadcast and unknown frames.
    """

    mac: str
    device: str
    remote: str | None = None
    master: str | None = None


@dataclass(frozen=True, slots=True)
class Bridge:
    """One Linux bridge as ``brctl show`` lists it."""

    name: str
    bridge_id: str
    stp: bool
    interfaces: tuple[str, ...]


@quickly_made
@dataclass(frozen=True, slots=True)
class OvsInterface:
    """One interface of an Open vSwitch port.

    ``type``: "" (a system device), "internal", "patch", "vxlan", "geneve", "gre", "dpdk", "dpdkvhostuserclient" …
    ``ofport``, ``mac`` and ``link_state`` are None when read from text, which lacks them.
    """

    name: str
    type: str
    ofport: int | None = None
    mac: str | None = None
    link_state: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    external_ids: Mapping[str, str] = field(default_factory=dict)


@quickly_made
@dataclass(frozen=True, slots=True)
class OvsPort:
    """One port of an Open vSwitch bridge; a bond has several interfaces.

    In ``other_config`` Neutron's agent records the network behind a local VLAN tag
    (``net_uuid``, ``network_type``, ``physical_network``, ``segmentation_id``). ``vlan_mode`` is the effective mode,
    including the default that follows from the tag; None when the column was not queried.
    """

    name: str
    interfaces: tuple[OvsInterface, ...]
    tag: int | None = None
    trunks: tuple[int, ...] = ()
    vlan_mode: str | None = None
    other_config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OvsBridge:
    """An Open vSwitch bridge with its ports, sorted by name. ``datapath_type`` is "" for the kernel datapath."""

    name: str
    datapath_type: str
    ports: tuple[OvsPort, ...]
    _made: dict[Callable[[OvsBridge], Any], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, make: Callable[[OvsBridge], T]) -> T:
        """Return the result of a function of this bridge, computed when it is first needed; do not modify it.

        Parsed answers are kept between scans, and in a full mesh of tunnels a bridge has a port for every other host.
        """
        if make not in self._made:
            self._made[make] = make(self)
        made: T = self._made[make]
        return made


@quickly_made
@dataclass(frozen=True, slots=True)
class NetDevice:
    """One entry of ``/sys/class/net``; ``device_path`` is the target of its symbolic link."""

    name: str
    device_path: str

    @property
    def virtual(self) -> bool:
        """Whether no hardware is behind it, as far as the kernel knows."""
        return "/virtual/" in self.device_path

    @property
    def pci(self) -> str | None:
        """PCI address of the hardware, e.g. ``0000:3b:00.0``; None when it is not on a PCI bus."""
        found = _PCI.findall(self.device_path)
        return found[-1] if found else None  # the addresses before it are those of PCI bridges


@dataclass(frozen=True, slots=True)
class VirtualFunction:
    """A device that is a virtual function of an SR-IOV card; ``of`` is the PCI address of the physical function."""

    name: str
    of: str


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """The place of a virtual function: its physical function's device, its number there, its own PCI address."""

    device: str
    number: int
    pci: str


@dataclass(frozen=True, slots=True)
class BondMember:
    """One member of a bond with every ``key: value`` of its block; actor and partner details are separate."""

    name: str
    mac: str | None
    details: Mapping[str, str]
    actor: Mapping[str, str] = field(default_factory=dict)
    partner: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bond:
    """``/proc/net/bonding/<bond>``: general keys as printed, its blocks, and the members.

    ``info`` holds the blocks by heading: "802.3ad info", and "Active Aggregator Info" beside it (not in it).
    """

    details: Mapping[str, str]
    info: Mapping[str, Mapping[str, str]]
    members: tuple[BondMember, ...]


@dataclass(frozen=True, slots=True)
class TeamPort:
    """A member of a team; ``selected``: whether the runner uses it; None if the runner selects none (teamd.conf(5))."""

    name: str
    up: bool
    selected: bool | None = None


@dataclass(frozen=True, slots=True)
class TeamState:
    """A team's state from ``teamdctl``: its runner, its ports, and the active one (runner activebackup)."""

    runner: str
    active_port: str | None
    ports: tuple[TeamPort, ...]


@quickly_made
@dataclass(frozen=True, slots=True)
class DomainInterface:
    """One ``<interface>`` of a libvirt domain.

    Attributes:
        type: "bridge", "ethernet", "network", "hostdev", "vhostuser", "direct" …
        mac: lower case.
        device: the end on the host, ``<target dev=…>``; None if there is none (SR-IOV, a domain that is shut off).
        bridge: ``<source bridge=…>``.
        pci: virtual function's ``<source><address type='pci' …>`` as the kernel writes it, e.g. ``0000:3b:0a.1``.
        element: the whole element; attributes are named ``@name``, text is under ``#text``.
    """

    type: str
    mac: str | None
    device: str | None
    bridge: str | None
    element: Mapping[str, object]
    pci: str | None = None


@dataclass(frozen=True, slots=True)
class Domain:
    """A libvirt domain, from ``virsh dumpxml``; ``devices``: PCI addresses of whole devices passed through to it."""

    uuid: str
    name: str
    interfaces: tuple[DomainInterface, ...]
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One LLDP neighbour of one interface (IEEE 802.1AB), from ``lldpctl -f json``.

    Attributes:
        interface: the local interface that received its announcement.
        chassis_id_type, chassis_id: the neighbour's identity: "mac", "local", "ifname" … and its value.
        port_id_type, port_id: the identity of its port.
        capabilities: enabled ones: "Bridge", "Router", "Station" …; None if it announces none at all.
        vlans: VLAN ids that it announces for the port.
        announced: the chassis id as it was heard, if the switch is known by another one.
    """

    interface: str
    protocol: str
    chassis_id_type: str
    chassis_id: str
    chassis_name: str | None
    chassis_description: str | None
    management_addresses: tuple[str, ...]
    capabilities: tuple[str, ...] | None
    port_id_type: str
    port_id: str
    port_description: str | None
    vlans: tuple[int, ...] = ()
    announced: str | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Route:
    """One next hop of a route, from ``ip -j route`` (ip-route(8)).

    Attributes:
        destination: a network ("10.244.1.0/24"), an address without a prefix for a single host, or "default".
        device: the device by which packets leave; None for routes that drop them.
        via: the next hop's address; None if the destination is on the link.
        protocol: the origin of the route: "kernel", "boot", "bird", "80" …
        kind: "unicast", "blackhole", "unreachable", "prohibit" …
    """

    destination: str
    device: str | None = None
    via: str | None = None
    protocol: str | None = None
    kind: str = "unicast"
