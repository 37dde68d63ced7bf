# SPDX-License-Identifier: Apache-2.0
"""The two forms of constants: lists of texts by name, and the developer guide's documents.

A document is ``{"name": "object_types", "data": [{"value": "new_type", "label": "New type"}]}``; a file may contain a
list of them, and a list of values may contain both texts and ``{value, label}`` objects.
"""

from __future__ import annotations

from typing import Any


def plain_constants(data: Any) -> Any:  # noqa: ANN401 - any JSON may stand in a file; its form is checked afterwards
    """Return a file's content with values as texts and labels beside them; anything of another form is unchanged."""
    constants = data.get("constants") if isinstance(data, dict) else data
    if isinstance(constants, list) and all(_is_document(one) for one in constants):
        merged: dict[str, list[Any]] = {}
        for one in constants:
            merged.setdefault(one["name"], []).extend(one["data"])
        constants = merged
    if not isinstance(constants, dict):
        return data
    labels = {
        name: found
        for name, values in constants.items()
        if isinstance(values, list) and (found := {one["value"]: one["label"] for one in values if _is_labelled(one)})
    }
    plain = {
        name: [one["value"] if _is_labelled(one) else one for one in values] if isinstance(values, list) else values
        for name, values in constants.items()
    }
    rest = {key: value for key, value in data.items() if key != "constants"} if isinstance(data, dict) else {}
    return {**rest, "constants": plain, **({"_labels": labels} if labels else {})}


def _is_document(one: Any) -> bool:  # noqa: ANN401 - as above
    return (
        isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("data"), list)
        and set(one) <= {"name", "data", "_id", "_comment"}
    )


def _is_labelled(one: Any) -> bool:  # noqa: ANN401 - as above
    return (
        isinstance(one, dict)
        and isinstance(one.get("value"), str)
        and isinstance(one.get("label", ""), str)
        and "label" in one
        and set(one) <= {"value", "label"}
    )
