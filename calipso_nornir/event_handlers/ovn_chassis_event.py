# SPDX-License-Identifier: Apache-2.0
"""Events of OVN's chassis and their endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class OvnChassisEvent:
    """A chassis or an endpoint: every chassis has a tunnel to it."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:  # noqa: ARG002 - it is about all
        """Yield all chassis."""
        yield from (one.ref for one in of(view, "vedge", vedge_type="OVN"))
