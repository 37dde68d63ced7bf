# SPDX-License-Identifier: Apache-2.0
"""The logical routers of a cluster that OVN-Kubernetes runs: the distributed one, and gateway routers on chassis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.fetchers.kubernetes.ovn_names import databases, place, router_ids, switch_ids
from calipso_nornir.fetchers.ovn.databases import LOGICAL, SOUTHBOUND
from calipso_nornir.fetchers.ovn.routers import SERVICES, translation
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.parsing.ovn_northbound import REDIRECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.ovn_logical import Logical, LogicalRouter, RouterPort
    from calipso_nornir.parsing.ovn_southbound import Binding, Southbound

GATEWAY = "l3gateway"
"""Type of the ports of a router that is pinned to a chassis (ovn-sb(5), Port_Binding)."""


class ClusterRouters:
    """OVN's routers: ``ovn_cluster_router`` is on every node, a gateway router is on the chassis that it is pinned to.

    Source: Northbound's Logical_Router, Logical_Router_Port, Logical_Switch_Port and NAT; Southbound's Port_Binding,
    Datapath_Binding and Chassis.
    Attributes: ``service_type`` ("router"), ``router_id`` (UUID in OVN), ``zone`` (with interconnect), ``network`` (ids
    of the networks that it joins), ``distributed`` (not pinned), ``chassis`` (of a pinned one), ``tunnel_key``,
    ``gateways`` [{port_id, chassis, host, members}]: ports of a pinned router to a physical network, ``nat`` [{type,
    external_ip, logical_ip, port_id, distributed, floating_ip_id}].
    """

    def get(self, _parent: InventoryObject) -> Fetching:
        """Ask both databases, and look up the chassis' nodes."""
        known = yield from databases()
        if known is None:
            return []
        logical, south, nodes = known.logical, known.south, known.nodes
        switches, names = switch_ids(logical), router_ids(logical)
        return [
            Fetched(
                id=names[one.uuid],
                name=one.name or one.uuid,
                attributes={
                    "service_type": "router",
                    "router_id": one.uuid,
                    **({"zone": logical.zone} if logical.zone else {}),
                    "network": sorted({switches[logical.joined[port.name][0].uuid] for port in _joined(logical, one)}),
                    "distributed": one.chassis is None,
                    **({"chassis": one.chassis} if one.chassis else {}),
                    "tunnel_key": south.datapaths.get(one.uuid),
                    "gateways": [
                        {
                            "port_id": port.name,
                            "chassis": binding.chassis,
                            "host": nodes.get(binding.chassis or ""),
                            "members": [],
                        }
                        for port, binding in outer_ports(logical, one, south)
                    ],
                    "nat": [translation(each) for each in one.nat],
                },
                folder=SERVICES,
                sources=(LOGICAL, SOUTHBOUND),
            )
            for one in logical.routers
        ]


class ClusterRouterPorts:
    """Ports of one logical router, in its ports folder.

    Source: Northbound's Logical_Router_Port and Logical_Switch_Port; Southbound's Port_Binding.
    Attributes: ``vservice_id``, ``port_id`` (its name), ``mac_address``, ``addresses`` (CIDR texts), ``state``,
    ``network`` (id of the network that it is joined to) and ``peer`` (the port there, or that of another router),
    ``gateway`` (whether it leads to a physical network); of a port that is on one chassis ``chassis`` and ``host``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask both databases, and look up the chassis' nodes."""
        known = yield from databases()
        routers = [one for one in known.logical.routers if one.uuid == parent["router_id"]] if known is not None else []
        if known is None or not routers:
            return []
        (router,) = routers
        logical, south, nodes = known.logical, known.south, known.nodes
        switches = switch_ids(logical)
        outer = {port.name for port, _ in outer_ports(logical, router, south)}
        found = []
        for one in router.ports:
            switch, end = logical.joined.get(one.name, (None, None))
            peer = end.name if end is not None else one.peer
            attributes = {
                "vservice_id": parent.id,
                "port_id": one.name,
                "mac_address": one.mac,
                "addresses": list(one.networks),
                "state": "UP" if one.enabled and router.enabled else "DOWN",
                **({"network": switches[switch.uuid]} if switch is not None else {}),
                **({"peer": peer} if peer else {}),
                "gateway": one.name in outer,
                **place(_chassis(one, south), nodes),
            }
            found.append(
                Fetched(
                    id=ids.below(parent.id, one.name),
                    name=one.name,
                    attributes=attributes,
                    under=parent.sibling("router_ports_folder", ids.folder(parent.id, "router_ports")),
                    sources=(LOGICAL, SOUTHBOUND),
                )
            )
        return found


def outer_ports(logical: Logical, router: LogicalRouter, south: Southbound) -> Iterator[tuple[RouterPort, Binding]]:
    """Yield the ports of a pinned router to switches with a physical network, each with its binding."""
    for port in _joined(logical, router) if router.chassis else ():
        binding = south.bindings.get(port.name)
        if logical.joined[port.name][0].outside is not None and binding is not None and binding.type == GATEWAY:
            yield port, binding


def _joined(logical: Logical, router: LogicalRouter) -> Iterator[RouterPort]:
    return (port for port in router.ports if port.name in logical.joined)


def _chassis(port: RouterPort, south: Southbound) -> str | None:
    """Return the chassis of a router's port: that of a pinned router, or of the port that northd made to redirect."""
    redirect, own = south.bindings.get(REDIRECT + port.name), south.bindings.get(port.name)
    if redirect is not None:
        return redirect.chassis
    return own.chassis if own is not None and own.type == GATEWAY else None
