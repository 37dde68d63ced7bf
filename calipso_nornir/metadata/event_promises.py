# SPDX-License-Identifier: Apache-2.0
"""Checks ``events.json``: every event type has a handler that exists.

An event type has one handler, so a later file may replace it; all other metadata only adds.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from calipso_nornir.metadata import forms
from calipso_nornir.metadata.catalog import Queue
from calipso_nornir.metadata.class_names import Registry, Unresolved
from calipso_nornir.metadata.layers import files_of

if TYPE_CHECKING:
    from calipso_nornir.metadata.check import MetadataCheck
    from calipso_nornir.model.protocols import EventHandler

logger = logging.getLogger(__name__)


def event_handlers(check: MetadataCheck) -> dict[str, EventHandler]:
    """Resolve the handlers, by event type."""
    registry = Registry("calipso_nornir.event_handlers", "handler of events")
    found: dict[str, EventHandler] = {}
    places: dict[str, str] = {}
    for layer, file in files_of(check.layers, "events", forms.EventsFile):
        made: dict[str, EventHandler] = {}
        for type_, name in file.event_handlers.items():
            where = layer.where("events", "event_handlers", type_)
            if name not in made:
                try:
                    made[name] = registry.resolve(
                        name, package=file.handlers_package, folder=layer.folder, method="touched", arguments=2
                    )
                except Unresolved as error:
                    check.fault(where, str(error))
                    continue
            if type_ in found:
                logger.warning('%s: "%s" replaces the handler of %s', where, name, places[type_])
            found[type_], places[type_] = made[name], where
    return found


def queues(check: MetadataCheck) -> tuple[Queue, ...]:
    """Collect the queues; one name stands for one exchange."""
    found: dict[str, Queue] = {}
    for layer, file in files_of(check.layers, "events", forms.EventsFile):
        for number, one in enumerate(file.queues):
            if one.queue in found:
                where = layer.where("events", "queues", number, "queue")
                check.fault(where, f'"{one.queue}" is declared already, for exchange "{found[one.queue].exchange}"')
            else:
                found[one.queue] = Queue(one.queue, one.exchange, tuple(one.topics))
    return tuple(found.values())
