# SPDX-License-Identifier: Apache-2.0
"""Floating IPs: where each leads, and by which chassis its packets leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import kept
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND, both
from calipso_nornir.fetchers.ovn.places import hosts_of, way_out
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.refs import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.ovn_northbound import Nat, Northbound, Router
    from calipso_nornir.parsing.ovn_southbound import Southbound

FOLDER = Folder(type="floating_ips_folder", types_name="floating_ips", text="Floating IPs")


class FloatingIps:
    """Floating IPs of a region.

    Source: Neutron, ``GET /v2.0/floatingips`` and ``/v2.0/ports``; Northbound's NAT and Load_Balancer, Southbound's
    Port_Binding; the agents.
    Attributes: all fields of Neutron; ``network`` (ids of its own network and that of its port), ``distributed``
    (whether its packets leave from the host of its port rather than through the router's gateway), ``chassis`` and
    ``host`` by which they leave now, ``port_forwardings`` [{vip, protocol, members}], ``region``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask Neutron and both databases, and look up the chassis' hosts."""
        floating, ports = questions.floating_ips(parent["region"]), questions.ports(parent["region"])
        answers = yield [floating, ports, NORTHBOUND, SOUTHBOUND]
        databases = both(answers)
        if databases is None:
            return []
        north, south = databases
        translated = {one.floating_ip_id: (one, router) for router in north.routers.values() for one in router.nat}
        exits = {id_: _exit(one, router, south) for id_, (one, router) in translated.items() if id_ is not None}
        hosts = yield from hosts_of(exits.values(), south)
        networks = {row["id"]: row["network_id"] for row in answers[ports]}
        return [
            Fetched(
                id=ids.plain(row["id"]),
                name=row.get("floating_ip_address") or row["id"],
                attributes={
                    **kept(row),
                    "region": parent["region"],
                    "network": sorted(
                        {one for one in (row.get("floating_network_id"), networks.get(row.get("port_id"))) if one}
                    ),
                    "distributed": translated[row["id"]][0].distributed if row["id"] in translated else None,
                    "port_forwardings": _forwarded(row["id"], north),
                    **_place(exits.get(row["id"]), hosts),
                },
                folder=FOLDER,
            )
            for row in answers[floating]
        ]


def _exit(one: Nat, router: Router, south: Southbound) -> str | None:
    """Return the chassis by which the translated packets leave now."""
    if one.distributed:
        binding = south.bindings.get(one.logical_port or "")
        return binding.chassis if binding is not None else None
    way = way_out(one, router, south)
    return way[1].chassis if way is not None else None


def _place(chassis: str | None, hosts: Mapping[str, str]) -> dict[str, Any]:
    host = hosts.get(chassis or "")
    return {"chassis": chassis, **({"host": host} if host else {})}


def _forwarded(id_: str, north: Northbound) -> list[dict[str, Any]]:
    """Return the forwarded ports of a floating IP."""
    return [
        {"vip": vip, "protocol": one.protocol, "members": list(members)}
        for one in north.balancers
        if one.floating_ip_id == id_
        for vip, members in sorted(one.vips.items())
    ]
