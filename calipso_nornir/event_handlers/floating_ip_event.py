# SPDX-License-Identifier: Apache-2.0
"""Events of floating IPs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.event_handlers.about_ports import about_port
from calipso_nornir.event_handlers.looking_up import folders, of, ref, services_of
from calipso_nornir.event_handlers.payloads import needed, part, text
from calipso_nornir.model.finding import Equal, Find, Holds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class FloatingIpEvent:
    """A floating IP: the ports and routers that have it, and had it."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield what shows the floating IP."""
        id_ = needed(notification, ("floatingip", "id"), ("floatingip_id",), ("id",))
        said = part(notification.payload, "floatingip")
        address = text(said, "floating_ip_address")
        network = text(said, "floating_network_id")
        if network:
            yield ref(view, "network", network)
        for router in _routers(view, address, text(said, "router_id")):
            yield from services_of(view, router=router)
        for port in sorted(_ports(view, id_, address, said)):
            yield from about_port(view, port, {})
        yield from folders(view, "floating_ips_folder")


def _routers(view: StoreView, address: str, named: str) -> list[str]:
    where = (Equal("type", "vservice"), Holds("floating_ips", address))
    having = view.find(Find(where=where)) if address else ()
    return sorted({named, *(str(one.get("router_id") or "") for one in having)} - {""})


def _ports(view: StoreView, id_: str, address: str, said: Mapping[str, Any]) -> set[str]:
    """Return the ports that have a floating IP, and had it.

    They are in networks of the routers that have it. A router may already have lost it when an earlier event was
    processed; then all ports are searched.
    """
    routers = _routers(view, address, "")
    networks = {
        network
        for router in routers
        for service in of(view, "vservice", router_id=router)
        for network in service.get("network") or ()
    }
    of_port, holding = Equal("type", "port"), Holds("floating_ips", {"id": id_})
    near = [one for network in networks for one in view.find(Find(where=(of_port, Equal("network", network), holding)))]
    known = near or view.find(Find(where=(of_port, holding)))
    return {text(said, "port_id"), *(one.id for one in known)} - {""}
