# SPDX-License-Identifier: Apache-2.0
"""Reads JSON strictly: a value of an unexpected shape raises a ParseError that names its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from calipso_nornir.errors import ParseError
from calipso_nornir.model.quickly_made import quickly_made

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SHOWN = 160
"""Maximum number of characters that an error quotes: tools print JSON in one line of any length."""

LARGEST = 2**63 - 1
"""The largest integer that stores hold; no tool on a host prints a larger one."""


def document(text: str, *, parser: str, pairs: Callable[[list[tuple[str, object]]], object] | None = None) -> object:
    """Read one JSON document. ``pairs`` builds the objects from their members, as in ``json.loads``.

    It rejects invalid JSON, ``NaN`` and ``Infinity`` (not JSON, RFC 8259 section 6), nesting that is too deep or
    integers that are too long for the interpreter, and escapes of lone surrogates: such a string cannot be encoded, and
    would cause an error in a store or a log much later.
    """
    try:
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=pairs)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        around = text[max(0, error.pos - SHOWN // 2) : error.pos + SHOWN // 2]
        problem = f"not a JSON document: {error.msg} (column {error.colno})" if text.strip() else "the text is empty"
        raise ParseError(parser, problem, error.lineno, around) from None
    except (ValueError, RecursionError) as error:
        raise ParseError(parser, f"not a usable JSON document: {error}") from None
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@quickly_made
@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and its place in the document, read member by member."""

    parser: str
    where: str
    members: Mapping[str, object]

    @classmethod
    def of(cls, value: object, *, parser: str, where: str) -> Fields:
        """Return the fields of a value that must be an object."""
        if not isinstance(value, Mapping):
            raise _unlike(parser, where, "an object", value)
        return cls(parser, where, value)

    def __contains__(self, key: str) -> bool:
        return key in self.members

    def text(self, key: str) -> str:
        """Return a required string."""
        value = self.members.get(key)
        if not isinstance(value, str):
            raise self._unlike(key, "a text")
        return value

    def text_or_none(self, *keys: str) -> str | None:
        """Return the string under the first key that is present; None for null or if no key is present."""
        for key in keys:
            if self.members.get(key) is not None:
                return self.text(key)
        return None

    def number(self, key: str) -> int:
        """Return a required integer of at most 64 bits."""
        value = self.members.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
            raise self._unlike(key, "an integer")
        return value

    def number_or_none(self, key: str) -> int | None:
        """Return an integer; None when it is missing or null."""
        return None if self.members.get(key) is None else self.number(key)

    def flag_or_none(self, key: str) -> bool | None:
        """Return a boolean, which may be printed as 0 or 1; None when it is missing or null."""
        value = self.members.get(key)
        return value if value is None or isinstance(value, bool) else bool(self.number(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty when it is missing."""
        value = self.members.get(key, ())
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise self._unlike(key, "a list of texts")
        return tuple(value)

    def child(self, key: str) -> Fields:
        """Return a nested object; empty when it is missing."""
        value = self.members.get(key, {})
        if not isinstance(value, Mapping):
            raise self._unlike(key, "an object")
        return Fields(self.parser, f"{self.where}.{key}", value)

    def children(self, key: str) -> list[Fields]:
        """Return a list of nested objects; empty when it is missing."""
        return objects(self.members.get(key, []), parser=self.parser, where=f"{self.where}.{key}")

    def fault(self, problem: str) -> ParseError:
        """Return the error for a problem with this object."""
        return ParseError(self.parser, f"{self.where}: {problem}")

    def _unlike(self, key: str, expected: str) -> ParseError:
        if key not in self.members:
            return self.fault(f'"{key}" is missing')
        return _unlike(self.parser, f"{self.where}.{key}", expected, self.members[key])


def objects(value: object, *, parser: str, where: str = "$") -> list[Fields]:
    """Return the fields of each object in a value that must be a list of objects."""
    if not isinstance(value, list):
        raise _unlike(parser, where, "a list", value)
    items: Sequence[object] = value
    return [Fields.of(item, parser=parser, where=f"{where}[{n}]") for n, item in enumerate(items)]


def _unlike(parser: str, where: str, expected: str, found: object) -> ParseError:
    return ParseError(parser, f"{where}: expected {expected}, found {json.dumps(found, default=str)[:80]}")
