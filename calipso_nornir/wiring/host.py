# SPDX-License-Identifier: Apache-2.0
"""The joints of one host and the wires between them, built from the inventory's objects."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from calipso_nornir.wiring.vlan_modes import UNKNOWN, UNTAGGED, enters, integration_of, leaves, marked_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Port = Mapping[str, Any]

OVS, BRIDGE, PNIC = "ovs", "bridge", "pnic"


class Joint(NamedTuple):
    """A point where several wires meet: an Open vSwitch bridge, a Linux bridge, or a physical interface (an uplink)."""

    kind: str
    name: str


@lru_cache(maxsize=1024)
def _switch(bridge: str) -> Joint:
    """Return the joint of an Open vSwitch bridge; most hosts' bridges have the same few names."""
    return Joint(OVS, bridge)


def _nowhere(_: Joint) -> bool:
    return False


class Wire(NamedTuple):
    """A connection from one joint to the next, in one direction; frames that go both ways need two.

    Attributes:
        port: device by which frames leave the near joint.
        through: device by which they enter the far joint; equals ``port`` when one device belongs to both.
        vlan_id: VLAN id of the VLAN device that they pass on the way.
    """

    near: Joint
    port: str
    far: Joint
    through: str
    vlan_id: int | None = None


@dataclass(slots=True)
class HostWires:
    """The objects of one host by the names of their devices, and the wires between them."""

    vedge: InventoryObject | None = None
    """The host's Open vSwitch, if it has one."""
    ports: dict[str, Port] = field(default_factory=dict)
    bridges: dict[str, InventoryObject] = field(default_factory=dict)
    members: dict[str, Joint] = field(default_factory=dict)
    """Device -> the Linux bridge that it belongs to."""
    peers: dict[str, str | None] = field(default_factory=dict)
    """Member of a Linux bridge -> the other end of its veth pair."""
    pnics: dict[str, InventoryObject] = field(default_factory=dict)
    """Device -> physical interface, by the names of the interface, its VLAN devices and its virtual functions."""
    wires: dict[Joint, list[Wire]] = field(default_factory=dict)
    integration: Joint = field(init=False)
    """The integration bridge, where flows, and not ports alone, determine which frames leave by a port."""

    def lay(self) -> None:
        """Lay the wires; call this once all objects are added."""
        configurations = self.vedge.get("configurations") if self.vedge is not None else None
        self.integration = _switch(integration_of(configurations))
        found = [*self._of_ports(), *self._of_members()]
        for wire in found:
            self.wires.setdefault(wire.near, []).append(wire)

    def __iter__(self) -> Iterator[Wire]:
        return (wire for wires in self.wires.values() for wire in wires)

    def _of_ports(self) -> Iterator[Wire]:
        for port in self.ports.values():
            near = _switch(port["bridge"])
            if port.get("type") == "patch":
                other = self.ports.get(port.get("peer") or "")
                if other is not None and other.get("peer") == port["name"]:
                    yield Wire(near, port["name"], _switch(other["bridge"]), other["name"])
            elif (far := self.end(stack_of(port), near)) is not None:
                yield Wire(near, port["name"], *far, port.get("vlan_id"))

    def _of_members(self) -> Iterator[Wire]:
        for bridge in self.bridges.values():
            near = Joint(BRIDGE, bridge["bridge_name"])
            for member in bridge.get("interfaces") or ():
                if (far := self.end(stack_of(member), near)) is not None:
                    yield Wire(near, member["name"], *far, member.get("vlan_id"))

    def end(self, stack: Sequence[str], near: Joint | None) -> tuple[Joint, str] | None:
        """Return the first joint to which a stack of devices leads, other than ``near``, where it begins.

        A device below others in the stack leads to a joint if it is the joint itself (a bridge, a NIC) or one of its
        ports by which frames enter.
        """
        above: str | None = None
        for device in stack:
            for joint in self._at(device, above, below=above is not None or near is None):
                if joint != near:
                    return joint, device
            above = device
        return None

    def _at(self, device: str, above: str | None, *, below: bool) -> list[Joint]:
        found = [Joint(PNIC, self.pnics[device]["local_name"])] if device in self.pnics else []
        if above is None or self._enters(device, above):
            if device in self.ports:
                found.append(_switch(self.ports[device]["bridge"]))
            if device in self.members:
                found.append(self.members[device])
        if below and device in self.bridges:
            found.append(Joint(BRIDGE, device))
        return found

    def _enters(self, device: str, above: str) -> bool:
        """Return whether frames that come down from the upper device enter the bridge that the lower one is a port of.

        They do if the devices are a veth pair, or if the lower one is an internal port. A device on top of any other
        port shares the port with the bridge: its frames leave by the port (those of a VLAN device on a tap reach the
        server).
        """
        port = self.ports.get(device) or {}
        if port.get("internal") or port.get("type") == "internal":
            return True
        return self._peer(device) == above or self._peer(above) == device

    def _peer(self, device: str) -> str | None:
        """Return the other end of a veth pair, as recorded for the device's port or bridge."""
        peer: str | None = (self.ports.get(device) or {}).get("peer") or self.peers.get(device)
        return peer

    def onward(self, joint: Joint, vlan: int, came_by: str = "") -> Iterator[tuple[Wire, int]]:
        """Yield the wires by which frames of a VLAN leave a joint, each with the VLAN at its other end.

        Frames do not leave by the device through which they came.
        """
        for wire in self.wires.get(joint, ()):
            if wire.port == came_by:
                continue
            outside = leaves(self.ports[wire.port], vlan) if joint.kind == OVS else vlan
            if outside is not None and wire.vlan_id is not None:
                outside = wire.vlan_id if outside == UNTAGGED else UNKNOWN
            if outside is not None and wire.far.kind == OVS:
                outside = enters(self.ports[wire.through], outside)
            if outside is not None:
                yield wire, outside

    def flood(
        self, start: Joint, vlan: int, came_by: str = "", *, ends: Callable[[Joint], bool] = _nowhere
    ) -> Iterator[tuple[Wire, int]]:
        """Yield every wire that frames flooded from a joint pass, each with their VLAN at its other end.

        Frames do not go beyond a joint for which ``ends`` returns True.
        """
        todo, seen = [(start, vlan, came_by)], {(start, vlan)}
        while todo:
            for wire, arrived in self.onward(*todo.pop(0)):
                yield wire, arrived
                reached = (wire.far, arrived)
                if reached not in seen and wire.far.kind != PNIC and not ends(wire.far):
                    seen.add(reached)
                    todo.append((*reached, wire.through))


