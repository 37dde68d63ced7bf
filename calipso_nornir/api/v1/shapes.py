# SPDX-License-Identifier: Apache-2.0
"""What answers of the older API look like, as JSON schemas for the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
TEXT_OR_NONE: Final[Schema] = {"type": ["string", "null"]}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
TEXT_OR_TEXTS: Final[Schema] = {"anyOf": [TEXT, TEXTS]}
BOOLEAN: Final[Schema] = {"type": "boolean"}
INTEGER: Final[Schema] = {"type": "integer"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
COUNTS: Final[Schema] = {"type": "object", "additionalProperties": COUNT}
TIME: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}$",
    "description": "A time in UTC.",
    "examples": ["2026-11-28T19:10:00.000000"],
}
TIME_OR_NONE: Final[Schema] = {**TIME, "type": ["string", "null"]}
ID: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{24}$"}


def document(fields: Mapping[str, Schema], further: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of a whole document: it has these fields, maybe these ``further`` ones, and maybe others."""
    return {"type": "object", "required": list(fields), "properties": {**fields, **(further or {})}}


def exactly(fields: Mapping[str, Schema], further: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with these fields, maybe these ``further`` ones, and no others."""
    return {**document(fields, further), "additionalProperties": False}


def list_of(key: str, fields: Mapping[str, Schema], *, optional: Collection[str] = ()) -> Schema:
    """Return the schema of a list: one key, and under it objects with these fields only."""
    needed = {name: one for name, one in fields.items() if name not in optional}
    return in_list(key, exactly(needed, {name: one for name, one in fields.items() if name in optional}))


def in_list(key: str, member: Schema) -> Schema:
    """Return the schema of a list: one key, and under it such members."""
    return exactly({key: {"type": "array", "items": member}})


def either(*schemas: Schema) -> Schema:
    """Return the schema of what is one of these, as the parameters of the request decide."""
    return {"anyOf": list(schemas)}


CREATED: Final = exactly({"message": TEXT})
CREATED_WITH_ID: Final = exactly({"message": TEXT, "id": TEXT})
REMOVED: Final = exactly({"count": COUNT})
