# SPDX-License-Identifier: Apache-2.0
"""A host is watched again: what happened before was not seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import host_of
from calipso_nornir.event_handlers.payloads import needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class HostWatchEvent:
    """A host, with all that is below it."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the host."""
        host = host_of(view, needed(notification, ("host",)))
        if host is not None:
            yield host.ref
