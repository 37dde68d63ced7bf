# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""Answers that are invalid: of another type, or without what their readers need."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.errors import EndpointMissing, ParseError, RowsIncomplete, ViewRestricted
from calipso_nornir.fetchers import questions
from calipso_nornir.model.answers import Answer
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, Select
from calipso_nornir.scan.running_fetching import read_reply
from calipso_nornir.testing.driving import AT

AGENT = {"id": "a", "host": "h", "binary": "neutron-x"}
AGENTS = questions.agents("R1")
SELECT = Select("neutron", "SELECT host FROM agents")


@pytest.mark.parametrize(
    ("query", "data", "problem"),
    [
        (AGENTS, {"agents": []}, "a list was expected, not {'agents': []}"),
        (AGENTS, None, "a list was expected, not None"),
        (AGENTS, ["x", 7], "row 1 of 2 is not an object: 'x'"),
        (AGENTS, [{"id": "b"}], "row 1 of 1 lacks host, binary: {'id': 'b'}"),
        (SELECT, [["h1"]], "row 1 of 1 is not an object: ['h1']"),
        (SELECT, [{"host": "h1"}, ["h1"]], "row 2 of 2 is not an object: ['h1']"),
        (SELECT, "text", "a list was expected, not 'text'"),
        (Command("h", "uname -m"), ["x"], "text was expected, not ['x']"),
        (Command("h", "uname -m", "uname_machine"), 7, "text was expected, not 7"),
    ],
)
def test_what_is_no_answer_says_where_and_why(query: Any, data: Any, problem: str) -> None:
    error = read_reply(query, Reply(data, AT), {})
    assert isinstance(error, ParseError)
    assert (error.problem, error.query, error.host) == (problem, str(query), query.host)


@pytest.mark.parametrize(
    ("query", "data"),
    [
        (AGENTS, []),
        (AGENTS, [AGENT]),
        (SELECT, []),
        (SELECT, [{"host": None}]),
        (ApiGet("identity", "/x", "x"), {"any": "document"}),  # nobody has said what has to be in it
        (Command("h", "true"), ""),
    ],
)
def test_what_is_an_answer_is_read(query: Any, data: Any) -> None:
    answer = read_reply(query, Reply(data, AT), {})
    assert isinstance(answer, Answer)
    assert answer.value == data


@pytest.mark.parametrize(
    ("stray", "problem"),
    [("x", "row 2 of 3 is not an object: 'x'"), ({"id": "b"}, "row 2 of 3 lacks host, binary: {'id': 'b'}")],
)
def test_a_row_that_is_incomplete_says_nothing_against_the_others(stray: Any, problem: str) -> None:
    answer = read_reply(AGENTS, Reply([AGENT, stray, AGENT], AT), {})
    assert isinstance(answer, Answer)
    assert answer.value == [AGENT, AGENT]
    assert answer.gap == RowsIncomplete(str(AGENTS), 1, 3, problem)
    assert str(answer.gap) == (
        f"GET network /agents [R1]: 1 of 3 rows are incomplete, the first one: {problem}. "
        "What was known of them is kept."
    )


def test_what_a_source_knows_to_be_missing_hides_no_incomplete_row() -> None:
    restricted = ViewRestricted("joe", "acme", ("member",), ("admin",))
    answer = read_reply(AGENTS, Reply([AGENT, "x"], AT, restricted), {})
    assert isinstance(answer, Answer)
    assert answer.gap == restricted
    assert isinstance(answer.remark, RowsIncomplete)


def test_a_region_without_a_service_has_nothing_of_it() -> None:
    missing = EndpointMissing("network", "public", "R0")
    answer = read_reply(AGENTS, missing, {})
    assert isinstance(answer, Answer)
    assert (answer.value, answer.gap, answer.remark) == ([], None, missing)
    required = EndpointMissing("network", "public", "R1", required=True)
    assert read_reply(AGENTS, required, {}) is required
    document = ApiGet("network", "/x", "x")
    assert read_reply(document, missing, {}) is missing, "what is not a list is not empty either"


def test_a_long_stray_row_is_shown_in_part() -> None:
    error = read_reply(AGENTS, Reply([{"text": "x" * 10_000}], AT), {})
    assert len(str(error)) < 400


def test_what_is_needed_of_an_answer_makes_no_other_request() -> None:
    assert AGENTS.request == ApiGet("network", "/agents", "agents", region="R1")
    assert AGENTS.request.request == AGENTS.request
