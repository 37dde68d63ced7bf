# SPDX-License-Identifier: Apache-2.0
"""Events of trunks, which join ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.event_handlers.about_ports import about_port
from calipso_nornir.event_handlers.payloads import needed, part, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


class TrunkEvent:
    """A trunk: its parent port with the server that has it, and its sub-ports."""

    def touched(self, notification: Notification, view: StoreView) -> Iterator[ObjectRef]:
        """Yield the ports of the trunk, those that it has and those that it had."""
        id_ = needed(notification, ("trunk", "id"), ("trunk_id",), ("id",))
        trunk = part(notification.payload, "trunk")
        rows = [*_rows(trunk.get("sub_ports")), *_rows(notification.payload.get("subports"))]
        named = [text(trunk, "port_id"), *(text(row, "port_id") for row in rows)]
        before = [port for port in view.of_type("port") if (port.get("trunk_details") or {}).get("trunk_id") == id_]
        named += [one.id for one in before]
        named += [text(row, "port_id") for one in before for row in _rows(one["trunk_details"].get("sub_ports"))]
        for port in dict.fromkeys(one for one in named if one):
            yield from about_port(view, port, {})


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
