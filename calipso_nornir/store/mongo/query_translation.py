# SPDX-License-Identifier: Apache-2.0
"""A query as a MongoDB filter. It may match too much, never too little; ``query_matching`` removes the surplus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId
from pymongo import ASCENDING, DESCENDING

from calipso_nornir.model.finding import Equal, Holds, HoldsAny, OneOf, Prefix, Range
from calipso_nornir.store.document_check import REFERENCE_LISTS, REFERENCES, TEXTS
from calipso_nornir.store.keys import escape
from calipso_nornir.store.ordering import deciding, directions, fields_of
from calipso_nornir.store.selection import UNIQUE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.finding import Condition, Find
    from calipso_nornir.model.stores import Kind


_BIGGEST: Final = 2**63 - 1
"""BSON integers have at most 64 bits; larger ones are stored in another form."""


def filter_of(query: Find) -> dict[str, Any]:
    """Return the filter for the conditions of a query."""
    return {"$and": found} if (found := [one for each in query.where if (one := _of(query.kind, each))]) else {}


def sorted_by_server(query: Find) -> bool:
    """Return whether the server sorts these fields as ``ordering.rank`` does: texts and references."""
    return {"_id", *TEXTS[query.kind], *REFERENCES[query.kind]}.issuperset(fields_of(query.order))


def order_of(query: Find) -> list[tuple[str, int]]:
    """Return the order for the server: without fields that do not affect it, so that an index can be used."""
    order = deciding(query, UNIQUE.get(query.kind, ()))
    return [(one.field, DESCENDING if one.falling else ASCENDING) for one in order]


def behind(query: Find) -> dict[str, Any] | None:
    """Return the filter for what comes after the last document of the previous page; it may match that document, too.

    None if the server cannot decide it.
    """
    if query.after is None:
        return {}
    last = dict(zip((*fields_of(query.order), "_id"), query.after, strict=True))
    if not _texts(last.values()):
        return None
    known = references(query.kind)
    if not all(ObjectId.is_valid(value) for name, value in last.items() if name in known):
        return None
    stored = {name: ObjectId(value) if name in known else value for name, value in last.items()}
    order = deciding(query, UNIQUE.get(query.kind, ()))
    if any(one.value != last.get(one.field, one.value) for one in query.where if isinstance(one, Equal)):
        order = directions(query.order)  # ``after`` belongs to another query
    ways: list[dict[str, Any]] = []
    for n, one in enumerate(order):
        same = {before.field: stored[before.field] for before in order[:n]}
        ways.append({**same, one.field: {"$lt" if one.falling else "$gt": stored[one.field]}})
    if "_id" not in {one.field for one in order}:  # among documents with equal fields, the _id decides
        ways.append({one.field: stored[one.field] for one in order})
    if not order:  # at most one document matches
        return {}
    first = order[0]
    bound = {first.field: {"$lte" if first.falling else "$gte": stored[first.field]}}  # for an index
    return {"$and": [bound, {"$or": ways}]}


def projection(query: Find, *own: str) -> dict[str, int] | None:
    """Return the fields that the server should return of each document; None for all of them."""
    if not query.fields:
        return None
    needed = (*query.fields, *fields_of(query.order), *(one.field for one in query.where))
    return dict.fromkeys(("_id", *map(escape, needed), *own), 1)


def exact(query: Find) -> dict[str, Any] | None:
    """Return the filter that matches exactly what the conditions match; None if there is no such filter."""
    found: list[dict[str, Any]] = []
    for condition in query.where:
        one = _of(query.kind, condition)
        if not one or isinstance(condition, (Holds, HoldsAny)) or condition == Range(condition.field):
            return None
        found.append(one)
        # The server would also match a list that contains the value.
        if condition.field not in {*references(query.kind), *TEXTS[query.kind]}:
            found.append({escape(condition.field): {"$not": {"$type": "array"}}})
    return {"$and": found} if found else {}


def references(kind: Kind) -> tuple[str, ...]:
    """Return the fields that hold references, which are stored as ObjectIds."""
    return ("_id", *REFERENCES[kind])


def _of(kind: Kind, condition: Condition) -> dict[str, Any]:  # noqa: PLR0911 - one for each type of condition
    field = condition.field
    if field in references(kind):
        return _reference(condition)
    name = escape(field)
    match condition:
        case Equal(_, str() | bool() | int() as value) if isinstance(value, str) or abs(value) <= _BIGGEST:
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
    """Return the ObjectId of a reference; None, which matches no document, if it is not one."""
    return ObjectId(value) if isinstance(value, str) and ObjectId.is_valid(value) else None


def _texts(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
