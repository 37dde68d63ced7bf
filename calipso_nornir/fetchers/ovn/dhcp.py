# SPDX-License-Identifier: Apache-2.0
"""DHCP in OVN: there is no DHCP server; every host answers its own instances."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calipso_nornir.fetchers.ovn.databases import NORTHBOUND, SOUTHBOUND, both
from calipso_nornir.fetchers.ovn.routers import SERVICES
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup

if TYPE_CHECKING:
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.ovn_northbound import Dhcp


class OvnDhcp:
    """The DHCP service of each network of a region that has one, in the region's vServices folder.

    Source: Northbound's DHCP_Options; networks of the inventory.
    Attributes: ``service_type`` ("dhcp"), ``network``, ``distributed``, ``subnets`` [{subnet_id, cidr, options}],
    ``region``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for the DHCP options, and look up the networks of their subnets."""
        networks = Lookup.of("network", {"region": parent["region"]})
        answers = yield [NORTHBOUND, SOUTHBOUND, networks]
        databases = both(answers)
        if databases is None:
            return []
        served: defaultdict[str | None, list[Dhcp]] = defaultdict(list)
        for one in databases[0].dhcp:
            if one.port_id is None:
                served[one.subnet_id].append(one)
        return [
            _service(network, rows)
            for network in answers[networks]
            if (rows := [one for subnet in network.get("subnet_ids") or () for one in served.get(subnet, ())])
        ]


def _service(network: InventoryObject, rows: list[Dhcp]) -> Fetched:
    return Fetched(
        id=ids.below(network.id, "dhcp"),
        name=f"dhcp-{network.name}",
        attributes={
            "service_type": "dhcp",
            "network": [network.id],
            "distributed": True,
            "region": network["region"],
            "subnets": [
                {"subnet_id": one.subnet_id, "cidr": one.cidr, "options": dict(one.options)}
                for one in sorted(rows, key=lambda one: one.cidr)
            ],
        },
        folder=SERVICES,
        sources=(NORTHBOUND,),
    )
