# SPDX-License-Identifier: Apache-2.0
"""The order of documents: one rule for every store.

An order is a list of fields; ``-name`` means descending. Among equal documents, the ``_id`` decides.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import total_ordering
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from calipso_nornir.model.finding import Equal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document

SortKey: TypeAlias = tuple[Any, ...]

_FALLING: Final = "-"


class Direction(NamedTuple):
    """One field of an order."""

    field: str
    falling: bool


def directions(order: Sequence[str], last: str = "_id") -> list[Direction]:
    """Return the fields of an order, followed by the field ``last``; each field once."""
    read = (Direction(name.removeprefix(_FALLING), name.startswith(_FALLING)) for name in (*order, last))
    found: dict[str, Direction] = {}
    for one in read:
        found.setdefault(one.field, one)
    return list(found.values())


def deciding(query: Find, unique: Sequence[str]) -> list[Direction]:
    """Return the fields that decide the order of a query's documents.

    A field that has the same value in all of them does not, nor does a field after those that identify a document.

    Args:
        query: the query.
        unique: fields that together identify a document, as ``_id`` does.
    """
    known = {one.field for one in query.where if isinstance(one, Equal) and isinstance(one.value, str)}
    found: list[Direction] = []
    for one in directions(query.order):
        if one.field not in known:
            found.append(one)
            known.add(one.field)
        if one.field == "_id" or (unique and known.issuperset(unique)):
            break
    return found


def fields_of(order: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the fields of an order, as a cursor has their values."""
    return tuple(name.removeprefix(_FALLING) for name in order)


def sort_key(document: Document, order: Sequence[str], last: str = "_id") -> SortKey:
    """Return the sort key of a document."""
    return key_of_values([document.get(name) for name in (*fields_of(order), last)], order)


def key_of_values(values: Sequence[Any], order: Sequence[str]) -> SortKey:
    """Return the sort key for the values of an order's fields and of the field ``last``."""
    ranks = map(rank, values)
    falling = [name.startswith(_FALLING) for name in (*order, "")]
    return tuple(_Falling(one) if down else one for one, down in zip(ranks, falling, strict=True))


def place(document: Document, key: str, order: Sequence[str]) -> SortKey:
    """Return the sort key of a plain document; its key decides at last, in the direction of the last field."""
    return place_of([*(document.get(name) for name in fields_of(order)), key], order)


def place_of(values: Sequence[Any], order: Sequence[str]) -> SortKey:
    """Return the sort key of the values of an order's fields, and of a plain document's key."""
    falling = [name.startswith(_FALLING) for name in (*order, order[-1] if order else "")]
    return tuple(_Falling(rank(one)) if down else rank(one) for one, down in zip(values, falling, strict=True))


def rank(value: Any) -> SortKey:  # noqa: ANN401 - any value, one line for each sort of it
    """Return the sort key of a value: null, booleans, numbers, texts, times, then everything else by its JSON text."""
    match value:
        case None:
            return (0,)
        case bool():
            return (1, value)
        case int() | float():
            return (2, value) if value == value else (2, float("-inf"))  # noqa: PLR0124 - NaN is less than any number
        case str():
            return (3, value)
        case datetime():
            return (4, value)
    return (5, json.dumps(value, sort_keys=True, default=str))


@total_ordering
class _Falling:
    """A sort key in descending order."""

    __slots__ = ("key",)

    def __init__(self, key: SortKey) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Falling) and self.key == other.key

    def __lt__(self, other: _Falling) -> bool:
        return other.key < self.key

    def __hash__(self) -> int:
        return hash(self.key)
