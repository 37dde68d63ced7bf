# SPDX-License-Identifier: Apache-2.0
"""Finds out whether a host has VPP, and queries VPP, all in one round."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.model.queries import Command, Lookup
from calipso_nornir.wiring.vpp import VppSwitch, VppTables, switch_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query

TABLES = {
    "version": ("show version", "vppctl_version"),
    "interfaces": ("show interface", "vppctl_interfaces"),
    "addresses": ("show interface addr", "vppctl_addresses"),
    "hardware": ("show hardware-interfaces", "vppctl_hardware"),
    "bridge_domains": ("show bridge-domain", "vppctl_bridge_domains"),
    "tunnels": ("show vxlan tunnel", "vppctl_vxlan"),
    "sockets": ("show vhost-user", "vppctl_vhost_user"),
    "bonds": ("show bond details", "vppctl_bonds"),
    "taps": ("show tap", "vppctl_taps"),
}
"""The commands for VPP, and their parsers, by the field of ``VppTables``."""


def commands(host: str) -> dict[str, Command]:
    """Return the commands for a host's VPP, by the field of ``VppTables``; its socket belongs to root."""
    return {field: Command(host, f"vppctl {command}", parser, root=True) for field, (command, parser) in TABLES.items()}


@dataclass(frozen=True, slots=True)
class Seen:
    """VPP of one host, with Neutron's agent if it lists one, and the queries that were answered."""

    switch: VppSwitch
    agent: InventoryObject | None
    sources: tuple[Query, ...]


def seen_on(host: InventoryObject) -> Generator[Sequence[Query], Answers, Seen | None]:
    """Ask VPP of a host for its tables; None if nothing says that the host has VPP.

    networking-vpp keeps its agents in etcd, and not every release reports them to Neutron. So a host has VPP if Neutron
    lists a VPP agent there, alive or not, or if a port is bound there in the way of networking-vpp.
    """
    agents, ports = Lookup.of("network_agent", {"host": host.id}), questions.ports(host["region"])
    networks = questions.networks(host["region"])
    answers = yield [agents, ports, networks]
    agent = next((one for one in answers[agents] if _of_vpp(one)), None)
    bound = _bound(host, answers.grouped(ports, "binding:host_id"))
    if agent is None and not any(map(plugged_into_vpp, bound)):
        return None
    vlans = _vlans(answers.or_blank(networks, ()))
    asked = commands(host.id)
    answers = yield list(asked.values())
    tables = VppTables(**{field: answers[query] for field, query in asked.items()})
    return Seen(switch_of(tables, bound, vlans), agent, (*asked.values(), ports))


def plugged_into_vpp(port: Mapping[str, Any]) -> bool:
    """Tell whether a port is bound as networking-vpp binds it.

    Ports of servers are "vhostuser"; drivers that plug such a socket into something else say so in the details
    (neutron-lib, portbindings: vhostuser_ovs_plug …). Ports of agents were "plugtap", later "tap".
    """
    kind, details = port.get("binding:vif_type"), port.get("binding:vif_details") or {}
    if kind == "vhostuser":
        return not any(details.get(f"vhostuser_{other}_plug") for other in ("ovs", "fp", "vrouter"))
    return kind in ("plugtap", "tap")


def _of_vpp(agent: InventoryObject) -> bool:
    return any("vpp" in str(agent.get(name) or "").lower() for name in ("agent_type", "binary"))


def _bound(host: InventoryObject, ports: Mapping[Any, Sequence[Mapping[str, Any]]]) -> list[Mapping[str, Any]]:
    names = dict.fromkeys((host.id, host.name, *(host.get("also_called") or ())))
    return [port for name in names for port in ports.get(name, ())]


def _vlans(networks: Iterable[Mapping[str, Any]]) -> dict[int, list[str]]:
    """Return the networks that have a VLAN, by its number."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for network in networks:
        for segment in network.get("segments") or [network]:
            number = segment.get("provider:segmentation_id")
            if segment.get("provider:network_type") == "vlan" and number is not None:
                found[int(number)].append(network["id"])
    return dict(found)
