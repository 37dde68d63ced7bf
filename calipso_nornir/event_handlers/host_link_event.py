# SPDX-License-Identifier: Apache-2.0
"""Events of a host's devices: one came, went, changed its state, its bridge or its addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.devices import PNIC, folder_of, known_devices, names_in
from calipso_nornir.event_handlers.looking_up import host_of
from calipso_nornir.event_handlers.payloads import needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class HostLinkEvent:
    """A device: what is known by its name, and the bridges of the host; a card's whole host, for who is heard on it."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the devices, the folder of bridges, and the host if a card or too many devices have changed."""
        host = host_of(view, needed(notification, ("host",)))
        if host is None:
            return
        known = [one for name in names_in(notification.payload) for one in known_devices(view, host, name)]
        yield from known
        yield from folder_of(view, host, "vconnectors")
        if notification.payload.get("many") is True or any(one.type == PNIC for one in known):
            yield host.ref
