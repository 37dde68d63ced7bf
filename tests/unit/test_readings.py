# SPDX-License-Identifier: Apache-2.0
"""Answers that equal earlier ones are not parsed again."""

from __future__ import annotations

import pytest

from calipso_nornir.errors import ParseError
from calipso_nornir.scan.readings import LATEST, PATIENCE, Readings


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


def test_a_part_stays_remembered_when_all_is_asked_for_again_and_again() -> None:
    readings, parsers = Readings(most=6), Counting()
    for text in ("one", "two", "six") * 3:
        readings.read(parsers.words, text)
    assert parsers.texts == ["one", "two", "six", "six", "six"]


def test_the_latest_of_those_without_room_are_remembered() -> None:
    readings, parsers = Readings(most=LATEST * 6), Counting()
    readings.read(parsers.words, "x" * (LATEST - 1) * 6)
    for text in ("one", "two", "one", "two", "six", "two", "one"):
        readings.read(parsers.words, text)
    assert parsers.texts[1:] == ["one", "two", "six", "one"]


def test_what_nobody_has_asked_for_in_a_long_time_makes_room() -> None:
    readings, parsers = Readings(most=6), Counting()
    for text in ("one", "two"):
        readings.read(parsers.words, text)
    for text in (f"{number:03}" for number in range(2 * PATIENCE)):
        readings.read(parsers.words, text)
        readings.read(parsers.words, "two")
    readings.read(parsers.words, "new")
    parsers.texts.clear()
    for text in ("two", "new", "one", "two", "new"):
        readings.read(parsers.words, text)
    assert parsers.texts == ["one"]


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
