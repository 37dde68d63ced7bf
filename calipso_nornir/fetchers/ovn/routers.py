# SPDX-License-Identifier: Apache-2.0
"""Logical routers and their ports: services that are on no particular host, except for their gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import kept
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND, both
from calipso_nornir.fetchers.ovn.places import gateways_of, hosts_of
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.ovn_northbound import Nat, Router, RouterPort
    from calipso_nornir.parsing.ovn_southbound import Binding, Southbound

    Rows = Mapping[Any, Sequence[Mapping[str, Any]]]

SERVICES = Folder(type="vservices_folder", types_name="vservices", text="vServices")
"""Folder of services that are on no host."""


class LogicalRouters:
    """OVN's routers, in the vServices folder of their region: each is on every host, but its gateway is on one.

    Source: Northbound's Logical_Router, Logical_Router_Port and NAT; Southbound's Port_Binding, Datapath_Binding,
    HA_Chassis_Group and Chassis; Neutron, routers and ports; the agents.
    Attributes: all fields of Neutron; ``service_type`` ("router"), ``router_id``, ``network`` (ids of the networks that
    it connects), ``distributed`` (not pinned to a chassis), ``tunnel_key``, ``gateways`` [{port_id, host, chassis,
    members [{chassis, host, priority, active}]}], ``nat`` [{type, external_ip, logical_ip, port_id, distributed,
    floating_ip_id}], ``floating_ips`` (addresses), ``orphaned``: True if Neutron does not know the router.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask both databases and Neutron, and look up the chassis' hosts."""
        region = parent["region"]
        known: dict[str, Query] = {"router": questions.routers(region), "port": questions.ports(region)}
        regions = Lookup.of("region")
        answers = yield [NORTHBOUND, SOUTHBOUND, *known.values(), regions]
        databases = both(answers)
        if databases is None:
            return []
        north, south = databases
        rows, ports = (answers.grouped_or_blank(query, "id") for query in known.values())
        hosts = yield from hosts_of(_chassis(south, north.routers.values()), south)
        alone = len(answers.or_blank(regions, ())) == 1 and answers.whole(known["router"])
        return [
            self._router(router, region, rows=rows, ports=ports, south=south, hosts=hosts)
            for id_, router in sorted(north.routers.items())
            if alone or rows is None or id_ in rows  # else it may belong to another region
        ]

    def _router(  # noqa: PLR0913 - what all sources say about it
        self,
        router: Router,
        region: str,
        *,
        rows: Rows | None,
        ports: Rows | None,
        south: Southbound,
        hosts: Mapping[str, str],
    ) -> Fetched:
        row = (rows or {}).get(router.id, ({},))[0]
        floating = sorted(one.external_ip for one in router.nat if one.type == "dnat_and_snat")
        return Fetched(
            id=ids.plain(router.id),
            name=f"router-{row.get('name') or router.id}",
            named=rows is not None,
            attributes={
                **kept(row),
                "service_type": "router",
                "router_id": router.id,
                "region": region,
                "distributed": router.chassis is None,
                "tunnel_key": south.keys.get(router.id),
                "gateways": [_gateway(port, one, hosts) for port, one in gateways_of(router, south)],
                "nat": [translation(one) for one in router.nat],
                "floating_ips": floating,
                **({} if rows is None else {"orphaned": router.id not in rows}),
                **({} if ports is None else {"network": _networks(router.ports, ports)}),
            },
            folder=SERVICES,
        )


class LogicalRouterPorts:
    """Ports of one logical router, in its ports folder.

    Source: Northbound's Logical_Router_Port, Southbound's Port_Binding; ports of the inventory; the router.
    Attributes: ``vservice_id``, ``mac_address``, ``addresses`` (CIDR texts), ``port_id``, ``network``, ``state``,
    ``gateway`` (whether it is one); of a gateway also the current ``host`` and ``chassis``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look up the ports."""
        answers = yield [NORTHBOUND, SOUTHBOUND]
        databases = both(answers)
        router = databases[0].routers.get(parent["router_id"]) if databases is not None else None
        if router is None:
            return []
        ports = yield from questions.ports_by_id([one.port_id for one in router.ports])
        gateways = {one["port_id"]: one for one in parent["gateways"]}
        return [
            Fetched(
                id=ids.below(parent.id, one.name),
                name=one.name,
                attributes={
                    "vservice_id": parent.id,
                    "mac_address": one.mac,
                    "addresses": list(one.networks),
                    "port_id": one.port_id,
                    "state": "UP" if one.enabled and router.enabled else "DOWN",
                    **({"network": ports[one.port_id]["network"]} if one.port_id in ports else {}),
                    **_place(gateways.get(one.port_id)),
                },
                under=parent.sibling("router_ports_folder", ids.folder(parent.id, "router_ports")),
            )
            for one in router.ports
        ]


def _place(gateway: Mapping[str, Any] | None) -> dict[str, Any]:
    if gateway is None:
        return {"gateway": False}
    return {"gateway": True, "chassis": gateway["chassis"], **({"host": gateway["host"]} if gateway["host"] else {})}


def _chassis(south: Southbound, routers: Iterable[Router]) -> set[str | None]:
    """Return every chassis that hosts a gateway, or may."""
    found = [binding for router in routers for _, binding in gateways_of(router, south)]
    return {member.chassis for one in found for member in one.group} | {one.chassis for one in found}


def _gateway(port: RouterPort, binding: Binding, hosts: Mapping[str, str]) -> dict[str, Any]:
    return {
        "port_id": port.port_id,
        "chassis": binding.chassis,
        "host": hosts.get(binding.chassis or ""),
        "members": [
            {
                "chassis": one.chassis,
                "host": hosts.get(one.chassis),
                "priority": one.priority,
                "active": one.chassis == binding.chassis,
            }
            for one in binding.group
        ],
    }


def translation(one: Nat) -> dict[str, Any]:
    """Return an address translation as it is shown in ``nat`` of a router."""
    return {
        "type": one.type,
        "external_ip": one.external_ip,
        "logical_ip": one.logical_ip,
        "port_id": one.logical_port,
        "distributed": one.distributed,
        "floating_ip_id": one.floating_ip_id,
    }


def _networks(ports: Iterable[RouterPort], known: Rows) -> list[str]:
    return sorted({row["network_id"] for one in ports for row in known.get(one.port_id, ())})
