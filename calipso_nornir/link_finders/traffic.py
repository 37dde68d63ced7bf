# SPDX-License-Identifier: Apache-2.0
"""Which networks use which way out of a virtual switch: tunnels, and bridges that are mapped to physical networks."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import by_host, on_hosts
from calipso_nornir.model.segments import segments_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View
    from calipso_nornir.model.refs import ObjectRef

INTEGRATION_BRIDGE = "br-int"
"""Neutron's default of [ovs] integration_bridge."""


def networks_here(vedge: InventoryObject, vnics: Iterable[InventoryObject], view: View) -> list[Mapping[str, Any]]:
    """Return the networks that have a local VLAN on a switch: {network, network_type, physical_network}.

    Neutron's agent notes them on the ports. Where no port tells (old releases, the text road), they are the
    networks of the interfaces on the host, with the segment that Neutron gives for the whole network.
    """
    noted: list[Mapping[str, Any]] = list(vedge.get("networks") or ())
    if noted:
        return noted
    found: dict[str, list[Mapping[str, Any]]] = {}
    for vnic in vnics:
        network = view.get(vnic.sibling("network", vnic.get("network") or ""))
        if network is not None:
            found[network.id] = [
                {"network": network.id, "network_type": one.network_type, "physical_network": one.physical_network}
                for one in segments_of(network)
            ]
    return [row for rows in found.values() for row in rows]


def segment_name(network: InventoryObject, vedges: Iterable[InventoryObject]) -> str:
    """Return by what a network is told from others where it leaves a host: by its segment there.

    Neutron's agent notes it; else, of several, it is one on a physical network that the host is mapped to.
    """
    noted = [row for vedge in vedges for row in vedge.get("networks") or () if row.get("network") == network.id]
    marks = {str(row["segmentation_id"]) for row in noted if row.get("segmentation_id")}
    if not marks:
        segments = segments_of(network)
        reached = _physical_networks(vedges)
        here = [one for one in segments if one.physical_network in reached] if len(segments) > 1 else []
        marks = {str(one.segmentation_id or one.network_type) for one in here or segments}
    return f"Segment-{','.join(sorted(marks))}" if marks else f"Network-{network.name}"


def _physical_networks(vedges: Iterable[InventoryObject]) -> set[str]:
    configured = [vedge.get("configurations") or {} for vedge in vedges]
    kinds = ("bridge_mappings", "interface_mappings")
    return {name for one in configured for kind in kinds for name in one.get(kind) or {}}


def networks_of_tunnels(view: View) -> dict[tuple[str, str], list[str]]:
    """Return the networks that leave an Open vSwitch by its tunnels, by host and overlay type."""
    vnics = by_host(on_hosts(view, "vnic"))
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for vedge in on_hosts(view, "vedge"):
        for row in networks_here(vedge, vnics.get(vedge["host"], []), view):
            if row.get("network_type"):
                found[vedge["host"], row["network_type"]].append(row["network"])
    return found


def networks_of_bridges(view: View) -> dict[ObjectRef, dict[str, set[str]]]:
    """Return the networks that leave a switch by each of its bridges.

    A physical network's by the bridge that the agent maps it to, when that is really patched to the integration
    bridge; the tunnels' by the bridge that the endpoint's address is on.
    """
    vnics = by_host(on_hosts(view, "vnic"))
    oteps = by_host(on_hosts(view, "otep", "overlay_type"))
    tunnelled = networks_of_tunnels(view)
    found: dict[ObjectRef, dict[str, set[str]]] = {}
    for vedge in on_hosts(view, "vedge"):
        ways: defaultdict[str, set[str]] = defaultdict(set)
        configured = vedge.get("configurations") or {}
        mappings = configured.get("bridge_mappings") or {}
        patched = _patched_bridges(vedge, configured.get("integration_bridge") or INTEGRATION_BRIDGE)
        for row in networks_here(vedge, vnics.get(vedge["host"], []), view):
            bridge = mappings.get(row.get("physical_network") or "")
            if bridge in patched:
                ways[bridge].add(row["network"])
        holders = {port["name"]: port["bridge"] for port in vedge.get("ports") or () if port.get("internal")}
        for otep in oteps.get(vedge["host"], []):
            if otep.get("interface") in holders and otep.parent == vedge.ref:
                ways[holders[otep["interface"]]].update(tunnelled[otep["host"], otep["overlay_type"]])
        found[vedge.ref] = dict(ways)
    return found


def _patched_bridges(vedge: InventoryObject, integration: str) -> set[str]:
    """Return the bridges that have a port whose peer is a port of the integration bridge."""
    ports = vedge.get("ports") or ()
    inner = {port["name"] for port in ports if port["bridge"] == integration}
    return {port["bridge"] for port in ports if port["bridge"] != integration and port.get("peer") in inner}
