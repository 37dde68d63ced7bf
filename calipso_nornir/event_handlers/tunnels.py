# SPDX-License-Identifier: Apache-2.0
"""Finds switches that create or remove tunnels when a network is added to a host, or removed from it (l2population).

Neutron notifies only the agents, so the affected switches are found by the picture's own tunnels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.event_handlers.looking_up import SERVICE_AGENTS, host_of
from calipso_nornir.model import ids
from calipso_nornir.model.finding import Equal, Find, OneOf
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import StoreView

MOST_HOSTS: Final = 50
"""Maximum number of hosts of a network whose tunnels are scanned; larger ones are left to scans and host watches."""
PAGE: Final = 200
"""Ports that are read at once."""
OVERLAYS: Final = ("vxlan", "gre", "geneve")


def tunnels_to_services(view: StoreView, networks: Iterable[str]) -> Iterator[ObjectRef]:
    """Yield what has tunnels of networks whose DHCP servers or routers come, move or go.

    Which agent gets a service is not known yet, so these are the hosts of all such agents, and of the networks' ports.
    """
    found: set[str] = set()
    agents = _hosts_of_agents(view)
    for network in networks:
        hosts = _hosts_of(view, network) if _may_have_tunnels(view, network) else set()
        if hosts and len(hosts | agents) <= MOST_HOSTS:
            found |= hosts | agents
    for name in sorted(found) if len(found) > 1 else ():
        yield from _switch_of(view, name)


def networks_of(ports: Iterable[InventoryObject]) -> list[str]:
    """Return the networks of ports."""
    return sorted({str(one["network"]) for one in ports if one.get("network")})


def tunnels_of(view: StoreView, networks: Iterable[str], *, host: str) -> Iterator[ObjectRef]:
    """Yield what has the tunnels between a host and the other hosts of some networks, the host's own included."""
    here = host_of(view, host)
    others: set[str] = set()
    for network in networks:
        hosts = _hosts_of(view, network) if _may_have_tunnels(view, network) else set()
        if len(hosts) <= MOST_HOSTS:
            others |= hosts
    if here is None or not others:
        return
    for name in sorted({here.id, *others}):
        yield from _switch_of(view, name)


def _may_have_tunnels(view: StoreView, network: str) -> bool:
    known = view.get(ObjectRef(view.environment, "network", network))
    return known is None or known.get("provider_network_type") in OVERLAYS


def _hosts_of_agents(view: StoreView) -> set[str]:
    where = (Equal("type", "network_agent"), OneOf("agent_type", SERVICE_AGENTS))
    rows = view.find_documents(Find(where=where, fields=("host",), limit=MOST_HOSTS + 1))
    return {str(row.get("host") or "") for row in rows} - {""}


def _hosts_of(view: StoreView, network: str) -> set[str]:
    """Return the hosts of a network's ports; if there are more than ``MOST_HOSTS``, not all of them."""
    where = (Equal("type", "port"), Equal("network", network))
    found: set[str] = set()
    after: tuple[str, ...] | None = None
    while len(found) <= MOST_HOSTS:
        rows = view.find_documents(Find(where=where, fields=("binding_host_id",), after=after, limit=PAGE))
        found |= {str(row.get("binding_host_id") or "") for row in rows} - {""}
        if len(rows) < PAGE:
            break
        after = (str(rows[-1]["_id"]),)
    return found


def _switch_of(view: StoreView, name: str) -> Iterator[ObjectRef]:
    host = host_of(view, name)
    if host is None:
        return
    switch = ObjectRef(view.environment, "vedge", ids.vedge(host.id, "OVS"))
    if view.get(switch) is not None:
        yield switch
        return
    folder = ObjectRef(view.environment, "vconnectors_folder", ids.folder(host.id, "vconnectors"))
    linux = ObjectRef(view.environment, "vedge", ids.vedge(host.id, "LXB"))
    if view.get(linux) is not None and view.get(folder) is not None:
        yield folder
