# SPDX-License-Identifier: Apache-2.0
"""Turns pydantic's errors about a JSON file into faults: one per place, worded in terms of JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from calipso_nornir.metadata.environment_fields import own_words
from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_TYPES = {
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
}
_SHOWN = 60
"""How many characters of a wrong value a message shows."""


def shape_faults(error: ValidationError, data: Any, kind: type[BaseModel]) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield JSON pointer and problem; ``data`` is what was checked, ``kind`` what it should be."""
    places: dict[str, list[ErrorDetails]] = {}
    for one in error.errors(include_url=False):
        places.setdefault(_pointer(one, data), []).append(one)
    for pointer, errors in places.items():
        of_type = [one for one in errors if one["type"] in _TYPES]
        deeper = any(other.startswith(f"{pointer}/") for other in places)
        if len(of_type) == len(errors):
            if not deeper:  # skip an alternative that does not fit if another fits better
                expected = " or ".join(dict.fromkeys(_TYPES[one["type"]] for one in of_type))
                yield pointer, f"must be {expected}, not {_shown(of_type[0]['input'])}"
            continue
        for one in errors:
            if one["type"] not in _TYPES:
                yield pointer, _problem(one, keys_at(kind, pointer.split("/")[:-1]))


def keys_at(kind: Any, path: Iterable[str]) -> set[str]:  # noqa: ANN401 - a type
    """Return the keys that an object at a place of a file may have; if several kinds are possible, those of all."""
    kinds = list(_alternatives(kind))
    for part in path:
        kinds = [deeper for one in kinds for deeper in _within(one, part)]
    models = [one for one in kinds if isinstance(one, type) and issubclass(one, BaseModel)]
    keys = {info.alias or name for model in models for name, info in model.model_fields.items()}
    return {key for key in keys if key[0] not in "_$"}


def _alternatives(kind: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _alternatives(get_args(kind)[0])
    elif origin in (Union, UnionType):
        for one in get_args(kind):
            yield from _alternatives(one)
    else:
        yield kind


def _within(kind: Any, part: str) -> Iterator[Any]:  # noqa: ANN401 - as above
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if part == (info.alias or name):
                yield from _alternatives(info.annotation)
    elif get_origin(kind) in (list, dict):
        yield from _alternatives(get_args(kind)[-1])


def _pointer(error: ErrorDetails, data: Any) -> str:  # noqa: ANN401 - JSON
    """Keep the parts of pydantic's location that lead through the data; the others name alternatives of a type."""
    parts: list[str] = []
    value = data
    last = len(error["loc"]) - 1
    for number, part in enumerate(error["loc"]):
        if (isinstance(value, Mapping) and part in value) or (isinstance(value, list) and isinstance(part, int)):
            value = value[part]  # type: ignore[index]  # a key of the object, or a place in the list
        elif error["type"] != "missing" or number != last:
            continue
        parts.append(str(part))
    return "/".join(parts)


def _problem(error: ErrorDetails, known: Collection[str]) -> str:
    limits: dict[str, Any] = error.get("ctx", {})
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"unknown key{nearest(str(error['loc'][-1]), known)}"
        case "literal_error":
            expected = str(limits["expected"]).replace("True", "true")
            near = nearest(str(error["input"]), re.findall(r"'([^']+)'", expected))
            return f"must be {expected}, not {_shown(error['input'])}{near}"
        case "string_pattern_mismatch":
            return f"must be of the form {limits['pattern']}, not {_shown(error['input'])}"
        case "string_too_short" | "too_short":
            return "must not be empty"
        case _:
            return own_words(error)


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return str({None: "null", True: "true", False: "false"}[value])
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
