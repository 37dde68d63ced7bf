# SPDX-License-Identifier: Apache-2.0
"""The texts of an object, and their trigrams: three consecutive characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from calipso_nornir.store.searching import labels_of, values_of

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document

LENGTH: Final = 3
_END: Final = "\n" * (LENGTH - 1)
"""Appended to each text, so that texts of one or two characters, and the ends of longer texts, have trigrams, too."""
_LAST_GRAMS: Final = 9
"""Of a long text, the first trigram and this many from its end: names and addresses differ in their ends.

They overlap, so that the order of the characters counts. Trigrams that nearly all values have are costly to read.
"""


def texts_of(document: Document) -> tuple[str, list[str]]:
    """Return the texts from which trigrams are made: one of an object's names, and one of each of its values."""
    return "".join(map(_ended, labels_of(document))), list(map(_ended, values_of(document)))


def grams_in(text: str) -> set[str]:
    """Return the trigrams of a text of ``texts_of``."""
    return {text[at : at + LENGTH] for at in range(len(text) - LENGTH + 1)}


def grams_of(text: str) -> list[str]:
    """Return trigrams that a text must have to contain this one: only some for a long one, none for a short one."""
    text = plain(text)
    last = len(text) - LENGTH
    places = range(last + 1) if last <= _LAST_GRAMS else (0, *range(last - _LAST_GRAMS + 1, last + 1))
    return list(dict.fromkeys(text[at : at + LENGTH] for at in places))


def beginning(text: str) -> str:
    """Return a prefix of trigrams: a text that contains this short one has at least one trigram with that prefix."""
    return plain(text)


def plain(text: str) -> str:
    """Return a text without NUL, at which SQLite's tokenizer ends."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text


def _ended(text: str) -> str:
    return f"{plain(text)}{_END}"
