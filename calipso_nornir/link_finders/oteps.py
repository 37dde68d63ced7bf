# SPDX-License-Identifier: Apache-2.0
"""Links of overlay tunnel endpoints."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import link_detected, make, network_of, on_hosts
from calipso_nornir.link_finders.traffic import networks_of_otep, networks_of_tunnels, traffic_of_hosts
from calipso_nornir.parsing.common_values import canonical_ip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.link_finders.traffic import Traffic
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View


OF_FLOWS = "flow"
"""Value of ``remote_ip`` on a port whose remote address flows set (ovs-vswitchd.conf.db(5), options:remote_ip)."""


class Oteps:
    """Links of a tunnel endpoint to what it belongs to and to the interface by which its packets leave.

    ``vedge-otep``: the endpoint belongs to the switch. ``otep-vconnector``: its VXLAN device is a member of the bridge,
    or its packets enter the bridge. ``otep-host_pnic``: its packets leave by the physical interface, and before it pass
    nothing but Open vSwitch bridges. Each link serves the networks of the endpoint's tunnels.
    """

    link_types = ("vedge-otep", "otep-vconnector", "otep-host_pnic")
    reads = ("otep", "vconnector", "host_pnic", "vedge", "vnic", "network")
    scope = "host"

    def find(self, view: View) -> Iterator[Link]:
        """Match by parent, and by the wires of the host."""
        traffic = traffic_of_hosts(view)
        tunnelled = networks_of_tunnels(view)
        for otep in on_hosts(view, "otep", "overlay_type"):
            networks = networks_of_otep(otep, tunnelled)
            parent = view.get(otep.parent) if otep.parent else None
            if parent is not None and parent.type == "vedge":
                yield make(
                    parent,
                    otep,
                    rule=f"{parent.name} has {otep['overlay_type']} tunnels from {otep.get('ip_address')}",
                    name=f"{parent.name}-otep",
                    network=networks,
                )
            if parent is not None and parent.type == "vconnector":
                rule = f"{otep.name} is a member of {parent.get('bridge_name')}"
                yield make(otep, parent, rule=rule, name=f"{otep.name}-{parent.name}", network=networks)
            if otep["host"] in traffic:
                yield from _ways(otep, traffic[otep["host"]], networks)


def _ways(otep: InventoryObject, traffic: Traffic, networks: str | list[str]) -> Iterator[Link]:
    ways = traffic.ways[otep.id]
    for name, rule in ways.bridges.items():
        bridge = traffic.wires.bridges[name]
        yield make(otep, bridge, rule=rule, name=f"{otep.name}-{bridge.name}", network=networks)
    for name, rule in ways.pnics.items():
        pnic = traffic.wires.pnics[name]
        label = f"{otep['host']}-pnic-{pnic.name}"
        yield make(otep, pnic, rule=rule, name=label, up=link_detected(pnic), network=networks)


class OtepTunnels:
    """One ``otep-otep`` link per existing tunnel, from its local endpoint to its remote one."""

    link_types = ("otep-otep",)
    reads = ("otep",)

    def find(self, view: View) -> Iterator[Link]:
        """Match the remote address of each tunnel with the address of an endpoint of the same type (and VNI)."""
        by_address: defaultdict[Any, list[InventoryObject]] = defaultdict(list)
        for otep in _addressed(view):
            by_address[otep["overlay_type"], otep.get("vni"), canonical_ip(otep["ip_address"])].append(otep)
        known = {key: there[0] for key, there in by_address.items() if len(there) == 1}
        """Endpoints by address; addresses that two endpoints share are ignored."""
        for otep in _addressed(view):
            host, type_, vni, address = otep["host"], otep["overlay_type"], otep.get("vni"), otep["ip_address"]
            network = network_of(otep)
            for tunnel in otep.get("ports") or ():
                name, remote = tunnel["name"], tunnel.get("remote_ip") or ""
                other = known.get((type_, vni, canonical_ip(remote)))
                if remote == OF_FLOWS:
                    yield from _meshed(otep, tunnel, known)
                elif other is not None and other is not otep:
                    rule = f"{name} of {host} sends to {remote}"
                    ends = (address, other["ip_address"])
                    yield make(otep, other, rule=rule, name=name, host=host, network=network, labels=ends)


def _meshed(otep: InventoryObject, tunnel: Mapping[str, Any], known: Mapping[Any, InventoryObject]) -> Iterator[Link]:
    """Yield the tunnels of a port whose flows choose the remote end: OVN's reach all chassis of its transport zones."""
    zones = set(otep.get("transport_zones") or ())
    for (overlay_type, _, address), other in known.items():
        theirs = set(other.get("transport_zones") or ())
        near = overlay_type == otep["overlay_type"] and other.get("chassis") and other["host"] != otep["host"]
        if near and (zones & theirs or not (zones or theirs)):
            yield make(
                otep,
                other,
                rule=f"{tunnel['name']} of {otep['host']} sends to every chassis of its transport zones",
                name=tunnel["name"],
                network=network_of(otep),
                labels=(otep["ip_address"], address),
            )


def _addressed(view: View) -> list[InventoryObject]:
    return [one for one in on_hosts(view, "otep", "overlay_type") if one.get("ip_address")]
