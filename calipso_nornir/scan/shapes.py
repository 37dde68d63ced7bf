# SPDX-License-Identifier: Apache-2.0
"""Validates a raw reply's type and required fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ParseError
from calipso_nornir.model.queries import ApiGet, Command, Select

if TYPE_CHECKING:
    from calipso_nornir.model.queries import Query

SHOWN = 100
"""Characters of a stray answer that an error shows."""


def check_shape(query: Query, data: Any) -> None:  # noqa: ANN401 - any JSON, that is the point
    """Raise ParseError when a reply has the wrong type, or lacks a field that its query needs."""
    if isinstance(query, Command) and not isinstance(data, str):
        raise ParseError("the scan", f"text was expected, not {_shown(data)}")
    if isinstance(query, Select):
        _check_rows(data, needed=())
    if isinstance(query, ApiGet) and query.needed:
        _check_rows(data, needed=query.needed)


def _check_rows(data: Any, *, needed: tuple[str, ...]) -> None:  # noqa: ANN401 - as above
    problem = ""
    if not isinstance(data, (list, tuple)):
        problem = f"a list was expected, not {_shown(data)}"
    else:
        for number, row in enumerate(data, 1):
            if not isinstance(row, dict):
                problem = f"row {number} of {len(data)} is not an object: {_shown(row)}"
            elif missing := [name for name in needed if name not in row]:
                problem = f"row {number} of {len(data)} lacks {', '.join(missing)}: {_shown(row)}"
            if problem:
                break
    if problem:
        raise ParseError("the scan", problem)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
