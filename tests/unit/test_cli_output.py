# SPDX-License-Identifier: Apache-2.0
"""Text from strangers does nothing to a terminal, and is exact for programs."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.cli.output import Column, Format, Terminal, as_json, as_yaml, emit, joined, table
from calipso_nornir.model.text import needs_escapes, pasteable, plain, safe_json

ANYTHING = st.text(alphabet=st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
DANGEROUS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))]


@given(ANYTHING)
def test_plain_text_moves_no_cursor(text: str) -> None:
    shown = plain(text)
    assert not any(sign in shown for sign in DANGEROUS)
    shown.encode()  # no lone surrogate is left that no terminal could be sent


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web-1", "web-1"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("half \ud800", "half \\ud800"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("🧑\u200d🚀 café", "🧑\u200d🚀 café"),
    ],
)
def test_plain_shows_what_is_there(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(JSON)
def test_safe_json_is_the_same_json(value: object) -> None:
    text = safe_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert not any(sign in text for sign in DANGEROUS)
    assert not needs_escapes(text)


def test_lone_surrogates_survive_json() -> None:
    assert json.loads(as_json(["\ud800"])) == ["\ud800"]


@given(JSON)
def test_yaml_comes_back_as_it_was(value: object) -> None:
    text = as_yaml(value)
    assert yaml.safe_load(text) == value
    assert not any(sign in text for sign in DANGEROUS if sign != "\n")


def test_ids_are_quoted_for_a_shell() -> None:
    assert pasteable("host_pnic", "cmp1|eth0") == "'host_pnic:cmp1|eth0'"
    assert pasteable("instance", "$(reboot)") == "'instance:$(reboot)'"


def test_markup_in_data_is_text() -> None:
    assert joined(("[bold]x", "red"), " :smile:").plain == "[bold]x :smile:"


def test_tables_line_up_whatever_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    table(Terminal(), ("name", Column("state", "red"), "n"), [("網路", ("up", "green"), 1), ("\x1b[2J", None, 22)])
    assert capsys.readouterr().out == "NAME     STATE  N\n網路     up     1\n\\x1b[2J  -      22\n"


def test_only_data_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"a": "é\x9b"}, Format.JSON)
    assert capsys.readouterr().out == '{\n  "a": "é\\u009b"\n}\n'
    emit({"a": "é"}, Format.YAML)
    assert capsys.readouterr().out == "a: é\n"
