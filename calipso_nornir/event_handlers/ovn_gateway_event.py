# SPDX-License-Identifier: Apache-2.0
"""Events of the chassis that may host the gateway of a router under OVN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import chassis_told, of
from calipso_nornir.event_handlers.ovn_router_event import OvnRouterEvent
from calipso_nornir.event_handlers.payloads import part, text
from calipso_nornir.model import ids
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.stores import StoreView


class OvnGatewayEvent:
    """A chassis that may, or no longer may, host a gateway: it has patch ports to the external bridge meanwhile."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the logical services, and the switch of the chassis."""
        yield from OvnRouterEvent().touched(notification, view)
        for host in chassis_told(notification, view):  # a row of HA_Chassis
            yield ObjectRef(view.environment, "vedge", ids.vedge(host.id, "OVN"))
        for side in ("old", "new"):  # a row of Gateway_Chassis
            name = text(part(notification.payload, side), "chassis_name")
            if name:
                yield from (one.ref for one in of(view, "vedge", chassis=name))
