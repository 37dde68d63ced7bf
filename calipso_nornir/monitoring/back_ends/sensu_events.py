# SPDX-License-Identifier: Apache-2.0
"""Events of Sensu, Core (a key ``client``) and Go (a key ``entity``), as results.

The object of an event is read from its attributes or labels. Only a check of Sensu Core that somebody else has written,
as the guide says, has nothing but its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from calipso_nornir.model.status import ERROR, OK, UNKNOWN
from calipso_nornir.monitoring.back_ends.base import PROBE, Received, of_host, printed_results
from calipso_nornir.monitoring.results import KEEPALIVE, Refused, read_results, status_of_code

WHOLE: Final = ("calipso-objects", "calipso-objects-all")
"""Checks that evaluate a whole host; their output is results."""
NOBODY: Final = "0" * 24
"""No document has this ``_id``: the object is that of the check's name."""
_OVERDUE: Final = re.compile(r"Last check execution was \d+ seconds ago")
"""Sensu's own text when a check's time to live is over: there was no result since then."""
_TIMED_OUT: Final = "Execution timed out"
"""Sensu's own text, with status 2, when it has ended a check that took too long: nothing was found out."""
_DEREGISTERED: Final = "Resolving due to entity deregistering"
"""Sensu's own text when an agent is removed; it does not mean that anything is OK."""


def read_core(event: Any) -> Received:  # noqa: ANN401 - any JSON
    """Read an event of Sensu Core."""
    client, check = _part(event, "client"), _part(event, "check")
    if client is None or check is None:
        return _no_event("Sensu Core", "client and check")
    environment, host = _text(client, "environment"), _text(client, "calipso_host") or _text(client, "name")
    about = check.get("calipso")
    about = about if isinstance(about, Mapping) and about else {"of": NOBODY}
    read = _read(check, name=_text(check, "name"), environment=environment, host=host, about=about)
    return replace(read, results=tuple(replace(one, of="") if one.of == NOBODY else one for one in read.results))


def read_go(event: Any) -> Received:  # noqa: ANN401 - any JSON
    """Read an event of Sensu Go; one that has only metrics says nothing."""
    entity = _part(event, "entity")
    if entity is None:
        return _no_event("Sensu Go", "entity")
    check = _part(event, "check")
    if check is None:
        return Received()
    labels = {**_labels(check), **_labels(entity)}
    about = {key.removeprefix("calipso_"): value for key, value in labels.items() if key.startswith("calipso_")}
    environment, host = str(about.get("env", "")), str(about.get("host") or _name(entity))
    if not check.get("executed"):
        check = {**check, "executed": event.get("timestamp")}
    return _read(check, name=_name(check), environment=environment, host=host, about=about)


def _read(  # noqa: PLR0911 - each kind of event is answered by itself
    check: Mapping[str, Any], *, name: str, environment: str, host: str, about: Mapping[str, Any]
) -> Received:
    output, status = str(check.get("output") or "").strip(), check.get("status")
    if not environment:
        return Received(refused=(Refused(name, "its event names no environment"),))
    if _DEREGISTERED in output:
        return Received()
    if isinstance(status, bool) or not isinstance(status, int):
        return Received(refused=(Refused(name, f"status is {status!r:.40}: expected a number"),))
    try:
        at = datetime.fromtimestamp(float(check.get("executed") or 0), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return Received(refused=(Refused(name, f"executed is {check.get('executed')!r:.40}: expected seconds"),))
    if name == KEEPALIVE:
        # a warning is too early: the host counts as dead only after the critical threshold
        dead = status == ERROR
        value = ERROR if dead else OK if status == OK else status_of_code(status)
        return Received((of_host(environment, host, check=KEEPALIVE, status=value, text=output, at=at),))
    if _OVERDUE.search(output) or output.startswith(_TIMED_OUT):
        status = UNKNOWN
    if name in WHOLE:
        found = printed_results(output) if status == OK else Received()
        value = UNKNOWN if status != OK else OK
        text = "works" if value == OK else output[:500]
        own = of_host(environment, host, check=PROBE, status=value, text=text, at=at)
        return Received((own, *found.results), found.refused)
    return _of_object(name, environment, host, about, status=status, output=output, at=at)


def _of_object(  # noqa: PLR0913 - the fields of a result
    name: str,
    environment: str,
    host: str,
    about: Mapping[str, Any],
    *,
    status: int,
    output: str,
    at: datetime,
) -> Received:
    """Read the result of a check of one object: the last line that the probe has printed, else text and exit code."""
    printed = printed_results(output)
    if printed.results and status != UNKNOWN:
        return Received(printed.results, printed.refused)
    first = output.splitlines()[0] if output else ""
    document = {
        "environment": environment,
        "host": host,
        "of": str(about.get("of", "")),
        "kind": str(about.get("kind", "inventory")),
        "type": str(about.get("type", "")),
        "name": str(about.get("name") or name),
        "check": str(about.get("check", "")),
        "status": status_of_code(status),
        "text": first,
        "checked_at": at.timestamp(),
    }
    results, refused = read_results([document])
    return Received(tuple(results), tuple(refused))


def _no_event(system: str, parts: str) -> Received:
    return Received(refused=(Refused("an event", f"is no event of {system}: it has no {parts}"),))


def _part(value: Any, name: str) -> Mapping[str, Any] | None:  # noqa: ANN401 - any JSON
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _name(value: Mapping[str, Any]) -> str:
    return _text(_part(value, "metadata") or {}, "name")


def _labels(value: Mapping[str, Any]) -> dict[str, str]:
    labels = _part(_part(value, "metadata") or {}, "labels") or {}
    return {str(key): str(one) for key, one in labels.items()}
