# SPDX-License-Identifier: Apache-2.0
"""The guide's base of event handlers: ``handle(self, env, notification)`` writes the changes that an event describes.

A handler of the new form (``model.protocols.EventHandler``) names the objects to scan, which is right even for late or
repeated events. So objects of types that scans find are scanned, not stored as a handler of this form writes them
(decision 22).
"""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calipso_nornir.guide.call_bridge import RUNNING
from calipso_nornir.guide.event_inventory import EventInventory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.guide.event_run import EventRun
    from calipso_nornir.model.notifications import Notification
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.stores import StoreView


@dataclass(frozen=True)
class EventResult:
    """The result of handling an event.

    Attributes:
        result: whether it was handled.
        retry: whether to try again later; ignored unless ``result`` is false.
        message: a comment, shown with the event.
        related_object: id of the object that the event is about.
        display_context: id of the object that a user interface shows with it.
    """

    result: bool
    retry: bool = False
    message: str | None = None
    related_object: str | None = None
    display_context: str | None = None


class EventBase(ABC):
    """Base class of event handlers in the guide's form: override ``handle``.

    Attributes:
        inv: the inventory. What ``set`` and ``delete`` do is stored in one commit after ``handle`` has returned a true
            result; until then only this handler sees it.
    """

    def __init__(self) -> None:
        self.inv = EventInventory()

    def __init_subclass__(cls, **more: Any) -> None:  # noqa: ANN401 - whatever other bases take
        super().__init_subclass__(**more)
        own = vars(cls).get("handle")
        if own is not None:
            try:
                inspect.signature(own).bind(None, "env", {})
            except TypeError as error:
                raise TypeError(
                    f"{cls.__name__}.handle() must take the environment and the notification: {error}"
                ) from None

    @abstractmethod
    def handle(self, env: str, notification: dict[str, Any]) -> EventResult:
        """Handle an event; an exception means that it is tried again.

        Args:
            env: name of the environment.
            notification: as the service sent it: ``event_type``, ``payload``, ``publisher_id`` …; without the request's
                context, which holds tokens.
        """

    def touched(self, notification: Notification, view: StoreView) -> Iterable[ObjectRef]:  # noqa: ARG002 - the other form's
        """Return nothing: ``handled`` is called instead.

        This method lets handlers of both forms be registered together.
        """
        return ()

    def handled(self, notification: Notification, run: EventRun) -> EventResult:
        """Call ``handle`` within a run, which collects what it writes."""
        token = RUNNING.set(run)
        try:
            told = copy.copy(self).handle(run.environment, document_of_event(notification))
        finally:
            RUNNING.reset(token)
        if not isinstance(told, EventResult):
            raise TypeError(f"{type(self).__name__}.handle() returned {told!r:.200}; an EventResult is expected")
        return told


def document_of_event(notification: Notification) -> dict[str, Any]:
    """Return a notification as the guide's handlers get it."""
    found = {
        "event_type": notification.type,
        "message_id": notification.id,
        "payload": copy.deepcopy(notification.payload),
        "priority": notification.level.upper(),
        "publisher_id": notification.publisher,
        "timestamp": notification.at.replace(tzinfo=None).isoformat(" "),
    }
    if notification.project:
        found["_context_project_id"] = found["_context_tenant"] = notification.project
    return found
