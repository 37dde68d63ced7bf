# SPDX-License-Identifier: Apache-2.0
"""Octavia's load balancers that OVN implements: every host balances what its own instances send."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND, both
from calipso_nornir.fetchers.ovn.routers import SERVICES
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import JSON, InventoryObject
    from calipso_nornir.parsing.ovn_northbound import Balancer


class OvnLoadBalancers:
    """Load balancers of Octavia's OVN provider, in the vServices folder of their region.

    Source: Northbound's Load_Balancer; Neutron, ports; networks of the inventory.
    Attributes: ``service_type`` ("load_balancer"), ``network`` (ids of the networks that it serves), ``router_id``,
    ``vip_address``, ``vip_port_id``, ``vips`` [{vip, protocol, members}] with addresses and ports, ``distributed``,
    ``project_id`` and ``region``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the load balancers, and for the ports that hold their addresses."""
        networks, ports = Lookup.of("network", {"region": parent["region"]}), questions.ports(parent["region"])
        answers = yield [NORTHBOUND, SOUTHBOUND, networks, ports]
        databases = both(answers)
        if databases is None:
            return []
        known = {one.id for one in answers[networks]}
        rows = {row["id"]: row for row in answers[ports]}
        owned = (one for one in databases[0].balancers if one.of_octavia)
        found = [(name, list(group)) for name, group in groupby(owned, key=lambda one: one.name)]
        return [
            _service(name, group, rows.get(group[0].about.get("neutron:vip_port_id", ""), {}), parent)
            for name, group in found
            if known.intersection(id_ for one in group for id_ in one.networks)  # the others belong to other regions
        ]


def _service(name: str, group: Sequence[Balancer], port: Mapping[str, JSON], region: InventoryObject) -> Fetched:
    about = group[0].about
    served = {id_ for one in group for id_ in one.networks}
    vips: list[JSON] = [
        {"vip": vip, "protocol": one.protocol, "members": list(members)}
        for one in group
        for vip, members in sorted(one.vips.items())
    ]
    return Fetched(
        id=ids.plain(name),
        name=f"load_balancer-{about.get('neutron:vip') or name}",
        attributes={
            "service_type": "load_balancer",
            "network": sorted(served),
            "router_id": group[0].router_id,
            "vip_address": about.get("neutron:vip"),
            "vip_port_id": about.get("neutron:vip_port_id"),
            "vips": vips,
            "distributed": True,
            "project_id": port.get("project_id"),
            "region": region["region"],
        },
        folder=SERVICES,
        sources=(NORTHBOUND,),
    )
