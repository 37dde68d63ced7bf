# SPDX-License-Identifier: Apache-2.0
"""Runs handlers in the form of the developer guide, and stores what they write: one commit for each event."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import Overtaken, StoreError
from calipso_nornir.guide.event_run import EventRun, Kinds
from calipso_nornir.store.documents import object_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.guide.event_base import EventBase, EventResult
    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import Store

logger = logging.getLogger(__name__)

AT_ONCE: Final = 3
"""How often an event is handled again at once after a scan has changed what its result was computed from."""


@dataclass(frozen=True, slots=True)
class Done:
    """The result of handling an event.

    Attributes:
        refs: objects to be scanned before the event is settled.
        problem: why it was not handled; empty if it was.
        again: whether to try again after a problem.
        has_written: whether anything was stored.
        told: fields for the journal entry.
    """

    refs: tuple[ObjectRef, ...] = ()
    problem: str = ""
    again: bool = False
    has_written: bool = False
    told: Mapping[str, Any] = field(default_factory=dict)


class ClassicWork:
    """The handlers of the guide's form, in one environment."""

    def __init__(self, store: Store, environment: str, catalog: Catalog) -> None:
        scanned = frozenset(step.type for steps in catalog.scanners.values() for step in steps)
        self._kinds = Kinds(types=catalog.object_types, scanned=scanned)
        self._store = store
        self._environment = environment

    def done(self, handler: EventBase, notification: Notification) -> Done:
        """Handle an event. Raises StoreError: nothing was done."""
        for _ in range(AT_ONCE):
            try:
                return self._done(handler, notification)
            except Overtaken as error:
                problem = str(error)
            except StoreError:
                raise
            except Exception as error:
                logger.exception("%s: handler of %s", self._environment, notification.type)
                return Done(problem=f"its handler raised {error!r}", again=True)
        return Done(problem=problem, again=True)

    def _done(self, handler: EventBase, notification: Notification) -> Done:
        name = type(handler).__name__
        with self._store.snapshot(self._environment) as view:
            run = EventRun(name, view, self._kinds, now=datetime.now(UTC))
            result = handler.handled(notification, run)
            base = view.revision
        told = _told(result)
        if not result.result:
            problem = f"{name} has not handled it{f': {result.message}' if result.message else ''}"
            return Done(problem=problem, again=bool(result.retry), told=told)
        documents = [object_document(one) for one in run.written.values()]
        if documents or run.deleted:
            parents = {one.parent for one in run.written.values()} - run.written.keys()
            with self._store.write(self._environment, base=base, cause=f"event {notification.type}") as writer:
                writer.put("inventory", documents)
                writer.remove("inventory", [ref.document_id for ref in run.deleted])
                writer.depends_on("inventory", [one.document_id for one in parents if one is not None])
        return Done(refs=tuple(run.looked_at), has_written=bool(documents or run.deleted), told=told)


def _told(result: EventResult) -> dict[str, Any]:
    given = {"related_object": result.related_object, "display_context": result.display_context}
    found: dict[str, Any] = {key: str(value) for key, value in given.items() if value is not None}
    return found | ({"message": str(result.message)} if result.message else {})
