# SPDX-License-Identifier: Apache-2.0
"""Links between Linux bridges and their members, or what their members are wired to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import link_detected, make, network_of, on_hosts
from calipso_nornir.link_finders.traffic import traffic_of_hosts
from calipso_nornir.link_finders.trunks import networks_untaken
from calipso_nornir.link_finders.vpp import taps_in_bridges, vnic_bridge_domains
from calipso_nornir.wiring.host import BRIDGE, PNIC, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.link_finders.traffic import Traffic
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.wiring.host import Joint, Wire


class VnicVconnectors:
    """One ``vnic-vconnector`` link per virtual interface that is a member of a bridge of its host.

    An instance's interface, or the outer end of a pod's, is the member of the same name; if an instance's is a trunk,
    VLAN devices on it are members of the bridges of other networks. A service's interface is inside a namespace; the
    member is the other end of its veth pair, and both have the same Neutron port. For bridge domains of VPP, see
    ``link_finders.vpp``.
    """

    link_types = ("vnic-vconnector",)
    reads = ("vnic", "vconnector")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match by host and device name, or by Neutron port."""
        yield from vnic_bridge_domains(view)
        by_device: dict[tuple[str, str], InventoryObject] = {}
        by_port: dict[tuple[str, str], InventoryObject] = {}
        for vnic in on_hosts(view, "vnic"):
            if vnic.get("vnic_type") in ("instance_vnic", "pod_vnic") and vnic.get("device"):
                by_device[vnic["host"], vnic["device"]] = vnic
            elif vnic.get("vnic_type") == "vservice_vnic" and vnic.get("port_id"):
                by_port[vnic["host"], vnic["port_id"]] = vnic
        bridges = list(on_hosts(view, "vconnector", "bridge_name"))
        for bridge in bridges:
            for member in bridge.get("interfaces") or ():
                owner, why = _owner(member, bridge["host"], by_device, by_port)
                if owner is not None:
                    rule = f"{owner.name} {why} {bridge['bridge_name']}"
                    yield self._link(owner, bridge, member, rule, _networks(owner, member, bridges))

    @staticmethod
    def _link(
        vnic: InventoryObject,
        bridge: InventoryObject,
        member: Mapping[str, Any],
        rule: str,
        network: str | list[str] | None,
    ) -> Link:
        return make(
            vnic,
            bridge,
            rule=rule,
            name=vnic.get("mac_address"),
            up=member.get("state", "UP") == "UP",
            network=network,
        )


def _networks(
    owner: InventoryObject, member: Mapping[str, Any], bridges: list[InventoryObject]
) -> str | list[str] | None:
    """Return the networks whose frames a virtual interface sends by a bridge member; for a trunk, the member's own."""
    if not owner.get("sub_ports"):
        return network_of(owner)
    if member["name"] == owner["device"]:
        untaken = networks_untaken(owner, bridges)
        return untaken[0] if len(untaken) == 1 else untaken
    return member.get("network") or network_of(owner)


def _owner(
    member: Mapping[str, Any],
    host: str,
    by_device: Mapping[tuple[str, str], InventoryObject],
    by_port: Mapping[tuple[str, str], InventoryObject],
) -> tuple[InventoryObject | None, str]:
    """Return the virtual interface to which a member of a bridge belongs, and why; None if it belongs to none."""
    if (host, member["name"]) in by_device:
        return by_device[host, member["name"]], "is a member of"
    if member.get("kind") == "veth" and member.get("port_id"):
        return by_port.get((host, member["port_id"])), f"has the port of {member['name']}, a member of"
    on = next((by_device[host, name] for name in stack_of(member)[1:] if (host, name) in by_device), None)
    return on, f"stands below {member['name']}, a member of"


class VconnectorPnics:
    """Links from Linux bridges to the other ends of their wires.

    ``vconnector-host_pnic``: a member is the physical interface, or is on top of it. The link serves the networks that
    pass the wire, including tunnelled ones if the bridge is below an endpoint's address; if nothing in the cloud uses
    the bridge, its networks are not known. ``vconnector-vconnector``: a member is wired to another bridge. The link
    leads outwards, in the direction that networks pass or, if no network is known to pass, to the bridge that a
    physical interface is wired to. From a bridge with a tap of VPP it leads to the tap's bridge domain.
    """

    link_types = ("vconnector-host_pnic", "vconnector-vconnector")
    reads = ("vconnector", "host_pnic", "vedge", "otep", "vnic", "network")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Go through the wires host by host."""
        yield from taps_in_bridges(view)
        for traffic in traffic_of_hosts(view).values():
            done = set()
            for wire in traffic.wires:
                if wire.near.kind != BRIDGE:
                    continue
                if wire.far.kind == PNIC:
                    yield _to_pnic(wire, traffic)
                elif wire.far.kind == BRIDGE and (pair := frozenset((wire.near, wire.far))) not in done:
                    done.add(pair)
                    yield _between(wire, traffic)


def _to_pnic(wire: Wire, traffic: Traffic) -> Link:
    pnic = traffic.wires.pnics[wire.far.name]
    return make(
        traffic.wires.bridges[wire.near.name],
        pnic,
        rule=f"{wire.port} is a member of {wire.near.name}",
        name=pnic.name,
        up=link_detected(pnic),
        network=traffic.passed.get(wire) or None,
    )


def _between(wire: Wire, traffic: Traffic) -> Link:
    ends = sorted((wire.near, wire.far), key=lambda joint: (_nearness(joint, traffic), joint.name))
    if traffic.between.get((ends[1], ends[0])) and not traffic.between.get((ends[0], ends[1])):
        ends.reverse()
    inner, outer = ends
    networks = traffic.between.get((inner, outer), set()) | traffic.between.get((outer, inner), set())
    bridges = traffic.wires.bridges
    return make(
        bridges[inner.name],
        bridges[outer.name],
        rule=f"{wire.port}, a member of {wire.near.name}, is wired to {wire.through} of {wire.far.name}",
        name=f"{inner.name}-{outer.name}",
        network=networks or None,
        attributes={"outward": "vconnector"},
    )


def _nearness(joint: Joint, traffic: Traffic) -> int:
    """Return 1 for a bridge that a physical interface is wired to, 0 for others."""
    return int(any(wire.far.kind == PNIC for wire in traffic.wires.wires.get(joint, ())))
