# SPDX-License-Identifier: Apache-2.0
"""What Nova's and Neutron's lists say about each host name. Pure functions."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers.api.services import SILENT
from calipso_nornir.parsing.common_values import as_ip

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Row = Mapping[str, Any]
    Rows = Sequence[Row]

NO_ZONE = "(no zone)"
"""The zone of hosts that neither Nova nor Neutron assigns to a zone."""
COMPUTE, CONDUCTOR = "nova-compute", "nova-conductor"
NETWORK_AGENTS = frozenset({"DHCP agent", "L3 agent", "Metadata agent", "OVN Controller Gateway agent"})
"""Agents that make a host a network node."""
AGENTS_OF_NO_MACHINE = frozenset({"Baremetal Node"})
"""Agents whose "host" is the id of an Ironic node, which is a project's machine (networking-baremetal)."""
ELSEWHERE = frozenset({"ironic", "vmware vcenter server", "zvm"})
"""Hypervisor types (Nova's, lower case) that nova-compute controls remotely: its own host name may be any text."""

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
"""RFC 1123, 2.1. Underscores are not allowed there, but common."""


@dataclass(slots=True)
class Mention:
    """What the lists say about one name, or about all names of one machine.

    Attributes:
        services: binary of Nova -> {service, active, available}.
        zones: claims, each (rank, zone); the lowest rank counts.
        nodes: compute nodes whose service names it as its host.
        agents: Neutron's agents.
        silent: whether its nova-compute is in a cell that does not answer.
    """

    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    zones: set[tuple[int, str]] = field(default_factory=set)
    nodes: list[Row] = field(default_factory=list)
    agents: list[Row] = field(default_factory=list)
    silent: bool = False

    @property
    def compute(self) -> bool:
        """Whether Nova runs servers on it, or controls them from it."""
        return COMPUTE in self.services or bool(self.nodes) or self.silent

    @property
    def zone(self) -> str | None:
        """The zone of the best claim; None if a better one must exist (a nova-compute has a zone) but is not known."""
        good_enough = KNOWN if self.silent else OF_NOVA if self.compute else OF_NOBODY
        how_good, zone = min(self.zones, default=(OF_NOBODY, NO_ZONE))
        return zone if how_good <= good_enough else None

    @property
    def types(self) -> list[str]:
        """The host's types, of "Compute", "Controller" and "Network"."""
        networking = any(agent.get("agent_type") in NETWORK_AGENTS for agent in self.agents)
        types = {"Compute": self.compute, "Controller": CONDUCTOR in self.services, "Network": networking}
        return [name for name, so in types.items() if so]

    @property
    def addresses(self) -> set[str]:
        """Addresses that belong to it according to Nova or Neutron."""
        told = [node.get("host_ip") for node in self.nodes]
        told += [(agent.get("configurations") or {}).get("tunneling_ip") for agent in self.agents]
        return {address for one in told if (address := as_ip(one))}

    def joined(self, other: Mention) -> Mention:
        """Return the combination of what the lists say about one machine under two names."""
        return Mention(
            {**other.services, **self.services},
            self.zones | other.zones,
            [*self.nodes, *other.nodes],
            [*self.agents, *other.agents],
            self.silent or other.silent,
        )


WORKING, KNOWN, OF_NOVA, OF_AGENT, OF_NOBODY = range(1, 6)
"""Ranks of claims on a host's zone: by a working nova-compute, any nova-compute, any Nova service, an agent, nobody.

Of claims with the same rank, the first zone in alphabetical order is used: the order of an API's answer is arbitrary.
"""


def mentions(zones: Rows, services: Rows, nodes: Rows, agents: Rows) -> dict[str, Mention]:
    """Collect what the lists say about every name. ``zones`` has only enabled services, ``services`` all of them."""
    found: defaultdict[str, Mention] = defaultdict(Mention)
    for row in zones:
        for host, running in (row.get("hosts") or {}).items():
            for binary, state in running.items():
                active, available = bool(state.get("active")), bool(state.get("available"))
                _take_service(found[host], binary, row["zoneName"], active=active, available=available)
    for row in services:
        if row.get("status") == SILENT:
            found[row["host"]].silent = True
        else:
            active, available = row.get("status") == "enabled", row.get("state") == "up"
            _take_service(found[row["host"]], row["binary"], row.get("zone"), active=active, available=available)
    for node in nodes:
        host = (node.get("service") or {}).get("host")
        if host:
            found[host].nodes.append(node)
    for agent in agents:
        found[agent["host"]].agents.append(agent)
        zone = agent.get("availability_zone")
        found[agent["host"]].zones.add((OF_AGENT, zone) if zone else (OF_NOBODY, NO_ZONE))
    return {name: one for name, one in found.items() if name}


def _take_service(one: Mention, binary: str, zone: str | None, *, active: bool, available: bool) -> None:
    one.services[binary] = {"service": binary, "active": active, "available": available}
    if zone:
        working = WORKING if active and available else KNOWN
        one.zones.add((working if binary == COMPUTE else OF_NOVA, zone))


def why_no_machine(name: str, one: Mention) -> str | None:
    """Return why a name does not belong to a machine with a login; None if anything indicates one."""
    if set(one.services) - {COMPUTE}:
        return None
    types = sorted({str(node.get("hypervisor_type")) for node in one.nodes})
    if one.compute and not (types and all(type_.lower() in ELSEWHERE for type_ in types)):
        return None
    kinds = sorted({str(agent.get("agent_type")) for agent in one.agents} - AGENTS_OF_NO_MACHINE)
    may_be_one = bool(_HOST_NAME.fullmatch(name)) or as_ip(name) is not None
    if kinds and may_be_one:
        return None
    if one.compute:
        return f"its nova-compute controls {', '.join(types)} nodes, and nothing else runs under this name"
    if kinds:
        return f"it is not a host name (RFC 1123); a {', '.join(kinds)} gives it as its host"
    return f"{_listed(one.agents)} stands for an Ironic node, not for a host of the cloud"


def _listed(agents: Iterable[Row]) -> str:
    return "an agent of type " + ", ".join(sorted({str(agent.get("agent_type")) for agent in agents}))
