# SPDX-License-Identifier: Apache-2.0
"""Events of OVN's logical ports: bound to a chassis, moved to another, up or down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.event_handlers.about_ports import about_port
from calipso_nornir.event_handlers.looking_up import chassis_told, services_of, services_on
from calipso_nornir.event_handlers.payloads import needed
from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.stores import StoreView

PREFIXES: Final = ("cr-", "lrp-")
"""Of logical ports of routers, before the id of Neutron's port (networking-ovn)."""


class OvnBindingEvent:
    """A logical port: Neutron's port, who has it, and the switches of the hosts that it is, and was, on."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the port, its owner, its router, and the chassis."""
        places = [(side, name) for side in ("new", "old") for name in ("logical_port", "name")]
        id_ = needed(notification, *places)
        for prefix in PREFIXES:
            id_ = id_.removeprefix(prefix)
        yield from about_port(view, id_, {})
        port = view.get(ObjectRef(view.environment, "port", ids.plain(id_)))
        if port is not None and str(port.get("device_owner")).startswith("network:router"):
            yield from services_of(view, router=str(port["device_id"]))
        for host in chassis_told(notification, view):
            yield from services_on(view, host.id)
            yield ObjectRef(view.environment, "vedge", ids.vedge(host.id, "OVN"))
