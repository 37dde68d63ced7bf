# SPDX-License-Identifier: Apache-2.0
"""Reads rows out of a JSON document by declared paths: ``TABLE_interface.ROW_interface.[]``, ``lldpNeighbors.*``.

A path's parts are joined by dots:

- a name: that member of an object. A list of exactly one object is read as that object, because some devices write
  every table in this way. With ``?`` at the end, the member may be missing.
- ``*``: every member of an object; ``@key`` in a column is then its name.
- ``[]``: every item of a list. An object stands for a list of one item, because some devices write it so.

A column's path begins at the row. Each ``^`` in front of it goes to the row of the enclosing ``*`` or ``[]``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EACH_MEMBER, EACH_ITEM, KEY, OPTIONAL, UP = "*", "[]", "@key", "?", "^"

_NAME = re.compile(r"[^.*\[\]?^@\s]+\??")
_COLUMN = re.compile(r"\^*(?:@key|[^.*\[\]?^@\s]+\??(?:\.[^.*\[\]?^@\s]+\??)*)")


class Unlike(Exception):
    """A document does not have the declared shape: the place, what was expected, and what was found."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its value, the key or number it has in the enclosing object or list, its place, and what encloses it."""

    value: object
    key: str
    where: str
    above: Row | None = None

    def get(self, path: str) -> object:
        """Return a column's value; None if an optional part is missing. Raises Unlike."""
        row = self
        while path.startswith(UP):
            if row.above is None:
                raise Unlike(row.where, f'"{path}" leads above the document')
            row, path = row.above, path[1:]
        if path == KEY:
            return row.key
        value, where = row.value, row.where
        for part in path.split("."):
            name = part.removesuffix(OPTIONAL)
            value = _only(value)
            if isinstance(value, dict) and name in value:
                value, where = value[name], f"{where}.{name}"
            elif part.endswith(OPTIONAL) and (value is None or value == "" or isinstance(value, (dict, list))):
                return None
            else:
                raise Unlike(where, _lacking(name, value))
        return value


def rows(document: object, path: str) -> Iterator[Row]:
    """Yield the rows of a document; none if an optional part of the path is missing. Raises Unlike."""
    yield from _below(Row(document, "", "$"), path.split(".") if path else [])


def path_problem(path: str) -> str:
    """Return what is wrong with a path of rows; "" for a valid path."""
    parts = path.split(".") if path else []
    wrong = [part for part in parts if part not in (EACH_MEMBER, EACH_ITEM) and not _NAME.fullmatch(part)]
    return f'"{wrong[0]}" is not a part of a path: a name, a name with "?", "*" or "[]" is expected' if wrong else ""


def column_problem(column: str, path: str = "") -> str:
    """Return what is wrong with a column's path below the path of its rows; "" for a valid path."""
    if not _COLUMN.fullmatch(column):
        return f'"{column}" is not a path: names joined by dots are expected, or "@key", with "^" in front to go up'
    ups = len(column) - len(column.lstrip(UP))
    levels = sum(part in (EACH_MEMBER, EACH_ITEM) for part in path.split("."))
    return f'"{column}" goes up {ups} times, and only {levels} parts of the rows\' path have many values' * (
        ups > levels
    )


def _below(row: Row, parts: list[str]) -> Iterator[Row]:
    value, where = row.value, row.where
    for number, part in enumerate(parts):
        if part == EACH_ITEM:
            for place, item in enumerate(_items(value, where)):
                yield from _below(Row(item, str(place), f"{where}[{place}]", row), parts[number + 1 :])
            return
        if part == EACH_MEMBER:
            if not isinstance(value, dict):
                raise Unlike(where, f"expected an object, found {_short(value)}")
            for name, item in value.items():
                yield from _below(Row(item, name, f"{where}.{name}", row), parts[number + 1 :])
            return
        name = part.removesuffix(OPTIONAL)
        value = _only(value)
        if isinstance(value, dict) and name in value:
            value, where = value[name], f"{where}.{name}"
        elif part.endswith(OPTIONAL) and (value in (None, "") or isinstance(value, (dict, list))):
            return
        else:
            raise Unlike(where, _lacking(name, value))
    yield Row(value, row.key, where, row.above)


def _items(value: object, where: str) -> list[object]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise Unlike(where, f"expected a list, found {_short(value)}")


def _only(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _lacking(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f'"{name}" is missing; there are {", ".join(map(str, value))[:160] or "no members"}'
    return f'expected an object with "{name}", found {_short(value)}'


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004 - signs that fit into a line of a report
