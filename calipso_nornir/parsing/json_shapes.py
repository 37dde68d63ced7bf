# SPDX-License-Identifier: Apache-2.0
"""Strict reading of JSON: a value of another shape than expected is a ParseError that names its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from calipso_nornir.errors import ParseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SHOWN = 160
"""Characters of a broken document that its error carries: tools print JSON in one line of any length."""

LARGEST = 2**63 - 1
"""Integers beyond it no store holds, and no tool of a host prints."""


def document(text: str, *, parser: str, pairs: Callable[[list[tuple[str, object]]], object] | None = None) -> object:
    """Read one JSON document. ``pairs`` builds the objects from their members, as in ``json.loads``.

    Not accepted beside broken JSON: ``NaN`` and ``Infinity`` (no JSON, RFC 8259 section 6), nesting too deep
    for the interpreter, integers longer than it converts, and escapes that are half a surrogate pair: such a
    string cannot be encoded, so it would break a store or a log long after this.
    """
    try:
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=pairs)
        if "\\ud" in text or "\\uD" in text:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        around = text[max(0, error.pos - SHOWN // 2) : error.pos + SHOWN // 2]
        problem = f"no JSON document: {error.msg} (column {error.colno})" if text.strip() else "the text is empty"
        raise ParseError(parser, problem, error.lineno, around) from None
    except (ValueError, RecursionError) as error:
        raise ParseError(parser, f"no usable JSON document: {error}") from None
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class Fields:
    """One JSON object and its place in the document, read member by member."""

    parser: str
    where: str
    members: Mapping[str, object]

    @classmethod
    def of(cls, value: object, *, parser: str, where: str) -> Fields:
        """Take a value that has to be an object."""
        if not isinstance(value, Mapping):
            raise _unlike(parser, where, "an object", value)
        return cls(parser, where, value)

    def __contains__(self, key: str) -> bool:
        return key in self.members

    def text(self, key: str) -> str:
        """Return a text that has to be there."""
        value = self.members.get(key)
        if not isinstance(value, str):
            raise self._unlike(key, "a text")
        return value

    def text_or_none(self, *keys: str) -> str | None:
        """Return the text under the first of the keys that is there; null is None."""
        for key in keys:
            if self.members.get(key) is not None:
                return self.text(key)
        return None

    def number(self, key: str) -> int:
        """Return an integer of at most 64 bits that has to be there."""
        value = self.members.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST:
            raise self._unlike(key, "an integer")
        return value

    def number_or_none(self, key: str) -> int | None:
        """Return an integer, or None when it is not there or null."""
        return None if self.members.get(key) is None else self.number(key)

    def flag_or_none(self, key: str) -> bool | None:
        """Return a truth value, also where it is printed as 0 or 1; None when it is not there or null."""
        value = self.members.get(key)
        return value if value is None or isinstance(value, bool) else bool(self.number(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; one that is not there is empty."""
        value = self.members.get(key, ())
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise self._unlike(key, "a list of texts")
        return tuple(value)

    def child(self, key: str) -> Fields:
        """Return an object below; one that is not there is empty."""
        value = self.members.get(key, {})
        if not isinstance(value, Mapping):
            raise self._unlike(key, "an object")
        return Fields(self.parser, f"{self.where}.{key}", value)

    def children(self, key: str) -> list[Fields]:
        """Return a list of objects below; one that is not there is empty."""
        return objects(self.members.get(key, []), parser=self.parser, where=f"{self.where}.{key}")

    def fault(self, problem: str) -> ParseError:
        """Return the error for something that is wrong with this object."""
        return ParseError(self.parser, f"{self.where}: {problem}")

    def _unlike(self, key: str, expected: str) -> ParseError:
        if key not in self.members:
            return self.fault(f'"{key}" is missing')
        return _unlike(self.parser, f"{self.where}.{key}", expected, self.members[key])


def objects(value: object, *, parser: str, where: str = "$") -> list[Fields]:
    """Take a value that has to be a list of objects."""
    if not isinstance(value, list):
        raise _unlike(parser, where, "a list", value)
    items: Sequence[object] = value
    return [Fields.of(item, parser=parser, where=f"{where}[{n}]") for n, item in enumerate(items)]


def _unlike(parser: str, where: str, expected: str, found: object) -> ParseError:
    return ParseError(parser, f"{where}: expected {expected}, found {json.dumps(found, default=str)[:80]}")
