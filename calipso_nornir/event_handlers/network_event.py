# SPDX-License-Identifier: Apache-2.0
"""Events of networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import folders, ref, who_shows
from calipso_nornir.event_handlers.payloads import needed, part, text
from calipso_nornir.event_handlers.tunnels import tunnels_to_services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class NetworkEvent:
    """A network, with its ports; when it is renamed or deleted, also its services, and what shows its name."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the network and its services."""
        id_ = needed(notification, ("network", "id"), ("network_id",), ("id",))
        network = ref(view, "network", id_)
        yield network
        known = view.get(network)
        said = part(notification.payload, "network")
        name, project = said.get("name"), text(said, "project_id", "tenant_id")
        if project and view.get(ref(view, "project", project)) is None:  # not every Keystone notifies
            yield from folders(view, "projects_folder")
        if known is not None and (name != known.object_name or ".delete" in notification.type):
            yield from who_shows(view, id_)
        if known is not None and ".delete" in notification.type:
            yield from tunnels_to_services(view, [id_])
