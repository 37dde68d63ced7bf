# SPDX-License-Identifier: Apache-2.0
"""Searches objects for a text in names, ids and attribute values, ignoring case, in the same way for every store."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calipso_nornir.store.addresses import in_every_form, meant_by, other_form
from calipso_nornir.store.documents import OBJECT_FIELDS
from calipso_nornir.store.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.model.stores import Document

LABELS: Final = ("name", "id", "object_name")
"""Fields with names and ids."""
_OF_NUMBERS = re.compile(r"[-+.0-9aefilnrstuy]*")
"""Characters of numbers, ``true``, ``false``, ``nan`` and ``infinity``: BSON does not store these values as text."""


class SearchPlace(NamedTuple):
    """The place of an object in what a search finds.

    Attributes:
        described: whether only the value of an attribute matches, not a name or the id.
        type: the object's type.
        id: its id.
    """

    described: bool
    type: str
    id: str

    @classmethod
    def of(cls, document: Document, *, described: bool) -> SearchPlace:
        """Return the place of an object."""
        return cls(described, str(document["type"]), str(document["id"]))


class Needle:
    """A text to search for. An address is also found in its other forms."""

    def __init__(self, text: str) -> None:
        self.texts = tuple(dict.fromkeys(one.casefold() for one in meant_by(clean_text(text)) if one))
        """The texts to search for; an object that contains any of them matches."""
        self._in_texts = tuple(map(in_every_form, self.texts))
        self._in_json = tuple(json.dumps(one, ensure_ascii=False)[1:-1] for one in self._in_texts)
        self._may_be_number = any(_OF_NUMBERS.fullmatch(one) for one in self.texts)

    def may_be_in(self, json_text: str) -> bool:
        """Return whether JSON text may contain it; False is certain. ASCII text may have any letter as an escape."""
        if "\\u" in json_text:
            return True
        folded = json_text.casefold()
        return any(one in folded for one in self._in_json)

    def may_be_in_bson(self, raw: bytes) -> bool:
        """Return whether BSON may contain it; False is certain."""
        if self._may_be_number:
            return True
        folded = raw.decode(errors="replace").casefold()
        return any(one in folded for one in self._in_texts)

    def labels(self, document: Document) -> bool:
        """Return whether the object's name or id contains it."""
        return any(text in label for label in labels_of(document) for text in self.texts)

    def place(self, document: Document) -> SearchPlace:
        """Return the place of an object that matches."""
        return SearchPlace.of(document, described=not self.labels(document))

    def describes(self, document: Document) -> bool:
        """Return whether the value of an attribute contains it."""
        return any(text in value for value in values_of(document) for text in self.texts)


def is_behind(document: Document, after: SearchPlace | None, *, described: bool) -> bool:
    """Return whether an object comes after a place; with None, each does."""
    return after is None or SearchPlace.of(document, described=described) > after


def labels_of(document: Document) -> Iterator[str]:
    """Yield the names and ids of an object, as they are compared."""
    return (str(document.get(label, "")).casefold() for label in LABELS)


def values_of(document: Document) -> Iterator[str]:
    """Yield the values of an object's attributes, as they are compared; addresses in their usual form, too."""
    for key, value in document.items():
        if key not in OBJECT_FIELDS:
            for text in _texts(value):
                yield text
                usual = other_form(text)
                if usual is not None:
                    yield usual


def found(
    needle: Needle, candidates: Iterable[Document], *, limit: int, after: SearchPlace | None = None
) -> list[Document]:
    """Return up to ``limit`` documents: first those whose name or id matches, then those with a matching attribute.

    ``candidates`` are ordered by type and id. ``after`` is the place of the last document of the page before.
    """
    if limit <= 0 or not needle.texts:
        return []
    named: list[Document] = []
    described: list[Document] = []
    for document in candidates:
        if needle.labels(document):
            named += [document] if is_behind(document, after, described=False) else []
            if len(named) == limit:
                return named
        elif len(described) < limit and is_behind(document, after, described=True) and needle.describes(document):
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
