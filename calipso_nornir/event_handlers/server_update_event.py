# SPDX-License-Identifier: Apache-2.0
"""Events about the state of servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import ref
from calipso_nornir.event_handlers.payloads import needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.protocols import StoreView
    from calipso_nornir.model.refs import ObjectRef


class ServerUpdateEvent:
    """A server's state. Nova sends several for each thing that is done; tunnels follow the event that ends it."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the server."""
        yield ref(view, "instance", needed(notification, ("instance_id",), ("uuid",)))
