# SPDX-License-Identifier: Apache-2.0
"""Sorts by any fields on the server, as ``ordering.rank`` does, and returns the ``_id`` of the first few documents.

The server compares values of one type as Python does, but it orders the types in another way, and lists by a member.
So it sorts by the rank of the type, then by the value. A document with a value that only Python can rank (a list, a
mapping, NaN, an integer beyond 64 bits) comes first, as ``odd``, and the caller then sorts in Python.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId

from calipso_nornir.store.mongo.query_translation import references
from calipso_nornir.store.ordering import directions, fields_of, rank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.finding import Find
    from calipso_nornir.store.ordering import Direction

_PLAIN: Final = re.compile(r"\w+", re.ASCII)
_RANKS: Final = (
    (("missing", "null", "undefined"), 0),
    (("bool",), 1),
    (("int", "long", "double"), 2),
    (("string", "objectId"), 3),
    (("date",), 4),
)
_OTHER: Final = 5


def first_ids(query: Find, match: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return the pipeline that gives ``_id`` and ``odd`` of the first documents of a query; None if there is none.

    Args:
        query: with a limit; its conditions are in ``match``.
        match: the filter for visible documents that meet the conditions.
    """
    order = directions(query.order)
    if not all(_PLAIN.fullmatch(one.field) for one in order):
        return None
    behind: dict[str, Any] = {}
    if query.after is not None:
        position = _position(query, order)
        if position is None:
            return None
        behind = {"$or": [*_behind(order, position), {"odd": True}]}
    return [
        {"$match": dict(match)},
        {"$project": {f"r{n}": _rank(one.field) for n, one in enumerate(order)} | {one.field: 1 for one in order}},
        {"$project": {"odd": _odd(order)} | _keys(order)},
        *([{"$match": behind}] if behind else []),
        {"$sort": {"odd": -1} | _sorting(order)},
        {"$limit": query.limit},
        {"$project": {"odd": 1}},
    ]


def _rank(field: str) -> dict[str, Any]:
    kind = {"$type": f"${field}"}
    branches = [{"case": {"$in": [kind, list(names)]}, "then": number} for names, number in _RANKS]
    return {"$switch": {"branches": branches, "default": _OTHER}}


def _odd(order: Sequence[Direction]) -> dict[str, Any]:
    return {
        "$or": [
            one
            for n, each in enumerate(order)
            for one in ({"$eq": [f"$r{n}", _OTHER]}, {"$eq": [f"${each.field}", math.nan]})
        ]
    }


def _keys(order: Sequence[Direction]) -> dict[str, Any]:
    """Return the keys of each field: its rank, and its value where that counts."""
    keys: dict[str, Any] = {}
    for n, one in enumerate(order):
        keys[f"r{n}"] = 1
        keys[f"v{n}"] = {"$cond": [{"$in": [f"$r{n}", [0, _OTHER]]}, None, f"${one.field}"]}
    return keys


def _sorting(order: Sequence[Direction]) -> dict[str, int]:
    return {f"{key}{n}": -1 if one.falling else 1 for n, one in enumerate(order) for key in "rv"}


def _position(query: Find, order: Sequence[Direction]) -> list[tuple[int, Any]] | None:
    """Return rank and value of each field of the last document; None if the server cannot compare one of them."""
    last = dict(zip((*fields_of(query.order), "_id"), query.after or (), strict=True))
    known = references(query.kind)
    found: list[tuple[int, Any]] = []
    for one in order:
        value = last[one.field]
        number = rank(value)[0]
        if one.field in known:
            if not isinstance(value, str) or not ObjectId.is_valid(value):
                return None
            value = ObjectId(value)
        if number == _OTHER or value != value or (isinstance(value, int) and abs(value) >= 2**63):  # noqa: PLR0124 - NaN
            return None
        found.append((number, value))
    return found


def _behind(order: Sequence[Direction], position: Sequence[tuple[int, Any]]) -> list[dict[str, Any]]:
    ways: list[dict[str, Any]] = []
    same: dict[str, Any] = {}
    for n, (one, (number, value)) in enumerate(zip(order, position, strict=True)):
        beyond = "$lt" if one.falling else "$gt"
        ways += [{**same, f"r{n}": {beyond: number}}, {**same, f"r{n}": number, f"v{n}": {beyond: value}}]
        same |= {f"r{n}": number, f"v{n}": value}
    return ways
