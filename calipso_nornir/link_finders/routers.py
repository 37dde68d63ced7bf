# SPDX-License-Identifier: Apache-2.0
"""Links of logical routers, which are on no particular host, except for their gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import make, network_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

    Vedges = Mapping[str, InventoryObject]


class LogicalRouters:
    """Links of the ports of logical routers.

    ``vservice-router_port``: the router has the port. ``router_port-vedge``: the gateway is now on that chassis, where
    northd binds its port. Links to other members of the gateway's group have ``ends`` ("standby") and ``priority``, and
    lead no further. ``router_port-network``: every other port is in its network, on all hosts that have the network; a
    port with a ``peer``, whether gateway or not, is in the network that has its peer.
    """

    link_types = ("vservice-router_port", "router_port-vedge", "router_port-network")
    reads = ("vservice", "router_port", "vedge", "network")

    def find(self, view: View) -> Iterator[Link]:
        """Go through the ports."""
        ports = view.of_type("router_port")
        vedges = {one["chassis"]: one for one in view.of_type("vedge") if one.get("chassis")} if ports else {}
        for port in ports:
            router = view.get(port.sibling("vservice", port.get("vservice_id") or ""))
            yield from _links(port, view, router, vedges.get(port.get("chassis") or ""))
            yield from _standing_by(port, router, vedges) if router is not None else ()


def _standing_by(port: InventoryObject, router: InventoryObject, vedges: Vedges) -> Iterator[Link]:
    groups = (one["members"] for one in router.get("gateways") or () if one["port_id"] == port.get("port_id"))
    for member in (row for rows in groups for row in rows if row["chassis"] != port.get("chassis")):
        vedge, priority = vedges.get(member["chassis"]), member["priority"]
        if vedge is not None:
            yield make(
                port,
                vedge,
                rule=f"chassis {member['chassis']} stands by for the gateway {port.name}, with priority {priority}",
                name=port.name,
                network=network_of(port),
                attributes={"ends": "standby", "priority": priority},
            )


def _links(
    port: InventoryObject, view: View, router: InventoryObject | None, vedge: InventoryObject | None
) -> Iterator[Link]:
    network = view.get(port.sibling("network", port.get("network") or ""))
    up = port.get("state", "UP") == "UP"
    served = network_of(port)
    if router is not None:
        rule, name = f"{router.name} has the port {port.name}", network.name if network is not None else port.name
        yield make(router, port, rule=rule, name=name, up=up, network=served)
    if vedge is not None:
        rule = f"the gateway {port.name} is on chassis {port['chassis']}"
        yield make(port, vedge, rule=rule, name=port.name, up=up, network=served)
    if network is not None and port.get("peer"):
        rule = f"{network.name} has the port {port['peer']}, which OVN joins to {port.name}"
        yield make(port, network, rule=rule, name=port.name, up=up, network=network.id)
    elif network is not None and not port.get("gateway"):
        rule = f"{port.name} is a port of {network.name}, on every host that has the network"
        yield make(port, network, rule=rule, name=port.name, up=up, network=network.id)
