# SPDX-License-Identifier: Apache-2.0
"""Events of subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import ref, services_of
from calipso_nornir.event_handlers.payloads import needed, part, text
from calipso_nornir.event_handlers.tunnels import tunnels_to_services
from calipso_nornir.model.finding import Equal, Find, Holds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class SubnetEvent:
    """A subnet: its network, the DHCP servers of it, and the ports that Neutron makes for them without an event."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the network of the subnet, the network's services, and the tunnels to these."""
        id_ = needed(notification, ("subnet", "id"), ("subnet_id",))
        network = text(part(notification.payload, "subnet"), "network_id")
        where = (Equal("type", "network"), Holds("subnet_ids", id_))
        networks = {network} if network else {one.id for one in view.find(Find(where=where))}
        for one in sorted(networks):
            yield ref(view, "network", one)
            yield from services_of(view, network=one)
        yield from tunnels_to_services(view, sorted(networks))
