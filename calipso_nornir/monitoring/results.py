# SPDX-License-Identifier: Apache-2.0
"""Results of checks, as the probe and the back ends hand them over.

Each is read separately, so that a bad one does not affect others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.model.status import ERROR, OK, SEVERITY, UNKNOWN, WARNING

if TYPE_CHECKING:
    from calipso_nornir.model.status import StatusOf

LABELS: Final = {OK: "OK", WARNING: "Warning", ERROR: "Error", UNKNOWN: "Unknown"}
MOST_TEXT: Final = 4096
"""Maximum number of characters kept of a check's output."""
KEEPALIVE: Final = "keepalive"
"""The check of a host that shows whether its agent reports at all."""
_ID: Final = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one check of one object or link.

    Attributes:
        of: ``_id`` of the document that it is about; "" if only the check's name, in the guide's form, says it.
        name: of the check; distinguishes several checks of one object.
        status: 0 OK, 1 warning, 2 error, 3 unknown.
        checked_at: aware, UTC.
    """

    environment: str
    host: str
    of: str
    kind: StatusOf
    type: str
    name: str
    check: str
    status: int
    text: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A result that cannot be used: its name if it has one, and the reason."""

    name: str
    problem: str

    def __str__(self) -> str:
        return f"{self.name or 'a result'}: {self.problem}"


def read_results(documents: Iterable[Any]) -> tuple[list[Result], list[Refused]]:
    """Read results as JSON; the second list contains those that are invalid."""
    results: list[Result] = []
    refused: list[Refused] = []
    for one in documents:
        try:
            results.append(result_of(one))
        except ValueError as error:
            name = one.get("name", "") if isinstance(one, Mapping) else ""
            refused.append(Refused(str(name)[:200], str(error)))
    return results, refused


def result_of(document: Any) -> Result:  # noqa: ANN401 - anything may come
    """Read one result; raises ValueError that says what is wrong with it."""
    if not isinstance(document, Mapping):
        raise ValueError(f"expected an object, not {type(document).__name__}")  # noqa: TRY004 - one kind of error for all
    texts = {key: document.get(key, "") for key in ("environment", "of", "name", "host", "type", "check", "text")}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise ValueError(f"{key} is {value!r:.60}: expected text")  # noqa: TRY004 - as above
    for key in ("environment", "of", "name"):
        if not texts[key]:
            raise ValueError(f"{key} is missing")
    if not _ID.fullmatch(texts["of"]):
        raise ValueError(f"of is {texts['of']!r:.60}: expected the _id of an object or link, 24 hex digits")
    kind = document.get("kind", "inventory")
    if kind not in ("inventory", "links"):
        raise ValueError(f'kind is {kind!r:.60}: expected "inventory" or "links"')
    return Result(
        kind=kind, status=_status(document.get("status")), checked_at=_moment(document.get("checked_at")), **_cut(texts)
    )


def status_of_code(code: int) -> int:
    """Return the status for an exit code: 0, 1 and 2 unchanged, everything else is unknown."""
    return code if code in (OK, WARNING, ERROR) else UNKNOWN


def worst(statuses: Iterable[int]) -> int:
    """Return the worst of some statuses; OK if there are none."""
    return max(statuses, key=SEVERITY.__getitem__, default=OK)


def _cut(texts: Mapping[str, str]) -> dict[str, str]:
    return {**texts, "text": texts["text"][:MOST_TEXT]}


def _status(value: Any) -> int:  # noqa: ANN401 - anything may come
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"status is {value!r:.60}: expected 0 (OK), 1 (warning), 2 (error) or 3 (unknown)")
    return status_of_code(value)


def _moment(value: Any) -> datetime:  # noqa: ANN401 - anything may come
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"checked_at is {value!r:.60}: expected seconds since 1970")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"checked_at is {value!r:.60}: expected seconds since 1970") from error
