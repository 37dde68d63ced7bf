# SPDX-License-Identifier: Apache-2.0
"""Determines whether a host has VPP, and queries it, all in one round."""

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
    "gpe_tunnels": ("show vxlan-gpe", "vppctl_vxlan_gpe"),
    "sockets": ("show vhost-user", "vppctl_vhost_user"),
    "bonds": ("show bond details", "vppctl_bonds"),
    "lacp": ("show lacp", "vppctl_lacp"),
    "taps": ("show tap", "vppctl_taps"),
}
"""The commands for VPP, and their parsers, by the field of ``VppTables``."""
OF_FEW = ("gpe_tunnels", "lacp")
"""Commands whose format is known for few releases only: if one cannot be read, the others are still used."""


def commands(host: str) -> dict[str, Command]:
    """Return the commands for a host's VPP, by the field of ``VppTables``; they run as root, who owns its socket."""
    return {field: Command(host, f"vppctl {command}", parser, root=True) for field, (command, parser) in TABLES.items()}


@dataclass(frozen=True, slots=True)
class HostVpp:
    """One host's VPP, with its agent if Neutron lists one, and the queries that were answered."""

    switch: VppSwitch
    agent: InventoryObject | None
    sources: tuple[Query, ...]


def seen_on(host: InventoryObject) -> Generator[Sequence[Query], Answers, HostVpp | None]:
    """Ask a host's VPP for its tables; return None if nothing indicates that the host has VPP.

    networking-vpp keeps its agents in etcd, and not every release reports them to Neutron. So a host has VPP if Neutron
    lists a VPP agent there, alive or not, or if a port is bound there as networking-vpp binds ports.
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
    told = {field: answers[query] for field, query in asked.items() if field not in OF_FEW}
    told |= {field: answers.or_gap(asked[field], ()) for field in OF_FEW}
    tables = VppTables(**told)
    return HostVpp(switch_of(tables, bound, vlans), agent, (*asked.values(), ports))


def plugged_into_vpp(port: Mapping[str, Any]) -> bool:
    """Return whether a port is bound as networking-vpp binds ports.

    Servers' ports have the VIF type "vhostuser"; a driver that plugs such a socket into another switch says so in the
    VIF details (neutron-lib, portbindings: vhostuser_ovs_plug …). Agents' ports had "plugtap", later "tap".
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
    """Return the ids of the networks that use each VLAN, by VLAN id."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for network in networks:
        for segment in network.get("segments") or [network]:
            number = segment.get("provider:segmentation_id")
            if segment.get("provider:network_type") == "vlan" and number is not None:
                found[int(number)].append(network["id"])
    return dict(found)
