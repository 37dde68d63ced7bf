# SPDX-License-Identifier: Apache-2.0
"""Links of the logical switches and gateway routers of a cluster that OVN-Kubernetes runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View


class ClusterNetworks:
    """Links of logical switches, each by a pointer in OVN's databases.

    ``vnic-network``: the switch has the port of the interface. ``network-vservice``: a route by source address sends
    the network's packets to a port of this gateway router. ``vservice-vedge``: the gateway router is pinned to the
    chassis. ``network-vedge``: a transit switch has a port of another zone, bound to that chassis.
    """

    link_types = ("vnic-network", "network-vservice", "vservice-vedge", "network-vedge")
    reads = ("vnic", "network", "vservice", "vedge")

    def find(self, view: View) -> Iterator[Link]:
        """Match by the ids and names in the objects' attributes."""
        networks = {one.id: one for one in view.of_type("network") if "gateway_routes" in one}
        if not networks:
            return
        routers = {one.id: one for one in view.of_type("vservice")}
        vedges = {one["chassis"]: one for one in view.of_type("vedge") if one.get("chassis")}
        for vnic in view.of_type("vnic"):
            if (network := networks.get(vnic.get("logical_switch") or "")) is not None:
                rule = f"{network.name} has the port {vnic.get('port_id')}"
                up = (vnic.get("ovn") or {}).get("up") is not False
                yield make(vnic, network, rule=rule, name=network.name, up=up, network=network.id)
        for network in networks.values():
            yield from _ways_out(network, routers)
            yield from _other_zones(network, vedges)
        for router in routers.values():
            if (vedge := vedges.get(router.get("chassis") or "")) is not None:
                rule = f"OVN pins {router.name} to chassis {router['chassis']}"
                yield make(router, vedge, rule=rule, name=router.name, network=router.get("network"))


def _ways_out(network: InventoryObject, routers: dict[str, InventoryObject]) -> Iterator[Link]:
    ways: dict[str, list[str]] = {}
    for row in network.get("gateway_routes") or ():
        ways.setdefault(row["router_id"], []).append(f"packets from {row['prefix']} to {row['next_hop']}")
    for id_, told in ways.items():
        if (router := routers.get(id_)) is not None:
            rule = f"routes send {' and '.join(told)}, a port of {router.name}"
            yield make(network, router, rule=rule, name=router.name, network=network.id)


def _other_zones(network: InventoryObject, vedges: dict[str, InventoryObject]) -> Iterator[Link]:
    for row in network.get("remote_ports") or ():
        if (vedge := vedges.get(row["chassis"] or "")) is not None:
            rule = f"OVN has {row['name']}, a port of another zone, on chassis {row['chassis']}"
            yield make(network, vedge, rule=rule, name=row["name"], network=network.id)
