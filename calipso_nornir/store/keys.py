# SPDX-License-Identifier: Apache-2.0
"""Escapes keys that a store cannot hold as they are, and values for which its format has no type.

A character that a key cannot hold is replaced by a bracketed name from the table below; ``.`` becomes ``[dot]``, as in
Calipso. A ``[`` before something that looks like an escape is itself escaped, so the mapping is injective: every key is
restored exactly. A value without a type in the store's format is written as a mapping with an escape as its only key
(``{"[int]": "99999999999999999999"}``), which cannot be confused with an escaped key of a document.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAMES = "dot|dollar|nul|open|own|int|float|bytes|date"
_ESCAPE = re.compile(rf"\[({_NAMES})\]")
_LITERAL = re.compile(rf"\[(?=(?:{_NAMES})\])")
_MEANING = {"dot": ".", "dollar": "$", "nul": "\0", "open": "[", "own": ""}

OWN = "[own]"
"""Prefix of a document's own ``_id`` or ``key``, where the store has a field of that name."""

ESCAPE_IN_TEXT = _ESCAPE
ESCAPE_IN_BYTES = re.compile(_ESCAPE.pattern.encode())
"""A document without a match needs no decoding; nearly all documents have none."""


def guard(key: str) -> str:
    """Escape a key for JSON; only keys that look like an escape are changed."""
    return _LITERAL.sub("[open]", key) if "[" in key else key


def escape(key: str) -> str:
    """Escape a key for BSON field names in MongoDB: no ``.``, no leading ``$``, no NUL."""
    key = guard(key)
    if key.startswith("$"):
        key = f"[dollar]{key[1:]}"
    return key.replace(".", "[dot]").replace("\0", "[nul]")


def unescape(key: str) -> str:
    """Return the original key that ``guard`` or ``escape`` has escaped."""
    return _ESCAPE.sub(lambda found: _MEANING.get(found[1], found[0]), key) if "[" in key else key


def encoded(value: Any, key: Callable[[str], str], typeless: Callable[[Any], tuple[str, str] | None]) -> Any:  # noqa: ANN401 - any value
    """Return a value with escaped keys; ``typeless`` returns escape and text of a value for which there is no type."""
    if isinstance(value, dict):
        return {key(name): encoded(member, key, typeless) for name, member in value.items()}
    if isinstance(value, list):
        return [encoded(member, key, typeless) for member in value]
    special = typeless(value)
    return value if special is None else {f"[{special[0]}]": special[1]}


def decoded(value: Any, typeless: Mapping[str, Callable[[str], Any]]) -> Any:  # noqa: ANN401 - any value
    """Undo ``encoded``; ``typeless`` has, for each escape, the function that reads its text."""
    if isinstance(value, list):
        return [decoded(member, typeless) for member in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, member)] = value.items()
        found = _ESCAPE.fullmatch(name)
        if found and found[1] in typeless:
            return typeless[found[1]](member)
    return {unescape(name): decoded(member, typeless) for name, member in value.items()}
