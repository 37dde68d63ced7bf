# SPDX-License-Identifier: Apache-2.0
"""Whatever the text, a parser returns rows or raises ParseError, and quickly."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.registry import load_parsers
from tests.parsers.test_golden import CASES

pytestmark = pytest.mark.chaos

LOADED = load_parsers(())
RAW = {name: [c.raw for c in CASES if name in {**(c.parsed or {}), **(c.fails or {})}] or ["x\n"] for name in LOADED}
LONG_S = 5.0
"""Far above what a linear parser takes for half a megabyte, far below what a quadratic one does."""

ODD = [chr(0), chr(0x2028), chr(0xD800), chr(0x661), chr(0xE9)]
# NUL, a line separator, half a surrogate pair, an Arabic digit, an e with an accent
LINES = [
    "\n",
    "\r\n",
    "    ",
    "\t",
    "Slave Interface: ",
    "inet ",
    "link/ether ",
    "Port ",
    "vlan id ",
    "dst ",
    ": ",
    "@",
]
JSON = ['"', "{", "}", "[", "]", ",", "{}", "[]", "null", "true", '["set",[]]', '["uuid",1]', '"name"', "\\ud800"]
NUMBERS = ["-1", "1e999", "NaN", "9" * 5000]
pieces = st.sampled_from([*ODD, *LINES, *JSON, *NUMBERS, "\\", "<", ">", "=", "<a/>"])
middles = st.one_of(pieces, st.text(max_size=8), st.just(""), st.none())
"""What a part is replaced by; None: it comes twice."""


@st.composite
def mutated(draw: st.DrawFn, name: str) -> str:
    """Take a real output of the tool and cut, repeat or replace parts of it."""
    text = draw(st.sampled_from(RAW[name]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        middle = draw(middles)
        text = text[:start] + (text[start:end] * 2 if middle is None else middle) + text[end:]
    return text


def rows_or_refusal(name: str, text: str) -> None:
    refusals: list[ParseError] = []
    try:
        LOADED[name](text)
    except ParseError as error:
        refusals.append(error)
    for refusal in refusals:
        assert refusal.parser
        assert str(refusal)
        json.dumps(refusal.data())


@pytest.mark.parametrize("name", sorted(LOADED))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_text(name: str, data: st.DataObject) -> None:
    rows_or_refusal(name, data.draw(st.one_of(st.text(), st.text(alphabet=st.characters()).map(lambda t: t + "\n"))))


@pytest.mark.parametrize("name", sorted(LOADED))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(data=st.data())
def test_output_that_was_tampered_with(name: str, data: st.DataObject) -> None:
    rows_or_refusal(name, data.draw(mutated(name)))


@pytest.mark.parametrize("name", sorted(LOADED))
def test_every_cut_of_an_output(name: str) -> None:
    text = max((raw for raw in RAW[name] if len(raw) < 5000), key=len, default="x\n")
    for end in range(0, len(text), 1 + len(text) // 200):
        rows_or_refusal(name, text[:end])


@pytest.mark.parametrize("name", sorted(name for name in LOADED if name.endswith("_json") or name == "ovs_table"))
def test_json_cut_anywhere_is_refused(name: str) -> None:
    text = max((raw for raw in RAW[name] if len(raw) < 5000), key=len).strip()
    for end in range(1, len(text)):
        with pytest.raises(ParseError):
            LOADED[name](text[:end])


@pytest.mark.parametrize("number", [*NUMBERS, "9" * 25, chr(0x661), chr(0xB2)])
@pytest.mark.parametrize("name", sorted(LOADED))
def test_numbers_that_are_none(name: str, number: str) -> None:
    for text in RAW[name]:
        places = list(re.finditer(r"\d+", text))
        for place in places[:: 1 + len(places) // 40]:
            rows_or_refusal(name, text[: place.start()] + number + text[place.end() :])


@pytest.mark.parametrize(
    "filler", [" ", "a", "a ", ":", "a:", "@", " self", " master", '"', "}", "},{", "1.", "\t", "x@y"]
)
@pytest.mark.parametrize("name", sorted(LOADED))
def test_endless_lines_are_read_in_linear_time(name: str, filler: str) -> None:
    lines = max((raw for raw in RAW[name] if len(raw) < 5000), key=len, default="x").split("\n")
    endless = filler * (50_000 // len(filler))
    start = time.process_time()
    for n, line in enumerate(lines[:30]):
        rows_or_refusal(name, "\n".join([*lines[:n], f"{line}{endless}!"]) + "\n")
    rows_or_refusal(name, lines[0][: len(lines[0]) // 2] + endless + lines[0])
    assert time.process_time() - start < LONG_S


@pytest.mark.parametrize("opening", ["[", '{"a":', '[["set",', '{"lldp":[', "<a>"])
@pytest.mark.parametrize("name", sorted(LOADED))
def test_nesting_without_end(name: str, opening: str) -> None:
    rows_or_refusal(name, opening * 50_000)
