# SPDX-License-Identifier: Apache-2.0
"""Examples of the OpenAPI document: requests that were sent to this API, with what it answered.

``examples.json`` and ``example_objects.json`` are made by ``make schemas`` from a recorded cloud; a test sends the
requests again and compares.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def examples() -> dict[str, dict[str, Any]]:
    """Return the examples by method and path: ``path``, ``query``, ``body``, ``status``, ``answers`` by media type."""
    return _read("examples.json")


def example_objects() -> dict[str, dict[str, Any]]:
    """Return an object of each type that the recorded cloud has, by its type."""
    return _read("example_objects.json")


def _read(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(
        files("calipso_nornir.api").joinpath(name).read_text(encoding="utf-8")
    )
    return found


def exemplify(operation: dict[str, Any], example: Mapping[str, Any]) -> None:
    """Put an example into the description of its operation."""
    given = {**example.get("path", {}), **example.get("query", {})}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] in ("path", "query") and parameter["name"] in given:
            parameter["example"] = given[parameter["name"]]
    if "body" in example:
        operation["requestBody"]["content"]["application/json"]["example"] = example["body"]
    content = operation["responses"][str(example["status"])].get("content", {})
    for media, answer in example["answers"].items():
        content[media]["example"] = answer
