# SPDX-License-Identifier: Apache-2.0
"""One schema for each type of objects, made from what the metadata declares: name, type, unit and source."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.metadata.catalog import Attribute, Catalog, ObjectType

ANY_OBJECT: Final = "Thing"
"""The schema of what every object has; the one of all types takes its place."""
FRAME: Final = "ObjectFrame"
UNDECLARED: Final = "UndeclaredObject"
_TYPES: Final[Mapping[str, str]] = {
    "text": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
    "list": "array",
    "object": "object",
}


def with_objects(schemas: dict[str, Any], catalog: Catalog, examples: Mapping[str, Any]) -> dict[str, Any]:
    """Return schemas in which an object is one of the declared types, told apart by ``type``.

    Args:
        schemas: those of a document, by name.
        catalog: has the types.
        examples: an object by its type, of those that there are.
    """
    if ANY_OBJECT not in schemas:
        return schemas
    types = [one for one in catalog.object_types.values() if one.name != "environment"]
    made = {_name(one.name): _schema(one, examples.get(one.name)) for one in types}
    frame = deepcopy(schemas[ANY_OBJECT]) | {"title": FRAME}
    undeclared = {
        "title": UNDECLARED,
        "description": "An object of a type that metadata has declared before, and does not declare now.",
        "allOf": [_to(FRAME), {"properties": {"type": {"not": {"enum": [one.name for one in types]}}}}],
    }
    either = {
        "title": "InventoryObject",
        "description": "An object of the inventory; its `type` says which attributes it has.",
        "oneOf": [*(_to(name) for name in made), _to(UNDECLARED)],
        "discriminator": {
            "propertyName": "type",
            "mapping": {one.name: _to(_name(one.name))["$ref"] for one in types},
        },
    }
    return {**schemas, ANY_OBJECT: either, FRAME: frame, UNDECLARED: undeclared, **made}


def _schema(one: ObjectType, example: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    own = {attribute.name: _attribute(attribute) for attribute in one.attributes}
    told = [one.description or f"Folder: {one.label}" if one.folder else one.description]
    if one.further_attributes:
        told.append(f"Further attributes: {one.further_attributes}")
    schema: dict[str, Any] = {
        "title": one.label,
        "description": ". ".join(text for text in told if text),
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"const": one.name}, **own},
        "allOf": [_to(FRAME)],
    }
    return schema if example is None else {**schema, "examples": [example]}


def _attribute(one: Attribute) -> dict[str, Any]:
    """Describe an attribute; null, for unknown, is always allowed."""
    schema: dict[str, Any] = {"description": one.description}
    if one.type in _TYPES:
        schema["type"] = [_TYPES[one.type], "null"]
    more = {"x-unit": one.unit, "x-source": one.source, "x-indexed": one.indexed, "x-secret": one.secret}
    return schema | {name: value for name, value in more.items() if value}


def _name(type_: str) -> str:
    return f"object_{type_}"


def _to(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def examples_by_type(objects: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the first object of each type."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in objects:
        found.setdefault(str(one.get("type")), one)
    return found
