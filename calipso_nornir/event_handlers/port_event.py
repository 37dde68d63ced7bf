# SPDX-License-Identifier: Apache-2.0
"""Events of ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.about_ports import about_port
from calipso_nornir.event_handlers.looking_up import floating_at, ref
from calipso_nornir.event_handlers.payloads import needed, part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class PortEvent:
    """A port; who has it, and who had it before; the tunnels of its network to its hosts."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the port and its owners."""
        id_ = needed(notification, ("port", "id"), ("port_id",), ("id",))
        yield from about_port(view, id_, part(notification.payload, "port"))
        known = view.get(ref(view, "port", id_)) if notification.type.startswith("port.delete") else None
        if known is not None:
            yield from floating_at(view, known)
