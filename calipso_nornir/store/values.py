# SPDX-License-Identifier: Apache-2.0
r"""Converts any value before it is stored, so that both stores return the same.

Scans find JSON values, but a value of another type, from a faulty plug-in, must not make a bulk write fail:

- text: a lone surrogate (from a byte that was not UTF-8) becomes ``\\udcXX``; all else, including NUL, is kept;
- tuple, set, any sequence: a list (a set in the order of its members' texts);
- key of a mapping: text, as JSON writes it (``1`` is "1", ``True`` is "true", ``None`` is "null");
- time: aware, UTC, whole milliseconds (BSON's precision); one without a zone counts as UTC;
- integer: any, exactly; one of more than 3,000 digits becomes its hexadecimal text;
- float, NaN and infinities included, and bytes: exactly;
- nesting below level 40 (MongoDB refuses 100): its JSON text;
- any other value (``Decimal``, ``UUID``, ``Path`` …): its text.

``clean`` is idempotent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from typing import Any

MAX_DEPTH = 40
_MAX_INT_BITS = 9_900
"""About 3,000 digits; Python writes no more than 4,300 in decimal (``sys.int_info``)."""


def clean_text(text: str) -> str:
    """Return text that UTF-8 can encode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def utc_ms(at: datetime) -> datetime:
    """Return a time in UTC, cut to whole milliseconds."""
    if at.tzinfo is UTC and not at.microsecond % 1000 and not at.fold:
        return at
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000, fold=0)


def clean(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - any value, and one line for each type
    """Return a value that every store can hold; the module's docstring says what changes."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else clean_text(value)
    if kind is bool or kind is float or value is None:
        return value
    if kind is int:
        return value if value.bit_length() <= _MAX_INT_BITS else hex(value)
    if kind is dict:
        return _too_deep(value) if depth >= MAX_DEPTH else _mapping(value, depth)
    if kind is list or kind is tuple:
        return _too_deep(value) if depth >= MAX_DEPTH else [clean(member, depth + 1) for member in value]
    return _unusual(value, depth)


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    for key, member in value.items():
        name = clean_text(key) if isinstance(key, str) else _key_text(key)
        while name in cleaned:  # two keys with the same text (1 and "1"): both are kept
            name = f"{name} ({type(key).__name__})"
        cleaned[name] = clean(member, depth + 1)
    return cleaned


def _key_text(key: object) -> str:
    if key is None or isinstance(key, (bool, int, float)):
        return json.dumps(clean(key)).strip('"')
    return _text(key)


def _unusual(value: Any, depth: int) -> Any:  # noqa: ANN401, C901, PLR0911 - as above
    match value:
        case str():
            return clean_text(str(value))
        case int():
            return clean(int(value))
        case float():
            return float(value)
        case datetime():
            return _time(value)
        case date():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value)
        case Mapping():
            return clean(dict(value), depth)
        case AbstractSet():
            return clean(sorted(value, key=_text), depth)
        case Sequence():
            return clean(list(value), depth)
        case Iterator():  # reading it would exhaust it, and its text differs each time
            return f"<{type(value).__name__}>"
    return clean_text(_text(value))


def _time(value: datetime) -> datetime | str:
    try:
        return utc_ms(value)
    except OverflowError:  # year 1 or 9999, moved out of range by its zone
        return value.isoformat()


def _text(value: object) -> str:
    """Return the text of any object; an object whose ``__str__`` fails must not make a bulk write fail."""
    try:
        return clean_text(str(value))
    except Exception as error:  # noqa: BLE001 - foreign code: whatever it raises, the rest must be stored
        return f"<{type(value).__name__} without a text: {type(error).__name__}>"


def _too_deep(value: object) -> str:
    try:
        return clean_text(json.dumps(value, default=_text))
    except (RecursionError, ValueError, TypeError):  # a circular reference, or keys that are not JSON keys
        return f"<{type(value).__name__} nested too deeply>"
