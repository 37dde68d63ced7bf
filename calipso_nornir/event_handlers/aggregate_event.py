# SPDX-License-Identifier: Apache-2.0
"""Events of host aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.event_handlers.looking_up import folders
from calipso_nornir.event_handlers.payloads import needed, part, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class AggregateEvent:
    """An aggregate: it may put hosts into another zone."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the aggregate of each region that has that number, and the zones, if it makes one."""
        number = needed(notification, ("aggregate_id",), ("id",))
        known = [one for one in view.of_type("aggregate") if str(one.get("number")) == number]
        yield from (one.ref for one in known)
        if not known:
            yield from folders(view, "aggregates_folder")
        said = part(notification.payload, "metadata") or part(notification.payload, "meta_data")
        if text(said, "availability_zone") or any(one.get("availability_zone") for one in known):
            yield from folders(view, "availability_zones_folder")
