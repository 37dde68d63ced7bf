# SPDX-License-Identifier: Apache-2.0
"""Availability zones and their hosts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject

    Rows = Sequence[Mapping[str, Any]]

NO_ZONE = "(no zone)"
"""Where hosts are put that neither Nova nor Neutron counts to a zone."""
NETWORK_AGENTS = frozenset({"DHCP agent", "L3 agent", "Metadata agent"})
"""Agents that make a host a network node."""


class AvailabilityZones:
    """Zones of Nova, and those that only Neutron's agents name: network nodes need no Nova service.

    Source: Nova, ``GET /os-availability-zone/detail``; Neutron, ``GET /v2.0/agents``.
    Attributes: ``available`` (None for a zone that Nova does not know), ``hosts`` (names), ``region``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for zones and agents."""
        zones, agents = questions.zones(parent["region"]), questions.agents(parent["region"])
        answers = yield [zones, agents]
        rows: Rows = answers[zones]
        agent_rows: Rows | None = answers.or_gap(agents)
        hosts: defaultdict[str, list[str]] = defaultdict(list)
        for host, zone in zone_of_hosts(rows, agent_rows or ()).items():
            hosts[zone].append(host)
        available = {row["zoneName"]: (row.get("zoneState") or {}).get("available") for row in rows}
        folder = parent.sibling("availability_zones_folder", ids.folder(parent.id, "availability_zones"))
        return [
            Fetched(
                id=ids.availability_zone(parent.id, name),
                name=name,
                attributes={
                    "available": available.get(name),
                    **({"hosts": sorted(hosts[name])} if agent_rows is not None else {}),
                    "zone": name,
                    "region": parent["region"],
                },
                under=folder,
            )
            for name in sorted({*available, *hosts})
        ]


class Hosts:
    """Hosts of one zone: every machine that runs a service of Nova or an agent of Neutron.

    Source: Nova, ``GET /os-availability-zone/detail`` and ``/os-hypervisors/detail``; Neutron, ``GET /v2.0/agents``.
    Attributes: ``host`` (its id), ``zone``, ``region``, ``host_type`` (of "Compute", "Controller", "Network"),
    ``services`` [{service, active, available}], and of a compute node ``os_id``, ``ip_address``,
    ``hypervisor_hostname``, ``hypervisor_type``, ``hypervisor_version``. A host in several zones stands in the
    one where its nova-compute is active.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for zones, compute nodes and agents."""
        region = parent["region"]
        zones, nodes, agents = questions.zones(region), questions.hypervisors(region), questions.agents(region)
        answers = yield [zones, nodes, agents]
        rows: Rows = answers[zones]
        agent_rows: Rows | None = answers.or_gap(agents)
        node_rows: Rows = answers.or_blank(nodes, [])
        services = _services(rows)
        networking = {row["host"] for row in agent_rows or () if row["agent_type"] in NETWORK_AGENTS}
        return [
            Fetched(
                id=ids.plain(name),
                name=name,
                attributes={
                    "host": ids.plain(name),
                    "zone": zone,
                    "region": region,
                    "services": services.get(name, []),
                    **_node(name, node_rows),
                    # who runs no agent is only known when somebody told of the agents
                    **(_types(services.get(name, []), name in networking) if agent_rows is not None else {}),
                },
            )
            for name, zone in sorted(zone_of_hosts(rows, agent_rows or ()).items())
            if zone == parent["zone"]
        ]


def zone_of_hosts(zones: Rows, agents: Rows) -> dict[str, str]:
    """Choose one zone for every host: where nova-compute is active, else any of Nova, else the agents' own.

    Of several that are as good the first by name is taken: the order of an API's answer means nothing.
    """
    claims: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in zones:
        for host, services in (row.get("hosts") or {}).items():
            compute = services.get("nova-compute")
            rank = 1 if compute and compute.get("active") and compute.get("available") else 2 if compute else 3
            claims[host].append((rank, row["zoneName"]))
    for agent in agents:
        zone = agent.get("availability_zone")
        claims[agent["host"]].append((4, zone) if zone else (5, NO_ZONE))
    return {host: min(claimed)[1] for host, claimed in claims.items()}


def _services(zones: Rows) -> dict[str, list[dict[str, Any]]]:
    found: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in zones:
        for host, services in (row.get("hosts") or {}).items():
            for service, state in services.items():
                found[host][service] = {
                    "service": service,
                    "active": bool(state.get("active")),
                    "available": bool(state.get("available")),
                }
    return {host: [services[name] for name in sorted(services)] for host, services in found.items()}


def _types(services: list[dict[str, Any]], networking: bool) -> dict[str, list[str]]:  # noqa: FBT001 - one fact of three
    names = {service["service"] for service in services}
    types = {"Compute": "nova-compute" in names, "Controller": "nova-conductor" in names, "Network": networking}
    return {"host_type": [name for name, so in types.items() if so]}


def _node(host: str, nodes: Rows) -> dict[str, Any]:
    """Return what the compute node of a host adds; a bare-metal service has many, then none is "the" one."""
    own = [row for row in nodes if (row.get("service") or {}).get("host") == host]
    if len(own) != 1:
        return {}
    names = ("hypervisor_hostname", "hypervisor_type", "hypervisor_version")
    return {"os_id": str(own[0]["id"]), "ip_address": own[0].get("host_ip"), **{key: own[0].get(key) for key in names}}
