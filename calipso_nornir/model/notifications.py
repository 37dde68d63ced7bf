# SPDX-License-Identifier: Apache-2.0
"""A notification: a service, a database or a host reports that something has happened in a cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One parsed message. It says that something happened; its handler determines the objects to examine.

    Attributes:
        id: id of the message; the same when it is sent again.
        source: the service that sent it: "nova", "neutron", "keystone", …
        type: type of the event, e.g. "port.create.end".
        at: when it was sent (aware, UTC) by the sender's clock; used for statistics only.
        payload: its contents, JSON. Objects of Nova's versioned notifications are plain mappings here.
        project: id of the project of the request that caused it; empty if not known.
        publisher: service and host that sent it, e.g. "network.ctl"; empty if not known.
        level: "info", "warn" or "error".
    """

    id: str
    source: str
    type: str
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    project: str = ""
    publisher: str = ""
    level: str = "info"
