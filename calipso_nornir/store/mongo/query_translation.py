# SPDX-License-Identifier: Apache-2.0
"""A query as a MongoDB filter, which may match too much but never too little; ``conditions`` removes the surplus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bson.objectid import ObjectId

from calipso_nornir.model.finding import Equal, Holds, HoldsAny, OneOf, Prefix, Range
from calipso_nornir.store.checking import REFERENCE_LISTS, REFERENCES, TEXTS
from calipso_nornir.store.keys import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.finding import Condition, Find
    from calipso_nornir.model.protocols import Kind


def filter_of(query: Find) -> dict[str, Any]:
    """Return the filter for the conditions of a query."""
    return {"$and": found} if (found := [one for each in query.where if (one := _of(query.kind, each))]) else {}


def sorted_by_server(query: Find) -> bool:
    """Return whether the server sorts these fields as ``conditions.rank`` does: texts and references."""
    return {"_id", *TEXTS[query.kind], *REFERENCES[query.kind]}.issuperset(query.order)


def references(kind: Kind) -> tuple[str, ...]:
    """Return the fields that hold references, which are stored as ObjectIds."""
    return ("_id", *REFERENCES[kind])


def _of(kind: Kind, condition: Condition) -> dict[str, Any]:  # noqa: PLR0911 - one for each sort of condition
    field = condition.field
    if field in references(kind):
        return _reference(condition)
    name = escape(field)
    match condition:
        case Equal(_, str() as value):
            return {name: value}
        case OneOf(_, values) if _texts(values):
            return {name: {"$in": list(values)}}
        case Prefix(_, text) if "\0" not in text:
            return {name: {"$regex": f"^{re.escape(text)}"}}
        case Range(_, at_least, below) if _texts(one for one in (at_least, below) if one is not None):
            bounds = {"$gte": at_least, "$lt": below}
            return {name: {key: value for key, value in bounds.items() if value is not None} or {"$exists": True}}
        case Holds(_, value):
            return _holding(kind, field, (value,))
        case HoldsAny(_, values):
            return _holding(kind, field, values)
    return {}


def _reference(condition: Condition) -> dict[str, Any]:
    match condition:
        case Equal(field, value):
            return {field: _id(value)}
        case OneOf(field, values):
            return {field: {"$in": [_id(value) for value in values]}}
    return {}


def _holding(kind: Kind, field: str, values: tuple[Any, ...]) -> dict[str, Any]:
    if field in REFERENCE_LISTS[kind]:
        return {field: {"$in": [_id(value) for value in values]}}
    if _texts(values):
        return {escape(field): {"$in": list(values)}}
    if len(values) == 1 and isinstance(values[0], dict) and values[0] and _texts(values[0].values()):
        return {escape(field): {"$elemMatch": {escape(key): value for key, value in values[0].items()}}}
    return {}


def _id(value: Any) -> ObjectId | None:  # noqa: ANN401 - any value
    """Return the ObjectId of a reference; what is none, no document has."""
    return ObjectId(value) if isinstance(value, str) and ObjectId.is_valid(value) else None


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
