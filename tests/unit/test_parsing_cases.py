# SPDX-License-Identifier: Apache-2.0
"""The runner of golden pairs detects what is wrong with a pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import ParseError
from calipso_nornir.testing.parser_cases import as_plain, find_cases, run_case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Thing:
    """A typed row."""

    name: str
    number: int | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()


def things(text: str) -> tuple[Thing, ...]:
    if "!" in text:
        raise ParseError("things", "no exclamations", 2, "b!")
    return tuple(Thing(word, len(word) - 1 or None) for word in text.split())


def careless(text: str) -> int:
    return len(text) // 0


PARSERS = {"things": things, "careless": careless}


def problems(where: Path, expected: str, raw: str = "a bb\n") -> list[str]:
    place = where / "linux" / "words"
    place.mkdir(parents=True, exist_ok=True)
    (place / "one.raw").write_text(raw)
    (place / "one.yml").write_text(expected)
    (case,) = find_cases(where)
    assert case.name == "linux/words/one"
    return run_case(case, PARSERS)


def test_a_pair_that_holds(tmp_path: Path) -> None:
    assert problems(tmp_path, "{provenance: x, parsed: {things: [{name: a}, {name: bb, number: 1}]}}") == []


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("[{name: a}, {name: bb, number: 2}]", "things: $[1].number: expected 2, found 1"),
        ("[{name: a}]", "things: $: expected 1 items, found 2"),
        ("[{name: a, number: 5}, {name: bb, number: 1}]", "things: $[0].number: expected 5, is missing"),
        ("[{name: a}, {name: bb}]", "things: $[1].number: not expected, found 1"),
        ("[{name: a}, {name: bb, number: '1'}]", "things: $[1].number: expected '1', found 1"),
        ("[{name: a}, {name: bb, number: true}]", "things: $[1].number: expected True, found 1"),
        ("{}", "things: $: expected {}, found [{'name': 'a'}, {'name': 'bb', 'number': 1}]"),
    ],
)
def test_a_difference_is_told_with_its_place(tmp_path: Path, expected: str, found: str) -> None:
    assert problems(tmp_path, f"{{provenance: x, parsed: {{things: {expected}}}}}") == [found]


def test_refusals(tmp_path: Path) -> None:
    right = "{provenance: x, fails: {things: {problem: no excl, line_number: 2, line: b!}}}"
    assert problems(tmp_path, right, raw="b!") == []
    assert problems(tmp_path, right.replace("2", "3"), raw="b!") == ["things: $.line_number: expected 3, found 2"]
    other = problems(tmp_path, right.replace("no excl", "hurry"), raw="b!")
    assert other == ["things: problem: expected … hurry …, found no exclamations"]
    assert "should have refused the text" in problems(tmp_path, right)[0]
    refused = problems(tmp_path, "{provenance: x, parsed: {things: [{name: b!}]}}", raw="b!")
    assert "refused the text: things cannot read it: no exclamations, line 2 'b!'" in refused[0]


@pytest.mark.parametrize("kind", ["parsed: {careless: 1}", "fails: {careless: {problem: x}}"])
def test_a_parser_that_raises_something_else_is_found_out(tmp_path: Path, kind: str) -> None:
    assert "raised ZeroDivisionError" in problems(tmp_path, f"{{provenance: x, {kind}}}")[0]


@pytest.mark.parametrize("kind", ["parsed: {nobody: 1}", "fails: {nobody: {problem: x}}"])
def test_an_unknown_parser(tmp_path: Path, kind: str) -> None:
    assert problems(tmp_path, f"{{provenance: x, {kind}}}") == ["nobody: there is no parser of that name"]


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ("parsed: {things: []}", "provenance"),
        ("{provenance: x}", "parsed or fails"),
        ("{provenance: x, parsed: [1]}", "map parsers"),
        ("{provenance: x, parsed_sample: {}}", "provenance, parsed and fails are expected"),
        ("[1]", "provenance, parsed and fails are expected"),
        ("{", "expected"),
    ],
)
def test_a_pair_that_cannot_be_run_says_why(tmp_path: Path, expected: str, words: str) -> None:
    (found,) = problems(tmp_path, expected)
    assert words in found


def test_a_file_without_its_partner(tmp_path: Path) -> None:
    place = tmp_path / "linux" / "words"
    place.mkdir(parents=True)
    (place / "lonely.raw").write_text("x")
    (place / "sad.yml").write_text("provenance: x")
    found = {case.name: run_case(case, PARSERS) for case in find_cases(tmp_path)}
    assert found.keys() == {"linux/words/lonely", "linux/words/sad"}
    assert all("No such file" in lines[0] for lines in found.values())


def test_plain_values_leave_defaults_out() -> None:
    assert as_plain([Thing("a"), Thing("b", 2, {"k": "v"}, ("p",))]) == [
        {"name": "a"},
        {"name": "b", "number": 2, "more": {"k": "v"}, "parts": ["p"]},
    ]
