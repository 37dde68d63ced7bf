# SPDX-License-Identifier: Apache-2.0
"""Checks the form of an answer: text if text is expected, or rows with the fields that its query requires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import ParseError, RowsIncomplete

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 100
"""Maximum number of characters of an unexpected answer that an error shows."""


def check_text(data: Any) -> None:  # noqa: ANN401 - any JSON
    """Raise ParseError for an answer that is not text."""
    if not isinstance(data, str):
        raise ParseError("the scan", f"text was expected, not {_shown(data)}")


def check_rows(data: Any, *, needed: tuple[str, ...] = ()) -> None:  # noqa: ANN401 - as above
    """Raise ParseError for an answer that is not a list of objects that all have the needed fields."""
    _check_list(data)
    for fault in filter(None, _faults(data, needed=needed)):
        raise ParseError("the scan", fault)


def whole_rows(
    data: Any,  # noqa: ANN401 - as above
    *,
    needed: tuple[str, ...],
    asked: str,
) -> tuple[list[Any], RowsIncomplete | None]:
    """Return the usable rows, and what is wrong with the others.

    A service may know only part of an object: Nova returns only id and status of servers in a cell that does not answer
    (api-guide, "Handling Down Cells"). Such a row does not affect the others. Raises ParseError for an answer that is
    not a list, or if no usable row is left.
    """
    _check_list(data)
    faults = _faults(data, needed=needed)
    found = [fault for fault in faults if fault]
    if not found:
        return data, None
    if len(found) == len(data):
        raise ParseError("the scan", found[0])
    whole = [row for row, fault in zip(data, faults, strict=True) if not fault]
    return whole, RowsIncomplete(asked, len(found), len(data), found[0])


def _check_list(data: Any) -> None:  # noqa: ANN401 - as above
    if not isinstance(data, (list, tuple)):
        raise ParseError("the scan", f"a list was expected, not {_shown(data)}")


def _faults(rows: Sequence[Any], *, needed: tuple[str, ...]) -> list[str]:
    """Return the fault of each row, "" for a valid one; an empty list if all are valid."""
    if {dict}.issuperset(map(type, rows)) and all(map(frozenset(needed).issubset, rows)):
        return []
    return [_fault(number, len(rows), row, needed) for number, row in enumerate(rows, 1)]


def _fault(number: int, total: int, row: Any, needed: tuple[str, ...]) -> str:  # noqa: ANN401 - as above
    if not isinstance(row, dict):
        return f"row {number} of {total} is not an object: {_shown(row)}"
    missing = [name for name in needed if name not in row]
    return f"row {number} of {total} lacks {', '.join(missing)}: {_shown(row)}" if missing else ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
