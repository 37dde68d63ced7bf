# SPDX-License-Identifier: Apache-2.0
"""Answers that equal earlier ones are not parsed again."""

from __future__ import annotations

import pytest

from calipso_nornir.errors import ParseError
from calipso_nornir.scan.readings import Readings


class Counting:
    """A parser that counts how often it is used."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def words(self, text: str) -> tuple[str, ...]:
        """Read words."""
        self.texts.append(text)
        return tuple(text.split())

    def letters(self, text: str) -> tuple[str, ...]:
        """Read letters; there have to be some."""
        self.texts.append(text)
        if not text:
            raise ParseError("letters", "the text is empty")
        return tuple(text)


def test_the_same_text_is_read_once_by_each_parser() -> None:
    readings, parsers = Readings(), Counting()
    assert readings.read(parsers.words, "a b") == readings.read(parsers.words, "a b") == ("a", "b")
    assert readings.read(parsers.letters, "a b") == ("a", " ", "b")
    assert readings.read(parsers.words, "a c") == ("a", "c")
    assert parsers.texts == ["a b", "a b", "a c"]


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    readings, parsers = Readings(most=6), Counting()
    for text in ("one", "two", "one", "six", "one", "two"):
        readings.read(parsers.words, text)
    assert parsers.texts == ["one", "two", "six", "two"]


def test_a_text_that_is_too_long_is_read_each_time() -> None:
    readings, parsers = Readings(most=2), Counting()
    assert [readings.read(parsers.words, "one") for _ in range(2)] == [("one",), ("one",)]
    assert parsers.texts == ["one", "one"]


def test_an_error_is_not_remembered() -> None:
    readings, parsers = Readings(), Counting()
    for _ in range(2):
        with pytest.raises(ParseError, match="empty"):
            readings.read(parsers.letters, "")
    assert parsers.texts == ["", ""]
