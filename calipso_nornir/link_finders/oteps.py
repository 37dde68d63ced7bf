# SPDX-License-Identifier: Apache-2.0
"""Links of overlay tunnel endpoints."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import link_detected, make, network_of, on_hosts, pnics_by_device
from calipso_nornir.link_finders.traffic import networks_of_tunnels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Pnics = Mapping[tuple[str, str], InventoryObject]


class Oteps:
    """Links of a tunnel endpoint with what it belongs to and what its traffic leaves by.

    ``vedge-otep``: the endpoint is the switch's own. ``otep-vconnector``: its VXLAN device is a member of the bridge,
    and another if its address is on another. ``otep-host_pnic``: its address is on the physical interface, on a VLAN of
    it, or on a bridge of Open vSwitch that has this one physical port. Each serves the networks of the endpoint's
    tunnels.
    """

    link_types = ("vedge-otep", "otep-vconnector", "otep-host_pnic")

    def find(self, view: View) -> Iterator[Link]:
        """Match by parent, by bridge name and host, and by device and host."""
        bridges = {(one["host"], one["bridge_name"]): one for one in on_hosts(view, "vconnector", "bridge_name")}
        pnics = pnics_by_device(view)
        tunnelled = networks_of_tunnels(view)
        for otep in on_hosts(view, "otep", "overlay_type"):
            host = otep["host"]
            networks = network_of(otep) or tunnelled.get((host, otep["overlay_type"]), [])
            parent = view.get(otep.parent) if otep.parent else None
            if parent is not None and parent.type == "vedge":
                yield make(
                    parent,
                    otep,
                    rule=f"{parent.name} has {otep['overlay_type']} tunnels from {otep.get('ip_address')}",
                    name=f"{parent.name}-otep",
                    network=networks,
                )
            for bridge, rule in _bridges(otep, parent, bridges):
                yield make(otep, bridge, rule=rule, name=f"{otep.name}-{bridge.name}", network=networks)
            for pnic, rule in _exits(otep, parent, pnics):
                yield make(
                    otep,
                    pnic,
                    rule=rule,
                    name=f"{host}-pnic-{pnic.name}",
                    up=link_detected(pnic),
                    network=networks,
                )


class OtepTunnels:
    """One ``otep-otep`` link per tunnel that is really there, from the endpoint that has it to the one it leads to."""

    link_types = ("otep-otep",)

    def find(self, view: View) -> Iterator[Link]:
        """Match the remote address of each tunnel with the address of an endpoint of the same type (and VNI)."""
        by_address: defaultdict[Any, list[InventoryObject]] = defaultdict(list)
        for otep in _addressed(view):
            by_address[otep["overlay_type"], otep.get("vni"), otep["ip_address"]].append(otep)
        for otep in _addressed(view):
            for tunnel in otep.get("ports") or ():
                there = by_address.get((otep["overlay_type"], otep.get("vni"), tunnel.get("remote_ip")), [])
                if len(there) == 1 and there[0].ref != otep.ref:  # an address that two hosts have tells nothing
                    yield make(
                        otep,
                        there[0],
                        rule=f"{tunnel['name']} of {otep['host']} sends to {tunnel['remote_ip']}",
                        name=tunnel["name"],
                        network=network_of(otep),
                        labels=(otep["ip_address"], there[0]["ip_address"]),
                    )


def _addressed(view: View) -> list[InventoryObject]:
    return [one for one in on_hosts(view, "otep", "overlay_type") if one.get("ip_address")]


def _bridges(
    otep: InventoryObject, parent: InventoryObject | None, bridges: Mapping[tuple[str, str], InventoryObject]
) -> Iterator[tuple[InventoryObject, str]]:
    """Yield the Linux bridge that an endpoint's device is a member of, and the one that its address is on."""
    if parent is not None and parent.type == "vconnector":
        yield parent, f"{otep.name} is a member of {parent.get('bridge_name')}"
    below = bridges.get((otep["host"], otep.get("interface") or ""))
    if below is not None:
        yield below, f"address {otep.get('ip_address')} is on {below['bridge_name']}"


def _exits(
    otep: InventoryObject, parent: InventoryObject | None, pnics: Pnics
) -> Iterator[tuple[InventoryObject, str]]:
    """Yield the physical interfaces that an endpoint's traffic leaves by, as far as that is certain."""
    host, device = otep["host"], otep.get("interface")
    for below in otep.get("stack") or ():
        if (host, below) in pnics:
            on = f"on {below}" if below == device else f"on {device}, which stands on {below}"
            yield pnics[host, below], f"address {otep.get('ip_address')} is {on}"
            return
    if parent is None or parent.type != "vedge" or not device:
        return
    ports = parent.get("ports") or ()
    bridge = next((port["bridge"] for port in ports if port["name"] == device and port.get("internal")), None)
    ways: defaultdict[Any, list[InventoryObject]] = defaultdict(list)
    for port in ports:
        if bridge is not None and port["bridge"] == bridge and (host, port["name"]) in pnics:
            ways[port.get("port") or port["name"]].append(pnics[host, port["name"]])
    if len(ways) == 1:  # of two uplinks without a bond nobody can say which one is taken
        for pnic in next(iter(ways.values())):
            yield pnic, f"address {otep.get('ip_address')} is on {device}, and {pnic.name} is the way out of {bridge}"
