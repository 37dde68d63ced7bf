# SPDX-License-Identifier: Apache-2.0
"""Events of a host's Open vSwitch: a bridge, a port or an interface of it came, went or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.event_handlers.devices import folder_of, known_devices, names_in
from calipso_nornir.event_handlers.looking_up import host_of
from calipso_nornir.event_handlers.payloads import needed
from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.stores import StoreView

SWITCHES: Final = ("OVS", "OVN")


class HostSwitchEvent:
    """A port or bridge: what is known by its name, and the switch; the folder of switches where none is known."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield devices and switches; without names it is not known what happened, and the switches are scanned."""
        host = host_of(view, needed(notification, ("host",)))
        if host is None:
            return
        names = names_in(notification.payload)
        for name in names:
            yield from known_devices(view, host, name)
        switches = [ObjectRef(view.environment, "vedge", ids.vedge(host.id, kind)) for kind in SWITCHES]
        known = [one for one in switches if view.get(one) is not None]
        yield from known
        if names and not known:
            yield from folder_of(view, host, "vedges")
        if notification.payload.get("many") is True:
            yield host.ref
