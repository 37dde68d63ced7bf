# SPDX-License-Identifier: Apache-2.0
"""Names that strangers choose, in everything that has a name: commands print them harmlessly, and data is exact."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.sources.bundle import Exchange
from tests.bundles import whole
from tests.bundles.editing import edited
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "instance": "; rm -rf / #",
    "network": "[red]x[/red] [link=http://x]y",
    "project": "\x1b]0;owned\x07\x1b[2J$(reboot)",
    "router": "`id`\r\n\u202e🧨\u200b",
    "switch": "\x9b31m|\x00tor\t1",
}
HARMFUL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Controls (Unicode category Cc) but the end of a line, and what turns the direction of writing."""


def _renamed(one: Exchange) -> Exchange:
    if not isinstance(one.answer, Reply):
        return one
    data: Any = one.answer.data
    kinds = {"servers": "instance", "networks": "network", "projects": "project", "routers": "router"}
    if isinstance(one.query, ApiGet) and one.query.key in kinds:
        data = [{**row, "name": NAMES[kinds[one.query.key]]} for row in data]
    if str(one.query) == "lldpctl -f json":
        data = data.replace('"tor1"', json.dumps(NAMES["switch"]))
    return Exchange(one.query, Reply(data, one.answer.at))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    path = edited(whole.recording("ovs"), folder / "hostile.calipso", _renamed)
    said = calipso("replay", path, store=folder / "s.db")
    assert said.status == 0, said.err
    for line in said.out.splitlines():
        if line.startswith("next"):
            assert shlex.split(line.removeprefix("next"))[:2] == ["calipso", "--store"]
    assert not HARMFUL.search(said.out + said.err)
    return folder / "s.db"


@pytest.fixture(scope="module")
def some_id(store: Path) -> dict[str, str]:
    """An id of each type that has a hostile name."""
    types = {
        "instance": "instance",
        "network": "network",
        "project": "project",
        "router": "vservice",
        "switch": "switch",
    }
    found = {}
    inventory = calipso("export", store=store).json["inventory"]
    for kind, type_ in types.items():
        found[kind] = next(
            one["id"] for one in inventory if one["type"] == type_ and NAMES[kind].strip() in one["name"].strip()
        )
    return found


@pytest.mark.parametrize(
    "command",
    [
        ["tree", "--all"],
        ["links"],
        ["search", "e"],
        ["search", "rm -rf"],
        ["env", "list"],
        ["env", "show", "demo-ovs"],
        ["scans"],
    ],
    ids=" ".join,
)
def test_lists_are_harmless(store: Path, command: list[str]) -> None:
    said = calipso(*command, store=store)
    assert said.status == 0, said.err
    assert said.out
    assert not HARMFUL.search(said.out + said.err)


@pytest.mark.parametrize("command", ["show", "clique", "explain"])
@pytest.mark.parametrize("kind", NAMES)
def test_one_object_is_harmless(store: Path, some_id: dict[str, str], command: str, kind: str) -> None:
    said = calipso(command, some_id[kind], store=store)
    assert said.status == (2 if (command, kind) == ("clique", "project") else 0), said.err
    assert not HARMFUL.search(said.out + said.err)


def test_what_markup_would_eat_is_shown(store: Path) -> None:
    tree = calipso("tree", "--all", store=store).out
    for shown in ("; rm -rf / #", "[red]x[/red] [link=http://x]y", "$(reboot)", "`id`"):
        assert shown in tree
    assert "[red]x[/red]" in calipso("links", store=store).out


def test_several_of_one_name_are_listed_harmlessly(store: Path) -> None:
    for kind in ("instance", "network", "router"):
        name = NAMES[kind] if kind != "router" else f"qrouter-{NAMES[kind]}"
        said = calipso("show", name, store=store)
        assert said.status == 2, said.out
        assert not HARMFUL.search(said.out + said.err)


@pytest.mark.parametrize("kind", NAMES)
def test_data_is_exact(store: Path, some_id: dict[str, str], kind: str) -> None:
    document = calipso("show", some_id[kind], "-o", "json", store=store).json
    assert NAMES[kind] in document["name"]
    assert yaml.safe_load(calipso("show", some_id[kind], "-o", "yaml", store=store).out) == document
    (exported,) = (one for one in calipso("export", store=store).json["inventory"] if one["_id"] == document["_id"])
    assert exported["name"] == document["name"]


@pytest.mark.parametrize(
    "command",
    [["tree"], ["links"], ["search", "e"], ["scans"], ["env", "list"], ["env", "show", "demo-ovs"]],
    ids=" ".join,
)
def test_data_stands_alone(store: Path, command: list[str]) -> None:
    as_json = calipso(*command, "-o", "json", store=store)
    as_yaml = calipso(*command, "-o", "yaml", store=store)
    assert (as_json.status, as_yaml.status, as_json.err, as_yaml.err) == (0, 0, "", "")
    assert yaml.safe_load(as_yaml.out) == as_json.json
