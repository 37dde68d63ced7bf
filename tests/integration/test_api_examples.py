# SPDX-License-Identifier: Apache-2.0
"""The examples of the OpenAPI document are requests that work, with the answers that they get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker

from calipso_nornir.api import described
from calipso_nornir.api.app import ROUTERS
from calipso_nornir.api.examples import examples
from tests.api_examples.making import differs, made

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = FastAPI()
    for prefix, router in ROUTERS:
        app.include_router(router, prefix=prefix)
    return described.document(app, ROUTERS)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }


def test_each_operation_has_an_example_of_each_answer_and_body(document: dict[str, Any]) -> None:
    known = operations(document)
    assert sorted(examples()) == sorted(known), "make schemas"
    for name, operation in known.items():
        status = str(examples()[name]["status"])
        answer = operation["responses"][status].get("content", {})
        assert [media for media, one in answer.items() if "example" not in one] == [], name
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert "example" in media, name
        needed = [one for one in operation.get("parameters", ()) if one["required"] and one["in"] != "header"]
        assert [one["name"] for one in needed if "example" not in one] == [], name


def test_each_example_is_valid_by_its_schema(document: dict[str, Any]) -> None:
    found = 0
    for name, operation in operations(document).items():
        parts = [*operation.get("parameters", ()), *operation.get("requestBody", {}).get("content", {}).values()]
        for response in operation["responses"].values():
            parts += response.get("content", {}).values()
        for part in parts:
            if "example" not in part:
                continue
            found += 1
            schema = {"components": document["components"], **part["schema"]}
            faults = list(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(part["example"]))
            assert faults == [], f"{name}: {faults[0].message if faults else ''}"
    assert found > 400


def test_each_request_works_and_is_answered_like_this(tmp_path: Path) -> None:
    """The requests of the examples are sent again: what has changed is written by ``make schemas``."""
    now = made(tmp_path)
    for name, example in examples().items():
        assert differs(now[name], example) is None, f"{name}: make schemas"


@pytest.mark.parametrize(
    ("one", "other", "where"),
    [
        ({"a": [1, 2]}, {"a": []}, None),
        ({"a": [1]}, {"a": ["1"]}, "/a/0"),
        ({"a": 1}, {"b": 1}, ": ['a', 'b']"),
        ({"a": {"b": None}}, {"a": {"b": "x"}}, "/a/b"),
        ({"a": True}, {"a": 1}, "/a"),
    ],
)
def test_what_differs_is_told(one: object, other: object, where: str | None) -> None:
    assert differs(one, other) == where
