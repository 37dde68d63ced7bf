# SPDX-License-Identifier: Apache-2.0
"""Searches objects for a text in names, ids and attribute values, ignoring case, in the same way for every store."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from calipso_nornir.store.documents import OBJECT_FIELDS
from calipso_nornir.store.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.model.protocols import Document

_LABELS = ("name", "id", "object_name")
_OF_NUMBERS = re.compile(r"[-+.0-9aefilnrstuy]*")
"""Characters of numbers, ``true``, ``false``, ``nan`` and ``infinity``, which BSON does not hold as text."""


class Needle:
    """A text to search for."""

    def __init__(self, text: str) -> None:
        self.text = clean_text(text).casefold()
        self._in_json = json.dumps(self.text, ensure_ascii=False)[1:-1]
        self._may_be_number = _OF_NUMBERS.fullmatch(self.text) is not None

    def may_be_in(self, json_text: str) -> bool:
        """Return whether JSON text may contain it; False is certain. ASCII text may contain any letter as an escape."""
        return "\\u" in json_text or self._in_json in json_text.casefold()

    def may_be_in_bson(self, raw: bytes) -> bool:
        """Return whether BSON may contain it; False is certain."""
        return self._may_be_number or self.text in raw.decode(errors="replace").casefold()

    def labels(self, document: Document) -> bool:
        """Return whether the object's name or id contains it."""
        return any(self.text in str(document.get(label, "")).casefold() for label in _LABELS)

    def describes(self, document: Document) -> bool:
        """Return whether the value of an attribute contains it."""
        own = (value for key, value in document.items() if key not in OBJECT_FIELDS)
        return any(self.text in text for value in own for text in _texts(value))


def found(needle: Needle, candidates: Iterable[Document], *, limit: int) -> list[Document]:
    """Return up to ``limit`` documents: first those whose name or id matches, then those with a matching attribute."""
    if limit <= 0 or not needle.text:
        return []
    named: list[Document] = []
    described: list[Document] = []
    for document in candidates:
        if needle.labels(document):
            named.append(document)
            if len(named) == limit:
                return named
        elif len(described) < limit and needle.describes(document):
            described.append(document)
    return [*named, *islice(described, limit - len(named))]


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        yield value.casefold()
    elif isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, (int, float)):
        yield str(value)
