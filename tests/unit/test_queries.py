# SPDX-License-Identifier: Apache-2.0
"""Queries, and how their answers are read."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import (
    CalipsoError,
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    HostUnreachable,
    ParseError,
    SudoRefused,
)
from calipso_nornir.model.answers import Answer, Answers
from calipso_nornir.model.evidence import Evidence
from calipso_nornir.model.fetching import ask, first_of, together, worth_another_way
from calipso_nornir.model.queries import ApiGet, Command, Lookup, Select

if TYPE_CHECKING:
    from collections.abc import Generator

ONE, TWO, THREE = (Command("h1", name) for name in ("one", "two", "three"))
FAILED = CommandFailed("h1", "one", 1)
GAP = CommandFailed("h1", "gap", 1)


@given(st.lists(st.text(), max_size=4))
def test_values_enter_a_command_as_one_word_each(values: list[str]) -> None:
    command = Command.of("h1", "tool" + " {}" * len(values), *values)
    assert shlex.split(command.text) == ["tool", *values]


@given(st.text())
def test_braces_in_values_are_no_places(value: str) -> None:
    assert shlex.split(Command.of("h1", "a {} b", value + "{}").text) == ["a", value + "{}", "b"]


def test_equal_requests_are_asked_once_whoever_reads_them() -> None:
    one = Command("h1", "x", "json", optional=True)
    assert one.request == Command("h1", "x", "lines").request == Command("h1", "x")
    assert one.request != Command("h1", "x", root=True).request
    assert one.request != Command("h1", "x", timeout_s=31).request
    assert one.request != Command("h2", "x").request


@pytest.mark.parametrize(
    ("query", "source", "host", "text"),
    [
        (Command("h1", "ip a"), "cli", "h1", "ip a"),
        (ApiGet("compute", "/s", "s"), "api", None, "GET compute /s"),
        (ApiGet("compute", "/s", "s", (("a", "1"), ("b", "2")), "R1"), "api", None, "GET compute /s?a=1&b=2 [R1]"),
        (Select("nova", "SELECT 1"), "db", None, "nova: SELECT 1"),
        (Select("nova", "SELECT %s", (7, "x")), "db", None, "nova: SELECT %s [7, 'x']"),
        (Lookup.of("port"), "inventory", None, "every port"),
        (Lookup.of("port", {"b": "2", "a": "1"}), "inventory", None, "port with {'a': '1', 'b': '2'}"),
    ],
    ids=str,
)
def test_what_queries_say_of_themselves(query: Any, source: str, host: str | None, text: str) -> None:  # noqa: ANN401
    assert (query.source, query.host, str(query)) == (source, host, text)
    assert query.request.source == source
    assert {query: 1}[query] == 1


@pytest.mark.parametrize("value", ["", None, 0])
def test_nothing_is_looked_up_by_an_empty_value(value: Any) -> None:  # noqa: ANN401 - the point of this test
    with pytest.raises(ValueError, match="look-up of port by an empty value"):
        Lookup.of("port", {"mac": value})


class Notes:
    """Answers, and what was noted while they were read."""

    def __init__(self, answers: dict[Any, Any]) -> None:
        self.gaps: list[Any] = []
        self.blanks: list[Any] = []
        self.read: list[Any] = []
        self.answers = Answers(
            answers,
            on_gap=lambda query, error: self.gaps.append((query, error)),
            on_blank=lambda query, error: self.blanks.append((query, error)),
            on_read=lambda query, _answer: self.read.append(query),
        )

    def noted(self) -> tuple[int, int, int]:
        return len(self.gaps), len(self.blanks), len(self.read)


def test_reading_a_failed_answer_raises_its_error() -> None:
    notes = Notes({ONE: FAILED, TWO: Answer(2)})
    with pytest.raises(CommandFailed) as caught:
        notes.answers[ONE]
    assert caught.value is FAILED
    with pytest.raises(CommandFailed):
        notes.answers.grouped(ONE, "k")
    assert (notes.answers[TWO], notes.noted()) == (2, (0, 0, 1))
    assert (list(notes.answers), len(notes.answers)) == ([ONE, TWO], 2)


def test_reading_what_is_known_to_be_incomplete_notes_it() -> None:
    notes = Notes({ONE: Answer([{"k": 1}], gap=GAP)})
    assert notes.answers[ONE] == [{"k": 1}]
    assert notes.answers.grouped(ONE, "k") == {1: [{"k": 1}]}
    assert notes.gaps == [(ONE, GAP), (ONE, GAP)]
    assert notes.answers.or_blank(ONE) == [{"k": 1}]
    assert notes.answers.grouped_or_blank(ONE, "k") == {1: [{"k": 1}]}
    assert notes.blanks == [(ONE, GAP), (ONE, GAP)]
    assert notes.read == [ONE] * 4


def test_a_lost_answer_leaves_a_gap_or_a_blank() -> None:
    notes = Notes({ONE: FAILED})
    assert (notes.answers.or_gap(ONE, []), notes.gaps, notes.blanks) == ([], [(ONE, FAILED)], [])
    assert (notes.answers.or_blank(ONE, 7), notes.answers.grouped_or_blank(ONE, "k")) == (7, None)
    assert notes.blanks == [(ONE, FAILED), (ONE, FAILED)]
    assert notes.read == []


def test_looking_whether_there_is_an_answer_notes_nothing() -> None:
    notes = Notes({ONE: FAILED, TWO: Answer(2), THREE: Answer(3, gap=GAP)})
    assert [notes.answers.failed(one) for one in (ONE, TWO, THREE)] == [FAILED, None, None]
    assert [notes.answers.whole(one) for one in (ONE, TWO, THREE)] == [False, True, False]
    assert notes.noted() == (0, 0, 0)


def test_rows_are_grouped_once() -> None:
    answer = Answer([{"k": 1, "n": 1}, {"k": None, "n": 2}, {"n": 3}, {"k": 1, "n": 4}])
    assert answer.grouped("k") == {1: [{"k": 1, "n": 1}, {"k": 1, "n": 4}], None: [{"k": None, "n": 2}, {"n": 3}]}
    assert answer.grouped("k") is answer.grouped("k")


def test_evidence_comes_with_an_answer() -> None:
    seen: list[Any] = []
    evidence = Evidence("cli", "one", "h1")
    answers = Answers({ONE: Answer(1, evidence)}, on_read=lambda query, answer: seen.append((query, answer.evidence)))
    assert (answers[ONE], seen) == (1, [(ONE, evidence)])


def run(generator: Generator[Any, Any, Any], told: dict[Any, Any]) -> tuple[list[list[Any]], Any]:
    """Drive a part of a fetching; give what it asked, round by round, and its result."""
    asked: list[list[Any]] = []
    answers = None
    while True:
        try:
            queries = generator.send(answers)
        except StopIteration as stop:
            return asked, stop.value
        asked.append(list(queries))
        answers = Answers({query: told[query] for query in queries})


def test_the_first_way_that_is_answered_is_taken() -> None:
    assert run(first_of(ONE, TWO), {ONE: Answer(1)}) == ([[ONE]], (ONE, 1))
    assert run(first_of(ONE, TWO), {ONE: FAILED, TWO: Answer(2)}) == ([[ONE], [TWO]], (TWO, 2))


@pytest.mark.parametrize(
    ("error", "worth"),
    [
        (CommandFailed("h1", "x", 255), True),
        (ParseError("json", "no JSON"), True),
        (CommandMissing("h1", "x", 127), False),
        (CommandTimedOut("h1", "x", 124), False),
        (SudoRefused("h1", "x", 1), False),
        (HostUnreachable("h1", "a", "down"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_another_way_is_tried_when_it_may_help(error: CalipsoError, worth: bool) -> None:  # noqa: FBT001
    assert worth_another_way(error) is worth
    told = {ONE: error, TWO: Answer(2)}
    if worth:
        assert run(first_of(ONE, TWO), told)[1] == (TWO, 2)
    else:
        with pytest.raises(type(error)):
            run(first_of(ONE, TWO), told)


def test_the_last_ways_error_counts() -> None:
    last = CommandFailed("h1", "two", 2)
    with pytest.raises(CommandFailed) as caught:
        run(first_of(ONE, TWO), {ONE: FAILED, TWO: last})
    assert caught.value is last


def test_parts_are_asked_side_by_side() -> None:
    def silent() -> Generator[Any, Any, str]:
        yield from ()
        return "nothing to ask"

    parts = together(first_of(ONE, TWO), ask(THREE), silent(), ask(THREE))
    asked, results = run(parts, {ONE: FAILED, TWO: Answer(2), THREE: Answer(3)})
    assert asked == [[ONE, THREE], [TWO]]
    assert results == [(TWO, 2), 3, "nothing to ask", 3]


def test_an_error_in_one_part_ends_all() -> None:
    with pytest.raises(CommandFailed):
        run(together(ask(ONE), ask(TWO)), {ONE: FAILED, TWO: Answer(2)})
    assert run(together(), {}) == ([], [])
