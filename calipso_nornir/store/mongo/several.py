# SPDX-License-Identifier: Apache-2.0
"""Reads plain documents of several collections in one round trip, by their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.store.mongo.codec import plain_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.connection import PlainDatabase


def several(database: PlainDatabase, wanted: Sequence[tuple[str, str]]) -> list[Document | None]:
    """Return the documents with these keys, each in a collection; None where there is none."""
    if not wanted:
        return []
    (first, key), *others = wanted
    steps = _steps(0, key)
    for number, (name, other) in enumerate(others, 1):
        steps.append({"$unionWith": {"coll": name, "pipeline": _steps(number, other)}})
    found = {one["number"]: plain_of(one["found"]) for one in database[first].aggregate(steps)}
    return [found.get(number) for number in range(len(wanted))]


def _steps(number: int, key: str) -> list[dict[str, Any]]:
    return [{"$match": {"key": key}}, {"$project": {"_id": 0, "number": {"$literal": number}, "found": "$$ROOT"}}]
