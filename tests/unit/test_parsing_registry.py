# SPDX-License-Identifier: Apache-2.0
"""Parsers by name: the built-in ones and those of third parties."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.errors import MetadataError, ParseError
from calipso_nornir.parsing.registry import GROUP, PARSERS, load_parsers
from calipso_nornir.parsing.templates import shipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = "third_party_parsers_of_a_test"
TEMPLATE = "Value A (x+)\n\nStart\n  ^${A}$$ -> Record\n  ^. -> Error\n\nEOF\n"


@pytest.fixture
def points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, EntryPoint]]:
    """Entry points into a module that really lies on the path."""
    (tmp_path / f"{MODULE}.py").write_text(
        "from pathlib import Path\n"
        "def shout(text): return text.upper()\n"
        f"FOLDER = Path({str(tmp_path / 'templates')!r})\n"
        f"AS_TEXT = {str(tmp_path / 'templates')!r}\n"
        f"BROKEN = {str(tmp_path / 'no such folder')!r}\n"
        "NUMBER = 5\n"
    )
    templates = tmp_path / "templates"
    templates.mkdir()
    (templates / "index").write_text("Template, Hostname, Platform, Command\nacme_x.textfsm, .*, acme, x$\n")
    (templates / "acme_x.textfsm").write_text(TEMPLATE)
    monkeypatch.syspath_prepend(tmp_path)
    names = ("shout", "FOLDER", "AS_TEXT", "BROKEN", "NUMBER", "GONE")
    yield {name: EntryPoint(name, f"{MODULE}:{name}", GROUP) for name in names}
    sys.modules.pop(MODULE, None)


def test_built_in_parsers_and_templates_by_name() -> None:
    loaded = load_parsers(())
    assert loaded.keys() == PARSERS.keys() | set(shipped())
    assert loaded["linux_ip_netns"]("a (id: 1)\n") == [{"netns": "a", "id": "1"}]


def test_installed_entry_points_are_read_when_none_are_given() -> None:
    assert load_parsers().keys() >= PARSERS.keys()


def test_json_and_lines() -> None:
    assert PARSERS["json"]('{"a": [1, null]}') == {"a": [1, None]}
    with pytest.raises(ParseError, match="the text is empty"):
        PARSERS["json"](" \n")
    assert PARSERS["lines"]("a\r\n\nb\n") == ("a", "", "b")
    assert PARSERS["lines"]("a\x0bb") == ("a\x0bb",)
    assert PARSERS["lines"]("") == ()


def test_a_third_party_adds_a_callable_and_a_folder(points: dict[str, EntryPoint]) -> None:
    loaded = load_parsers([points["shout"], points["FOLDER"]])
    assert loaded["shout"]("hey") == "HEY"
    assert loaded["acme_x"]("xx\nx\n") == [{"a": "xx"}, {"a": "x"}]
    assert load_parsers([points["AS_TEXT"]])["acme_x"]("x\n") == [{"a": "x"}]


def test_a_name_that_is_taken_is_a_fault_not_a_replacement(points: dict[str, EntryPoint]) -> None:
    again = EntryPoint("bonding", f"{MODULE}:shout", GROUP)
    with pytest.raises(MetadataError) as raised:
        load_parsers([again, points["FOLDER"], points["AS_TEXT"]])
    first, second = raised.value.faults
    assert first.where == f"entry point {GROUP}: bonding = {MODULE}:shout"
    assert '"bonding" is taken by calipso_nornir' in first.problem
    assert f'"acme_x" is taken by entry point {GROUP}: FOLDER' in second.problem


def test_every_fault_of_every_third_party_at_once(points: dict[str, EntryPoint]) -> None:
    with pytest.raises(MetadataError) as raised:
        load_parsers([points["BROKEN"], points["NUMBER"], points["GONE"], EntryPoint("m", "no_such_module:x", GROUP)])
    problems = [str(fault) for fault in raised.value.faults]
    for words in ("cannot be read", "TypeError: a callable or a folder", "AttributeError", "ModuleNotFoundError"):
        assert [problem for problem in problems if words in problem], words
    assert len(problems) == 4
