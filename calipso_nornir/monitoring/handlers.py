# SPDX-License-Identifier: Apache-2.0
"""Handlers of results: what a result about an object or link of one type means, before it is stored.

The basic handler, which all types have, changes nothing. Others come from installed distributions: an entry
point in the group ``calipso_nornir.monitoring_handlers``, named like the type of an object ("vservice"), or like that
of a link with "link_" before it ("link_vnic-vconnector"). Handlers in the guide's form
(``guide.MonitoringCheckHandler``) are found in the same way.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.guide.check_handlers import MonitoringCheckHandler
from calipso_nornir.monitoring.guide_handlers import GuideHandler
from calipso_nornir.monitoring.results import Refused, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP: Final = "calipso_nornir.monitoring_handlers"


@runtime_checkable
class ResultHandler(Protocol):
    """A handler of the results of one type."""

    def handle(self, result: Result, about: Mapping[str, Any]) -> Result | None:
        """Return the result to store, for example with another status or text; None to ignore it.

        It must be about the same object or link, whose document is ``about``.
        """
        ...


class Basic:
    """Changes nothing."""

    def handle(self, result: Result, about: Mapping[str, Any]) -> Result | None:  # noqa: ARG002 - a handler
        """Return the result."""
        return result


BASIC: Final = Basic()


def handled(handler: ResultHandler, result: Result, about: Mapping[str, Any]) -> Result | Refused | None:
    """Return what a handler makes of a result; if it fails, or returns something else, the result is refused."""
    name = type(handler.handler if isinstance(handler, GuideHandler) else handler).__qualname__
    try:
        made = handler.handle(result, about)
    except Exception as error:  # noqa: BLE001 - somebody else's code: it costs no other result
        return Refused(result.name, f"handler {name} failed: {type(error).__name__}: {error}")
    if made is None:
        return None
    same = ("environment", "of", "kind", "name")
    if not isinstance(made, Result) or any(getattr(made, key) != getattr(result, key) for key in same):
        return Refused(result.name, f"handler {name} returned something else than a result of the same check")
    return made


def installed_handlers() -> dict[str, ResultHandler]:
    """Return the handlers of installed distributions by name; raise InvalidRequest if one cannot be used."""
    found: dict[str, ResultHandler] = {}
    for point in entry_points(group=GROUP):
        where = f"entry point {point.name} of {GROUP}"
        if point.name in found:
            raise InvalidRequest(f"{where}: registered more than once")
        try:
            made = point.load()
            handler = made() if isinstance(made, type) else made
            found[point.name] = GuideHandler(handler) if isinstance(handler, MonitoringCheckHandler) else handler
        except Exception as error:
            raise InvalidRequest(f"{where}: {point.value} cannot be loaded: {error}") from error
        if not isinstance(found[point.name], ResultHandler):
            raise InvalidRequest(f"{where}: {point.value} is no handler: it has no method handle(result, about)")
    return found
