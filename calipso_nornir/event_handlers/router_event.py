# SPDX-License-Identifier: Apache-2.0
"""Events of routers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import gateway_chassis, of, places_of_services, ref, services_of
from calipso_nornir.event_handlers.payloads import needed, part, text
from calipso_nornir.event_handlers.tunnels import networks_of, tunnels_to_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class RouterEvent:
    """A router on every host that has it, its ports, and the network of its gateway.

    Ports of gateways are created and deleted without an event, so all ports of the network are scanned. Under OVN,
    every chassis that may host a gateway has patch ports for it.
    """

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the router, its ports, and the networks of its gateways, old and new."""
        id_ = needed(notification, ("router", "id"), ("router_id",), ("id",))
        router = part(notification.payload, "router")
        yield from services_of(view, router=id_)
        if router.get("ha") is True or router.get("distributed") is True:  # it may be added to further hosts
            yield from places_of_services(view)
        ports = of(view, "port", device_id=id_)
        yield from (one.ref for one in ports)
        yield from tunnels_to_services(view, networks_of(ports))
        gateways = {str(one["network_id"]) for one in ports if one.get("device_owner") == "network:router_gateway"}
        gateway = text(part(router, "external_gateway_info"), "network_id")
        for network in sorted(gateways | ({gateway} if gateway else set())):
            yield ref(view, "network", network)
        if gateways or gateway:
            yield from gateway_chassis(view)
