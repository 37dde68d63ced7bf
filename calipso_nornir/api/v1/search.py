# SPDX-License-Identifier: Apache-2.0
"""/search: objects by a part of their name. /schema: what objects of a type look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import bounds
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ALL, ENVIRONMENT, PAGING, Parameter
from calipso_nornir.api.v1.shapes import TEXT, TEXTS, TIME_OR_NONE, document, list_of
from calipso_nornir.store.documents import OBJECT_FIELDS

if TYPE_CHECKING:
    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.metadata.catalog import Attribute

router = APIRouter()

MOST: Final = 1_000_000
"""The most objects that contain the text anywhere, of which those with it in their name are returned."""
_TYPES: Final = {"text": "string", "list": "array"}
"""Types of declared attributes → those of JSON schema; the others have the same name."""


@operation(
    router,
    "GET /search",
    needs=Needs(Role.VIEWER),
    answer=list_of("objects", {"id": TEXT, "name": TEXT, "type": TEXT, "last_scanned": TIME_OR_NONE}),
    parameters=(
        ENVIRONMENT,
        Parameter(name="query", needed=True, text="Part of a name, whatever its case."),
        Parameter(name="source", needed=True, one_of=("inventory",), text="Where to search."),
        ALL,
        *PAGING,
    ),
)
def search(asked: Asked) -> Answer:
    """List the objects whose name contains a text."""
    first, last = bounds(asked.values)
    wanted = asked["query"].casefold()
    with asked.api.store.snapshot(asked.environment) as view:
        found = [one for one in view.search(asked["query"], limit=MOST) if wanted in one.name.casefold()]
    return {
        "objects": [
            {"id": one.id, "name": one.name, "type": one.type, "last_scanned": one.scanned_at}
            for one in found[first:last]
        ]
    }


@operation(
    router,
    "GET /schema",
    needs=Needs(Role.VIEWER, anywhere=True),
    answer=document(
        {"$schema": TEXT, "title": TEXT, "type": TEXT, "required": TEXTS, "properties": {"type": "object"}}
    ),
    parameters=(Parameter(name="type", needed=True, constant="object_types", text="Type of the objects."),),
)
def schema(asked: Asked) -> Answer:
    """Return the JSON schema of the objects of a type, as their attributes are declared."""
    type_ = asked.api.catalog.object_types[asked["type"]]
    own: dict[str, Any] = {name: {"type": ["string", "null"]} for name in sorted(OBJECT_FIELDS - {"digest"})}
    own |= {"show_in_tree": {"type": "boolean"}, "on_demand": {"type": "boolean"}}
    own |= {"evidence": {"type": "array"}, "found_by": {"type": "array"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": type_.label,
        "type": "object",
        "required": ["_id", "environment", "type", "id", "name"],
        "properties": {**own, **{one.name: _attribute(one) for one in type_.attributes}},
        "additionalProperties": not type_.is_closed,
    }


def _attribute(one: Attribute) -> dict[str, Any]:
    type_ = {} if one.type == "any" else {"type": [_TYPES.get(one.type, one.type), "null"]}
    return {**type_, **({"description": one.description} if one.description else {})}
