# SPDX-License-Identifier: Apache-2.0
"""The form of ``events.json``."""

from __future__ import annotations

from pydantic import Field

from calipso_nornir.metadata.forms.base import Declared, MetadataFile, Name


class QueueSpec(Declared):
    """An exchange of a message bus from which a listener receives messages.

    ``queue`` becomes part of the name of the listener's own queue. ``topics`` are routing keys, as AMQP binds them.
    """

    queue: Name
    exchange: Name
    topics: list[Name] = Field(default=["notifications.*", "versioned_notifications.*"])


class EventsFile(MetadataFile):
    """``events.json``: event types and the class that handles each; a later file may replace a class."""

    handlers_package: Name | None = None
    queues: list[QueueSpec] = Field(default=[])
    event_handlers: dict[Name, Name]
