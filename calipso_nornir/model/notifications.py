# SPDX-License-Identifier: Apache-2.0
"""A notification: something has happened to a cloud, as a service, a database or a host tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message, read; it says that something happened, and its handler where to look.

    Attributes:
        id: of the message; the same when it is sent again.
        source: who sent it: "nova", "neutron", "keystone", …
        type: of event, e.g. "port.create.end".
        at: when it was sent (aware, UTC); by the sender's clock, so nothing but figures depends on it.
        payload: what it says, JSON. Objects of Nova's versioned notifications are plain mappings here.
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
