# SPDX-License-Identifier: Apache-2.0
"""Events of Nova's services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import folders, host_of, ports_on
from calipso_nornir.event_handlers.payloads import needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class ComputeServiceEvent:
    """A service of Nova: its host, which may be new or gone, with its zone and its aggregates."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the host; where hosts come and go, the zones and aggregates, too."""
        name = needed(notification, ("host",))
        host = host_of(view, name)
        if host is None:
            yield from folders(view, "availability_zones_folder")
        else:
            yield host.ref
        if host is None or notification.type.endswith(("create", "delete")):
            yield from folders(view, "aggregates_folder")
            yield from ports_on(view, name)
            if host is not None and host.parent is not None:
                yield host.parent
