# SPDX-License-Identifier: Apache-2.0
"""The logical switches of a cluster that OVN-Kubernetes runs, and which of them a pod's port is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.errors import ZonesUnread
from calipso_nornir.fetchers.kubernetes.ovn_names import databases, router_ids, switch_ids
from calipso_nornir.fetchers.kubernetes.ovn_routes import networks_of, ways_out
from calipso_nornir.fetchers.ovn.databases import LOGICAL, SOUTHBOUND, is_described
from calipso_nornir.fetchers.ovn.ports import added
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.refs import Folder
from calipso_nornir.parsing.ovn_logical import REMOTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import JSON, InventoryObject
    from calipso_nornir.parsing.ovn_logical import Logical, Switch
    from calipso_nornir.parsing.ovn_southbound import Southbound

FOLDER = Folder(type="networks_folder", types_name="networks", text="Networks")


class ClusterSwitches:
    """OVN's logical switches: of each node's pods, to the outside, and between routers and zones.

    Source: Northbound's Logical_Switch, Logical_Switch_Port, Logical_Router_Port and Logical_Router_Static_Route;
    Southbound's Datapath_Binding, Port_Binding and Chassis.
    Attributes: ``network`` (its own id), ``zone`` (with interconnect: the zone whose database has it), ``cidrs`` (its
    subnet, and the networks of the router ports on it), ``ovn_tunnel_key``; with a port to a physical network
    ``provider_network_type`` ("flat" or "vlan"), ``provider_physical_network`` and ``provider_segmentation_id``;
    ``gateway_routes`` [{prefix, next_hop, router_id}]: the gateway routers that its packets leave by; ``remote_ports``
    [{name, chassis, host}]: ports of other zones on a transit switch.
    """

    def get(self, _parent: InventoryObject) -> Fetching:
        """Ask both databases, and look up the chassis' nodes."""
        known = yield from databases()
        if known is None:
            return []
        logical, south, nodes = known.logical, known.south, known.nodes
        others = tuple(sorted(nodes.get(one.name, one.hostname) for one in south.chassis.values() if one.remote))
        if logical.zone and others:
            known.answers.tell(ZonesUnread(logical.zone, others))
        names, routers = switch_ids(logical), router_ids(logical)
        return [
            Fetched(
                id=names[one.uuid],
                name=one.name or one.uuid,
                attributes={
                    "network": names[one.uuid],
                    **({"zone": logical.zone} if logical.zone and not one.transit else {}),
                    "cidrs": _cidrs(logical, one),
                    "ovn_tunnel_key": south.datapaths.get(one.uuid),
                    **{f"provider_{name}": value for name, value in provider(one).items()},
                    "gateway_routes": [
                        {"prefix": way.prefix, "next_hop": way.next_hop, "router_id": routers[way.gateway.uuid]}
                        for way in ways_out(logical, one)
                    ],
                    "remote_ports": list(_remote(one, south, nodes)),
                },
                folder=FOLDER,
                sources=(LOGICAL, SOUTHBOUND),
            )
            for one in logical.switches
        ]


class OvnPodSwitches:
    """The logical switch that a pod's interface is on.

    Source: Northbound's Logical_Switch and Logical_Switch_Port.
    Attributes: ``logical_switch``: id of the network that has its port.
    """

    asked_by: ClassVar[Mapping[str, str]] = {}

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the switches, if the interface has a port."""
        port = parent.get("port_id")
        if port is None:
            return []
        answers = yield [LOGICAL]
        if not is_described(answers, LOGICAL):
            return []
        logical: Logical = answers[LOGICAL]
        switch = logical.switch_of.get(port)
        return added(
            parent, "logical_switch", switch_ids(logical)[switch.uuid] if switch is not None else None, LOGICAL
        )


def provider(switch: Switch) -> dict[str, JSON]:
    """Return how frames of a switch leave for its physical network; {} if it has none."""
    outside = switch.outside
    if outside is None or not outside.physical_network:
        return {}
    return {
        "network_type": "vlan" if outside.tag else "flat",
        "physical_network": outside.physical_network,
        "segmentation_id": str(outside.tag) if outside.tag else None,
    }


def _cidrs(logical: Logical, switch: Switch) -> list[str]:
    joined = logical.joined
    own = {
        str(net)
        for router in logical.routers
        for port in router.ports
        if port.name in joined and joined[port.name][0].uuid == switch.uuid
        for net in networks_of(port)
    }
    return sorted(own | ({switch.subnet} if switch.subnet else set()))


def _remote(switch: Switch, south: Southbound, nodes: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for port in switch.ports:
        if port.type == REMOTE:
            binding = south.bindings.get(port.name)
            chassis = binding.chassis if binding is not None else None
            yield {"name": port.name, "chassis": chassis, "host": nodes.get(chassis or "")}
