# SPDX-License-Identifier: Apache-2.0
"""Lists of plain documents by index in MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, DESCENDING

if TYPE_CHECKING:
    from calipso_nornir.store.listing import Listing
    from calipso_nornir.store.mongo.connection import RawCollection

_NO_TEXT: Final = (
    *("double", "int", "long", "decimal", "object", "binData", "objectId", "bool", "date", "regex"),
    *("timestamp", "minKey", "maxKey"),
)
"""Types of BSON that are neither text nor null; without "array", because an index holds the members of a list."""


def list_filter(one: Listing) -> tuple[list[dict[str, Any]], list[tuple[str, int]]]:
    """Return the conditions of a list besides those on the first fields of the index, and its order."""
    way = DESCENDING if one.falling else ASCENDING
    bounds = [{"$gte": at_least, "$lt": below} for at_least, below in one.bounds]
    found: list[dict[str, Any]] = [
        {one.field: {name: value for name, value in bound.items() if value is not None}}
        for bound in bounds
        if set(bound.values()) != {None}
    ]
    if one.after is not None:
        value, key = one.after
        beyond = "$lt" if one.falling else "$gt"
        found += [{one.field: {f"{beyond}e": value}}, {"$or": [{one.field: {beyond: value}}, {"key": {beyond: key}}]}]
    return found, [(one.field, way), ("key", way)]


def holds_odd(documents: RawCollection, one: Listing) -> bool:
    """Return whether any document has something other than a text in the field to sort by; one index range per type."""
    base = dict(one.equal)
    ways: tuple[Any, ...] = (None, {"$type": list(_NO_TEXT)})
    return any(documents.find_one({**base, one.field: way}, {"_id": 1}) is not None for way in ways)
