# SPDX-License-Identifier: Apache-2.0
"""The notation of OVSDB (RFC 7047, 5.1), and the answer to a transaction that reads tables (5.2.2)."""

from __future__ import annotations

from typing import Any, TypeAlias

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.json_shapes import document

Row: TypeAlias = "dict[str, Any]"

_PARSER = "ovsdb_rows"
SCALARS = frozenset({str, int, float, bool})
"""Types of values that need no conversion."""


def plain(value: object) -> Any:  # noqa: ANN401 - any value that a column may have
    """Return a set as a list, a map as a dictionary, a UUID as a string. Raises ValueError for an invalid value.

    OVSDB prints a set of exactly one element as the bare element, which cannot be distinguished from a scalar without
    the schema; it stays bare here. ``[]`` is the empty set.
    """
    if type(value) in SCALARS:
        return value
    if isinstance(value, list) and len(value) == len(("notation", "content")):
        notation, content = value
        if notation == "uuid" and isinstance(content, str):
            return content
        if notation == "set" and isinstance(content, list):
            return [plain(one) for one in content]
        if notation == "map" and isinstance(content, list) and all(map(_is_pair, content)):
            return {
                key if type(key) is str else str(plain(key)): one if type(one) in SCALARS else plain(one)
                for key, one in content
            }
    raise ValueError(f"not a value in OVSDB's notation: {str(value)[:80]}")


def _is_pair(pair: object) -> bool:
    return type(pair) is list and len(pair) == len(("key", "value"))


def tables(text: str, *, parser: str = _PARSER) -> tuple[list[Row], ...]:
    """Read the results of selects from ``ovsdb-client query``: the rows of each select, in order, with plain values."""
    results = document(text, parser=parser)
    if not isinstance(results, list):
        raise ParseError(parser, f"a list of results was expected, found {str(results)[:80]}")
    return tuple(_rows(result, number, parser) for number, result in enumerate(results))


def _rows(result: object, number: int, parser: str) -> list[Row]:
    rows = result.get("rows") if isinstance(result, dict) else None
    if not isinstance(rows, list):
        raise ParseError(parser, f'$[{number}]: "rows" were expected, found {str(result)[:80]}')
    return [_row(row, f"$[{number}].rows[{place}]", parser) for place, row in enumerate(rows)]


def _row(row: object, where: str, parser: str) -> Row:
    if not isinstance(row, dict):
        raise ParseError(parser, f"{where}: an object was expected, found {str(row)[:80]}")
    try:
        return {name: value if type(value) in SCALARS else plain(value) for name, value in row.items()}
    except (ValueError, RecursionError) as error:
        raise ParseError(parser, f"{where}: {error}") from None