def stack_of(one: Port) -> Sequence[str]:
    """Return the stack of a port or member; if none was stored, the device and its peer."""
    found: Sequence[str] | None = one.get("stack")
    if found:
        return found
    name, peer = one["name"], one.get("peer")
    return [name, peer] if peer else [name]


def wires_of_hosts(view: View) -> dict[str, HostWires]:
    """Return the wires of every host that has any."""
    hosts: defaultdict[str, HostWires] = defaultdict(HostWires)
    for pnic in _on_hosts(view, "host_pnic", "local_name"):
        standing = [
            *(vlan["name"] for vlan in pnic.get("vlan_interfaces") or ()),
            *(pnic.get("virtual_functions") or ()),
        ]
        hosts[pnic["host"]].pnics |= dict.fromkeys(standing, pnic)
    for pnic in _on_hosts(view, "host_pnic", "local_name"):
        hosts[pnic["host"]].pnics[pnic["local_name"]] = pnic
    for bridge in _on_hosts(view, "vconnector", "bridge_name"):
        host = hosts[bridge["host"]]
        joint, members = Joint(BRIDGE, bridge["bridge_name"]), bridge.get("interfaces") or ()
        host.bridges[joint.name] = bridge
        host.members |= {member["name"]: joint for member in members}
        host.peers |= {member["name"]: member.get("peer") for member in members}
    for vedge in _on_hosts(view, "vedge", "ports"):
        if vedge.get("vedge_type") == "VPP":
            continue  # its own tables say where frames go: link_finders/vpp.py
        host = hosts[vedge["host"]]
        host.vedge = vedge
        host.ports |= {port["name"]: port for port in marked_ports(vedge)}
    for host in hosts.values():
        host.lay()
    return dict(hosts)


def _on_hosts(view: View, type_: str, needed: str) -> Iterator[InventoryObject]:
    return (one for one in view.of_type(type_) if one.get("host") and one.get(needed) is not None)
