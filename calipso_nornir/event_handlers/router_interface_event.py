# SPDX-License-Identifier: Apache-2.0
"""Events of routers' interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.about_ports import about_port
from calipso_nornir.event_handlers.looking_up import ref, services_of
from calipso_nornir.event_handlers.payloads import needed, part, text
from calipso_nornir.event_handlers.tunnels import tunnels_to_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class RouterInterfaceEvent:
    """An interface of a router: its port, for which there is no event of its own, and the router."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the port, its network, and the router."""
        interface = part(notification.payload, "router_interface")
        router = needed(notification, ("router_interface", "id"))
        port, network = text(interface, "port_id"), text(interface, "network_id")
        if port:
            yield from about_port(view, port, {"device_owner": "network:router_interface", "device_id": router})
        if network:
            yield ref(view, "network", network)
            yield from tunnels_to_services(view, [network])
        yield from services_of(view, router=router)
