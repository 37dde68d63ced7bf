# SPDX-License-Identifier: Apache-2.0
"""Events about the state of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.event_handlers.looking_up import floating_at, of, ref
from calipso_nornir.event_handlers.payloads import needed, part, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView

DELETING: Final = "deleting"
"""Task state of a server that is being deleted (nova.compute.task_states)."""


class ServerUpdateEvent:
    """A server's state. Nova sends several for each thing that is done; tunnels follow the event that ends it."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the server; when Nova begins to delete it, also what its ports will take with them."""
        id_ = needed(notification, ("instance_id",), ("uuid",))
        yield ref(view, "instance", id_)
        said = notification.payload
        if DELETING in (text(said, "new_task_state"), text(part(said, "state_update"), "new_task_state")):
            for port in of(view, "port", device_id=id_):
                yield from floating_at(view, port)
