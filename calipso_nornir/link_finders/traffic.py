# SPDX-License-Identifier: Apache-2.0
"""Determines which networks use which wire of a host, and by which interface its tunnel packets leave."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import by_host, network_of, on_hosts, once, vnics_by_host
from calipso_nornir.link_finders.plugs import plugged
from calipso_nornir.link_finders.vpp import plugged_into_vpp
from calipso_nornir.model.segments import segments_of
from calipso_nornir.wiring.host import BRIDGE, OVS, PNIC, HostWires, Joint, wires_of_hosts
from calipso_nornir.wiring.vlan_modes import UNKNOWN, UNTAGGED, cut_off, enters, marked_ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.wiring.host import Wire


@dataclass(slots=True)
class WaysOut:
    """The bridges and interfaces by which the packets of one tunnel endpoint leave, each with the reason."""

    bridges: dict[str, str] = field(default_factory=dict)
    """Linux bridges, by name."""
    pnics: dict[str, str] = field(default_factory=dict)
    """Physical interfaces that packets reach through virtual switches only, by device."""


@dataclass(slots=True)
class Traffic:
    """The wires of one host and the networks that pass them."""

    wires: HostWires
    plugs: list[tuple[InventoryObject, Mapping[str, Any]]] = field(default_factory=list)
    """The interfaces that are plugged into the host's Open vSwitch, each with its port."""
    owners: dict[Joint, str] = field(default_factory=dict)
    """Linux bridge -> the one network that it serves."""
    passed: defaultdict[Wire, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Wire -> the networks whose frames (or tunnel packets) pass it."""
    between: defaultdict[tuple[Joint, Joint], set[str]] = field(default_factory=lambda: defaultdict(set))
    """The same, by the joints at both ends of the wire."""
    ways: dict[str, WaysOut] = field(default_factory=dict)
    """Tunnel endpoint's id -> the ways of its packets."""

    def __post_init__(self) -> None:
        for name, bridge in self.wires.bridges.items():
            network = network_of(bridge)
            if isinstance(network, str):
                self.owners[Joint(BRIDGE, name)] = network

    def _note(self, wire: Wire, networks: Iterable[str]) -> None:
        self.passed[wire].update(networks)
        self.between[wire.near, wire.far].update(networks)

    def spread(self, network: str, start: Joint, vlan: int, came_by: str = "") -> None:
        """Record which wires a network's frames pass from a joint on; they do not enter another network's bridge."""
        integration = self.wires.integration

        def ends(joint: Joint) -> bool:
            return joint == integration or self.owners.get(joint, network) != network

        for wire, _ in self.wires.flood(start, vlan, came_by, ends=ends):
            if wire.far == integration or not ends(wire.far):
                self._note(wire, [network])

    def send(self, otep: InventoryObject, networks: Iterable[str]) -> None:
        """Record by which bridges and interfaces an endpoint's packets leave, and which wires of bridges they pass."""
        ways = self.ways[otep.id] = WaysOut()
        stack: Sequence[str] = otep.get("stack") or [name for name in (otep.get("interface"),) if name]
        first = self.wires.end(stack, None)
        if first is None:
            return
        joint, device = first
        address = f"address {otep.get('ip_address')} is on {stack[0]}"
        on = address if device == stack[0] else f"{address}, which stands on {device}"
        vlan = otep.get("vlan_id") or UNTAGGED
        if joint.kind == PNIC:
            ways.pnics[joint.name] = on
        elif joint.kind == BRIDGE:
            ways.bridges[joint.name] = on
            self._pass_bridges(ways, joint, vlan, device, networks=list(networks), on=on)
        else:
            inside = enters(self.wires.ports[device], vlan)
            for wire, arrived in self._way_out(joint, inside, device) if inside is not None else ():
                found = ways.pnics if wire.far.kind == PNIC else ways.bridges
                found[wire.far.name] = f"{on}, and {wire.port} is the way out of {wire.near.name}"
                if wire.far.kind == BRIDGE:
                    self._pass_bridges(ways, wire.far, arrived, wire.through, networks=list(networks), on=on)

    def _way_out(self, start: Joint, vlan: int, came_by: str) -> list[tuple[Wire, int]]:
        """Return the wires of the port by which frames leave switches; none if several ports are possible."""
        exits: defaultdict[str, list[tuple[Wire, int]]] = defaultdict(list)
        integration = self.wires.integration
        final = self.wires.flood(start, vlan, came_by, ends=lambda joint: joint.kind == BRIDGE or joint == integration)
        for wire, arrived in final:
            if wire.near.kind == OVS and wire.far.kind != OVS:
                exits[self.wires.ports[wire.port].get("port") or wire.port].append((wire, arrived))
        return next(iter(exits.values())) if len(exits) == 1 else []

    def _pass_bridges(  # noqa: PLR0913 - where the frames are, and what they are of
        self, ways: WaysOut, start: Joint, vlan: int, came_by: str, *, networks: list[str], on: str
    ) -> None:
        """Record which wires frames pass from a Linux bridge on; wires into and out of switches are not recorded."""
        for wire, arrived in self.wires.flood(start, vlan, came_by, ends=lambda joint: joint.kind == OVS):
            if wire.far.kind != OVS:
                self._note(wire, networks)
            elif wire.far != self.wires.integration:
                for exit_, _ in self._way_out(wire.far, arrived, wire.through):
                    if exit_.far.kind == PNIC:
                        ways.pnics[exit_.far.name] = f"{on}, and {exit_.port} is the way out of {exit_.near.name}"


def networks_here(vedge: InventoryObject, vnics: Iterable[InventoryObject], view: View) -> list[Mapping[str, Any]]:
    """Return the networks that have a local VLAN on a switch: {network, network_type, physical_network, …}.

    Neutron's agent records them on the ports. If no port shows them (old releases, or text output), they are the
    networks of the host's interfaces that are not cut off, with the segment that Neutron gives for the whole network.
    An OVN chassis has the networks of the ports bound to it, and those to which gateways on it lead.
    """
    if vedge.get("vedge_type") == "OVN":
        ports = [port for port in marked_ports(vedge) if not cut_off(port)]
        bound = {one for port in ports for one in (port.get("network"), *(port.get("trunk_networks") or ()))}
        plugged_in = [row for row in vedge.get("networks") or () if row["network"] in bound]
        return [*plugged_in, *(vedge.get("gateway_networks") or ())]
    noted: list[Mapping[str, Any]] = list(vedge.get("networks") or ())
    if noted:
        return noted
    off = {port.get(key) for port in vedge.get("ports") or () if cut_off(port) for key in ("name", "port_id")} - {None}
    found: dict[str, list[Mapping[str, Any]]] = {}
    for vnic in vnics:
        if {vnic.get("port_id"), vnic.get("device")} & off:
            continue
        network = view.get(vnic.sibling("network", vnic.get("network") or ""))
        if network is not None:
            found[network.id] = [
                {
                    "network": network.id,
                    "network_type": one.network_type,
                    "physical_network": one.physical_network,
                    "segmentation_id": one.segmentation_id,
                }
                for one in segments_of(network)
            ]
    return [row for rows in found.values() for row in rows]


def noted_segments(vedges: Iterable[InventoryObject]) -> dict[str, set[str]]:
    """Return the segmentation ids that Neutron's agents record on the switches of a host, by network."""
    noted: defaultdict[str, set[str]] = defaultdict(set)
    for vedge in vedges:
        for row in vedge.get("networks") or ():
            if row.get("segmentation_id"):
                noted[str(row.get("network"))].add(str(row["segmentation_id"]))
    return dict(noted)


def segment_name(
    network: InventoryObject, vedges: Iterable[InventoryObject], noted: Mapping[str, Iterable[str]]
) -> str:
    """Return a name for a network where it leaves a host: its segment there.

    Neutron's agent records it. If it does not and there are several, segments on physical networks that the host is
    mapped to are used.
    """
    marks = set(noted.get(network.id, ()))
    if not marks:
        segments = segments_of(network)
        reached = _physical_networks(vedges) if len(segments) > 1 else set()
        here = [one for one in segments if one.physical_network in reached]
        marks = {str(one.segmentation_id or one.network_type) for one in here or segments}
    return f"Segment-{','.join(sorted(marks))}" if marks else f"Network-{network.name}"


def _physical_networks(vedges: Iterable[InventoryObject]) -> set[str]:
    configured = [vedge.get("configurations") or {} for vedge in vedges]
    kinds = ("bridge_mappings", "interface_mappings")
    return {name for one in configured for kind in kinds for name in one.get(kind) or {}}


def networks_of_tunnels(view: View) -> dict[tuple[str, str], list[str]]:
    """Return the networks that use an Open vSwitch's tunnels, by host and overlay type; do not modify the result."""
    return once(view, _networks_of_tunnels)


def _networks_of_tunnels(view: View) -> dict[tuple[str, str], list[str]]:
    vnics = _vnics_by_host(view)
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for vedge in on_hosts(view, "vedge"):
        if vedge.get("vedge_type") == "VPP":
            continue  # each endpoint of VPP serves one network
        for row in networks_here(vedge, vnics.get(vedge["host"], []), view):
            if row.get("network_type"):
                found[vedge["host"], row["network_type"]].append(row["network"])
    return found


def traffic_of_hosts(view: View) -> dict[str, Traffic]:
    """Return the networks that pass the wires of every host; do not modify the result.

    A network begins at the bridge to which the agent maps its physical network, if that is wired to the integration
    bridge; at any other bridge that one of its ports is plugged into; and at its own Linux bridge. Tunnelled networks
    leave only by the device that has their endpoint's address.
    """
    return once(view, _traffic_of_hosts)


def _traffic_of_hosts(view: View) -> dict[str, Traffic]:
    vnics = _vnics_by_host(view)
    tunnelled = networks_of_tunnels(view)
    found = {host: Traffic(wires) for host, wires in wires_of_hosts(view).items()}
    for host, traffic in found.items():
        here = vnics.get(host, [])
        if traffic.wires.vedge is not None:
            traffic.plugs = list(plugged(traffic.wires, here))
            for network, joint, vlan in _beginnings(traffic, networks_here(traffic.wires.vedge, here, view)):
                traffic.spread(network, joint, vlan)
        for joint, network in traffic.owners.items():
            traffic.spread(network, joint, UNTAGGED)
    for otep in on_hosts(view, "otep", "overlay_type"):
        if otep["host"] in found:
            networks = networks_of_otep(otep, tunnelled)
            found[otep["host"]].send(otep, [networks] if isinstance(networks, str) else networks)
    return found


def networks_of_otep(otep: InventoryObject, tunnelled: Mapping[tuple[str, str], list[str]]) -> str | list[str]:
    """Return the network, or networks, that an endpoint's tunnels carry."""
    own = network_of(otep)
    of_one = otep.get("vni") is not None and otep.parent is not None and otep.parent.type == "vedge"
    return own or ([] if of_one else tunnelled.get((otep["host"], otep["overlay_type"]), []))


def _vnics_by_host(view: View) -> dict[str, list[InventoryObject]]:
    """Return the virtual interfaces of each host, except those that are plugged into VPP."""
    elsewhere = plugged_into_vpp(view)
    if not elsewhere:
        return vnics_by_host(view)
    return by_host(one for one in on_hosts(view, "vnic") if (one["host"], one.get("port_id")) not in elsewhere)


def _beginnings(traffic: Traffic, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Joint, int]]:
    yield from _mapped(traffic.wires, rows)
    for vnic, port in traffic.plugs:
        joint, network = Joint(OVS, port["bridge"]), vnic.get("network")
        if joint != traffic.wires.integration and isinstance(network, str) and not cut_off(port):
            sent = [(network, UNTAGGED)]
            sent += [(row["network"], row.get("segmentation_id") or UNKNOWN) for row in vnic.get("sub_ports") or ()]
            for of, vlan in sent:
                if (inside := enters(port, vlan)) is not None:
                    yield of, joint, inside


def _mapped(wires: HostWires, rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Joint, int]]:
    assert wires.vedge is not None  # noqa: S101 - the caller has looked
    mappings: Mapping[str, str] = (wires.vedge.get("configurations") or {}).get("bridge_mappings") or {}
    wired = {wire.far for wire, _ in wires.flood(wires.integration, UNKNOWN)}
    for row in rows:
        joint = Joint(OVS, mappings.get(row.get("physical_network") or "", ""))
        if joint in wired:
            number = str(row.get("segmentation_id") or "")
            tagged = row.get("network_type") == "vlan"
            yield row["network"], joint, (int(number) if number.isdecimal() else UNKNOWN) if tagged else UNTAGGED
