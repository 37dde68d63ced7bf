# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - files hold JSON of any shape
"""The JSON schemas for editors: up to date, valid, and consistent with the metadata check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from calipso_nornir.metadata.forms import FILES
from calipso_nornir.metadata.json_schemas import json_schemas, main
from calipso_nornir.metadata.layers import SHIPPED

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "docs" / "schemas"
GUIDE = ROOT / "tests" / "fixtures" / "metadata" / "guide"


def valid(stem: str, data: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(json_schemas()[stem]).is_valid(data))


def test_the_written_ones_are_current(tmp_path: Path) -> None:
    """Run ``make schemas`` when this fails."""
    assert main([str(tmp_path)]) == 0
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.iterdir()}
    assert made.keys() == {f"{stem}.schema.json" for stem in FILES}


def test_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("stem", FILES)
def test_a_schema_is_one_and_what_is_shipped_is_valid(stem: str) -> None:
    schema = json_schemas()[stem]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    ours = SHIPPED / f"{stem}.json"
    data = json.loads(ours.read_text(encoding="utf-8")) if ours.exists() else {"parsers": {"mine": "parsers.py:mine"}}
    jsonschema.validate(data, schema)
    assert FILES[stem].model_validate({**data, "$schema": "x", "_comment": ["any", "thing"]})
    assert valid(stem, {**data, "$schema": "x", "_comment": ["any", "thing"]})
    assert not valid(stem, {**data, "unknown": 1})
    assert not valid(stem, {})


def test_the_guides_file_is_valid() -> None:
    assert valid("scanners", json.loads((GUIDE / "scanners.json").read_text(encoding="utf-8")))


def test_a_bare_list_is_valid_where_it_is_read() -> None:
    assert valid("link_types", [{"type": "a-b"}])
    assert not valid("link_types", [{"type": "a"}])
    assert not valid("scanners", [])


STEP = {"type": "host", "fetcher": "Hosts"}


@pytest.mark.parametrize(
    "step",
    [
        {"type": "host"},
        {**STEP, "type": "Host"},
        {**STEP, "fetcher": 7},
        {**STEP, "fetcher": ""},
        {**STEP, "fetcher": {"folder": False, "types_name": "x", "parent_type": "host"}},
        {**STEP, "fetcher": {"folder": True, "parent_type": "host"}},
        {**STEP, "children_scaner": "x"},
        {**STEP, "environment_condition": "OVS"},
        {**STEP, "environment_condition": {"distribution": {}}},
        {**STEP, "show_in_tree": []},
    ],
)
def test_what_the_check_refuses_is_not_valid(step: Any) -> None:
    assert valid("scanners", {"scanners": {"S": [STEP]}})
    assert not valid("scanners", {"scanners": {"S": [STEP, step]}})
    with pytest.raises(ValueError, match="validation error"):
        FILES["scanners"].model_validate({"scanners": {"S": [STEP, step]}})
