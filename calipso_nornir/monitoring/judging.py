# SPDX-License-Identifier: Apache-2.0
"""Computes the status of one object or link from the results of its checks: pure functions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from calipso_nornir.model.status import CAUSE, ERROR, OK, SEVERITY, UNKNOWN, WARNING, Status
from calipso_nornir.monitoring.results import LABELS, worst

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from calipso_nornir.monitoring.results import Result

CHECKS, HOST = "checks", "host"
"""Attributes of a status: the result of each check, and the host that reported it."""


def with_result(before: Status | None, result: Result, *, any_of: bool = False) -> Status | None:
    """Return the status after a result; None if nothing changes.

    Args:
        before: the status so far, if any.
        result: the new result of one of its checks.
        any_of: whether the object works as long as one of its checks is OK.
    """
    checks = {one["name"]: one for one in checks_of(before)}
    known = checks.get(result.name)
    if known is not None and known["status"] == result.status:
        return None
    checks[result.name] = {
        "name": result.name,
        "check": result.check,
        "status": result.status,
        "text": result.text,
        "since": result.checked_at.isoformat(),
        "host": result.host,
    }
    made = before or Status(
        environment=result.environment, of=result.of, kind=result.kind, value=OK, label="", since=result.checked_at
    )
    return judged(made, checks.values(), at=result.checked_at, any_of=any_of)


def judged(status: Status, checks: Iterable[dict[str, Any]], *, at: datetime, any_of: bool = False) -> Status:
    """Return a status with these checks, as bad as the worst of them unless ``any_of`` is set."""
    ordered = sorted(checks, key=lambda one: str(one["name"]))
    value = overall([one["status"] for one in ordered], any_of=any_of)
    named = max(ordered, key=lambda one: SEVERITY[one["status"]], default=None)
    changed = status.value != value or not status.label
    attributes = {key: one for key, one in status.attributes.items() if key not in (CHECKS, HOST, CAUSE)}
    return replace(
        status,
        value=value,
        label=LABELS[value],
        text=named["text"] if named else "",
        source=named["name"] if named else "",
        since=at if changed else status.since,
        checked_at=at if status.checked_at is None else max(at, status.checked_at),
        attributes={**attributes, CHECKS: ordered, HOST: named["host"] if named else ""},
    )


def overall(statuses: Sequence[int], *, any_of: bool = False) -> int:
    """Return one status for several.

    Without ``any_of`` it is the worst. With it, an object is at most a warning if one of its checks is OK.
    """
    if any_of and OK in statuses:
        found = worst(statuses)
        return WARNING if found in (WARNING, ERROR) else found
    return worst(statuses)


def checks_of(status: Status | None) -> list[dict[str, Any]]:
    """Return the results of a status by check; a status that others wrote has none."""
    return list(status.attributes.get(CHECKS) or ()) if status is not None else []


def own_value(status: Status, *, any_of: bool = False) -> int:
    """Return the result of an object's own checks, without consequences of other failures."""
    found = checks_of(status)
    return overall([one["status"] for one in found], any_of=any_of) if found else UNKNOWN
