# SPDX-License-Identifier: Apache-2.0
"""The guide's handlers of results of checks: ``BasicCheckHandler``, and ``MonitoringCheckHandler`` to override.

A handler of the new form (``monitoring.handlers.ResultHandler``) returns the result to store. One of this form stores
it with ``keep_result`` or ``set_doc_status``. The last call counts; if there is none, the result is ignored.
"""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Kept:
    """A status and its text, as a handler wants them stored."""

    status: int
    text: str


class MonitoringCheckHandler(ABC):
    """Base class of handlers in the guide's form: override ``handle``.

    Attributes:
        env: name of the environment.
    """

    env = ""
    _about: Mapping[str, Any] | None = None
    _kept: Kept | None = None

    def __init_subclass__(cls, **more: Any) -> None:  # noqa: ANN401 - whatever other bases take
        super().__init_subclass__(**more)
        own = vars(cls).get("handle")
        if own is not None:
            try:
                inspect.signature(own).bind(None, "id", {})
            except TypeError as error:
                raise TypeError(
                    f"{cls.__name__}.handle() must take the id and the result of the check: {error}"
                ) from None

    @abstractmethod
    def handle(self, obj_id: str, check_result: dict[str, Any]) -> int:
        """Handle a result.

        Args:
            obj_id: what comes after the type in the name of the check: the id of the object, perhaps with more; for a
                link ``<link type>_<from id>_<to id>``.
            check_result: ``name``, ``status`` (0 to 3), ``output`` and ``executed`` (seconds since 1970).
        """

    def doc_by_id(self, object_id: str) -> dict[str, Any] | None:
        """Return the document that the result is about, if this is its id (of a link: its ``_id``); else None."""
        about = self._about or {}
        ids = {about.get("id"), about.get("_id")} - {None}
        return copy.deepcopy(dict(about)) if object_id in ids else None

    def keep_result(self, doc: Mapping[str, Any], check_result: Mapping[str, Any]) -> None:
        """Store a result as it came."""
        self.set_doc_status(doc, check_result["status"], check_result["output"], self.check_ts(check_result))

    def set_doc_status(self, doc: Mapping[str, Any], status: int, status_text: str, timestamp: object = None) -> None:  # noqa: ARG002 - the time is always that of the check
        """Store a status and its text, and a message if it has changed; other members of ``doc`` are not stored."""
        about = self._about or {}
        if doc.get("_id") != about.get("_id"):
            raise ValueError(f"the result is about {about.get('_id')}, not {doc.get('_id')}")
        self._kept = Kept(status, status_text)

    @staticmethod
    def check_ts(check_result: Mapping[str, Any]) -> float:
        """Return when the check was executed, in seconds since 1970."""
        return float(check_result["executed"])

    def called(self, env: str, about: Mapping[str, Any], obj_id: str, check_result: dict[str, Any]) -> Kept | None:
        """Call ``handle`` of a copy of this handler; return what it has stored, None for nothing."""
        own = copy.copy(self)
        own.env, own._about, own._kept = env, about, None  # noqa: SLF001 - a copy of itself
        own.handle(obj_id, check_result)
        return own._kept  # noqa: SLF001 - as above


class BasicCheckHandler(MonitoringCheckHandler):
    """Stores each result as it came. All types have it, without being listed anywhere."""

    def handle(self, obj_id: str, check_result: dict[str, Any]) -> int:  # noqa: ARG002 - the guide's form
        """Store the result."""
        self.keep_result(self._about or {}, check_result)
        return int(check_result["status"])
