# SPDX-License-Identifier: Apache-2.0
"""Determines where floating IPs are served: by the router or, with distributed routing, on the server's host.

Neutron (``db/l3_dvr_db.py``, ``agent/l3/dvr_local_router.py``): the host to which a floating IP's port is bound serves
it if the host's L3 agent runs in mode "dvr" or "dvr_snat". If the port is not bound, or bound to a host without such an
agent ("dvr_no_external"), the router's "snat-" namespace serves it. The serving agent reports the status ACTIVE: while
a floating IP has another status, no agent serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    Row = Mapping[str, Any]
    Index = Mapping[Any, Sequence[Row]]

SERVING = frozenset({"dvr", "dvr_snat"})
"""Modes of the L3 agent ([DEFAULT] agent_mode) in which a host serves floating IPs itself."""


@dataclass(frozen=True, slots=True)
class Distributed:
    """The floating IPs of distributed routers.

    Attributes:
        host: all names of the host.
        floating: Neutron's floating IPs.
        ports: Neutron's ports, by id.
        agents: Neutron's agents, by host.
    """

    host: Collection[str]
    floating: Sequence[Row]
    ports: Index
    agents: Index

    def of_router(self, id_: str, service_type: str) -> list[str]:
        """Return the floating addresses that one namespace of a router serves on the host."""
        own = [row for row in self.floating if row.get("router_id") == id_ and _is_served(row)]
        wanted = {None} if service_type == "snat" else set(self.host) if service_type == "router" else set()
        return addresses(row for row in own if self._place(row) in wanted)

    def of_network(self, id_: str, routers: Iterable[Row]) -> list[str]:
        """Return the floating addresses of an external network that the host serves for distributed routers."""
        theirs = {row["id"] for row in routers if row.get("distributed")}
        own = (row for row in self.floating if row.get("floating_network_id") == id_ and row.get("router_id") in theirs)
        return addresses(row for row in own if _is_served(row) and self._place(row) in self.host)

    def _place(self, row: Row) -> str | None:
        """Return the host that serves a floating IP; None if that is the central namespace of its router."""
        bound = next(
            (port.get("binding:host_id") or None for port in self.ports.get(row.get("port_id") or "", ())), None
        )
        modes = {_mode(agent) for agent in self.agents.get(bound or "", ())}
        return bound if SERVING & modes else None


def addresses(floating: Iterable[Row]) -> list[str]:
    """Return the floating addresses of rows, ordered."""
    return sorted(row["floating_ip_address"] for row in floating if row.get("floating_ip_address"))


def _is_served(row: Row) -> bool:
    return bool(row.get("status", "ACTIVE") == "ACTIVE")


def _mode(agent: Row) -> Any:  # noqa: ANN401 - JSON
    return (agent.get("configurations") or {}).get("agent_mode") if agent.get("agent_type") == "L3 agent" else None
