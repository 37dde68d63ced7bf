# SPDX-License-Identifier: Apache-2.0
"""Availability zones and their hosts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, ClassVar

from calipso_nornir.fetchers.api.census import census
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.fetchers.api.census import Census
    from calipso_nornir.fetchers.api.mentions import Mention
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject


class AvailabilityZones:
    """Zones of Nova, and zones that only Neutron's agents name, because network nodes need no Nova service.

    Source: Nova, ``GET /os-availability-zone/detail`` and ``/os-services``; Neutron, ``GET /v2.0/agents``.
    Attributes: ``available`` (None for a zone that Nova does not know), ``hosts`` (names), ``region``.
    """

    asked_by: ClassVar[Mapping[str, str]] = {"host": "hosts[]"}
    """A zone is available only while one of its hosts is."""

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for every list that names hosts."""
        known = yield from census(parent["region"])
        hosts: defaultdict[str, list[str]] = defaultdict(list)
        for name, one in known.machines.items():
            if (zone := known.zone_of(one)) is not None:
                hosts[zone].append(name)
        available = {row["zoneName"]: (row.get("zoneState") or {}).get("available") for row in known.zones}
        folder = parent.sibling("availability_zones_folder", ids.folder(parent.id, "availability_zones"))
        return [
            Fetched(
                id=ids.availability_zone(parent.id, name),
                name=name,
                attributes={
                    "available": available.get(name),
                    **({"hosts": sorted(hosts[name])} if known.complete else {}),
                    "zone": name,
                    "region": parent["region"],
                },
                under=folder,
            )
            for name in sorted({*available, *hosts})
        ]


class Hosts:
    """Hosts of one zone: every machine that runs a service of Nova, enabled or not, or an agent of Neutron.

    Source: Nova, ``GET /os-availability-zone/detail``, ``/os-services`` and ``/os-hypervisors/detail``; Neutron, ``GET
    /v2.0/agents``; if two names may belong to one machine, also its interfaces, under both.
    Attributes: ``host`` (its id), ``zone``, ``region``, ``host_type`` (of "Compute", "Controller", "Network"),
    ``services`` [{service, active, available}], ``also_called`` (other names, of a host that has some), and of a
    compute node ``os_id``, ``ip_address``, ``hypervisor_hostname``, ``hypervisor_type``, ``hypervisor_version``. A host
    in several zones is placed where its nova-compute is active; hosts in a cell that does not answer are kept.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for every list that names hosts, and select the hosts of this zone."""
        known = yield from census(parent["region"])
        return [
            Fetched(
                id=ids.plain(name),
                name=name,
                attributes={
                    "host": ids.plain(name),
                    "zone": parent["zone"],
                    "region": parent["region"],
                    **_attributes(name, one, known),
                },
            )
            for name, one in sorted(known.machines.items())
            if known.zone_of(one) == parent["zone"]
        ]


def _attributes(name: str, one: Mention, known: Census) -> dict[str, Any]:
    """Return what is known; unknown attributes are left out."""
    attributes = {**_node(one), "services": [one.services[binary] for binary in sorted(one.services)]}
    if others := known.also_called.get(name):
        attributes["also_called"] = list(others)
    if known.agents_told:  # without the list of agents, a host's type is not known
        attributes["host_type"] = one.types
    return attributes


def _node(one: Mention) -> dict[str, Any]:
    """Return the attributes of a host's compute node; none for a bare-metal service, which has many nodes."""
    if len(one.nodes) != 1:
        return {}
    (node,) = one.nodes
    names = ("hypervisor_hostname", "hypervisor_type", "hypervisor_version")
    return {"os_id": str(node["id"]), "ip_address": node.get("host_ip"), **{key: node.get(key) for key in names}}
