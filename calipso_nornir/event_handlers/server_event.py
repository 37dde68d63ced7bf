# SPDX-License-Identifier: Apache-2.0
"""Events of servers: created, moved, switched on and off, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import floating_at, folders, host_of, of, ref, services_on, sub_ports_of
from calipso_nornir.event_handlers.payloads import needed, text
from calipso_nornir.event_handlers.tunnels import tunnels_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class ServerEvent:
    """A server with its ports and sub-ports, where it was and where it is now, and the tunnels of its networks."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the server; its old and new host are found by the scan of it."""
        id_ = needed(notification, ("instance_id",), ("uuid",))
        server = ref(view, "instance", id_)
        yield server
        for port in of(view, "port", device_id=id_):
            yield port.ref
            yield from sub_ports_of(view, port)
            if "delete" in notification.type:
                yield from floating_at(view, port)
        known = view.get(server)
        now = text(notification.payload, "host")
        if now and host_of(view, now) is None:  # a new host: its zone is not known either
            yield from folders(view, "availability_zones_folder")
        before = str(known.get("host") or "") if known is not None else ""
        networks = [str(one) for one in (known.get("network") or ())] if known is not None else []
        for host in dict.fromkeys(one for one in (now, before) if one):
            yield from services_on(view, host)
            yield from tunnels_of(view, networks, host=host)
