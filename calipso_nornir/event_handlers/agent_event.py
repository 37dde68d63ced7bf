# SPDX-License-Identifier: Apache-2.0
"""Events of Neutron's agents, and of what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import FOLDER, folders, host_of, of, places_of_services, ref, services_of
from calipso_nornir.event_handlers.payloads import needed, part, text
from calipso_nornir.event_handlers.tunnels import networks_of, tunnels_to_services
from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.stores import StoreView


class AgentEvent:
    """An agent of Neutron: its host's agents and switch, and the router or network that it was given."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield what the agent's host has of the network."""
        id_ = needed(notification, ("agent", "id"), ("agent_id",), ("id",))
        agent = part(notification.payload, "agent")
        network, router = text(agent, "network_id"), text(agent, "router_id")
        if network:
            yield ref(view, "network", network)
            yield from services_of(view, network=network)
            yield from tunnels_to_services(view, [network])
        if router:
            ports = of(view, "port", device_id=router)
            yield from (one.ref for one in ports)
            yield from services_of(view, router=router)
            yield from tunnels_to_services(view, networks_of(ports))
        hosts = {one.get("host") for one in of(view, "network_agent", agent_id=id_)} | {text(agent, "host")}
        found = [host for name in hosts if isinstance(name, str) and (host := host_of(view, name)) is not None]
        for host in found:
            yield ObjectRef(view.environment, "network_agents_folder", ids.folder(host.id, "network_agents"))
            yield ObjectRef(view.environment, FOLDER, ids.folder(host.id, "vservices"))
            yield from (one.ref for one in of(view, "vedge", host=host.id))
        if not found:
            yield from places_of_services(view)
        if not found or {"create", "delete"} & {*notification.type.split(".")}:  # its host may be new, or gone
            yield from folders(view, "availability_zones_folder")
