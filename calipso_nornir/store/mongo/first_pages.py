# SPDX-License-Identifier: Apache-2.0
"""Reads the first documents of a query at one revision: the server sorts the current ones, so few are transferred."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from calipso_nornir.store.mongo.batches import raws
from calipso_nornir.store.mongo.codec import from_raws, revision_of
from calipso_nornir.store.mongo.environment_collections import OF, REVISION
from calipso_nornir.store.mongo.query_translation import exact, filter_of, order_of, projection
from calipso_nornir.store.mongo.sorting import first_ids
from calipso_nornir.store.query_matching import after_position, meeting, page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.visible import Visible


def first(visible: Visible, query: Find, wanted: dict[str, Any], after: dict[str, Any]) -> list[Document]:
    """Return the first documents of a query that the server sorts by fields."""
    fields = projection(query, OF, REVISION)
    both = {"$and": [each for each in (wanted, after) if each]} if wanted or after else {}
    found = _current(visible, query, both, fields) if query.limit else []
    others = _others(visible, query, wanted, fields)
    return _merged(query, found, others) if others else found


def first_of_any_order(visible: Visible, query: Find) -> list[Document] | None:
    """Return the first documents of a query that the server sorts by computed keys; None if it cannot."""
    conditions = exact(query)
    if conditions is None:
        return None
    now = visible.settled(query.kind)
    steps = first_ids(query, {"$and": [now, conditions]})
    if steps is None:
        return None
    keys = list(visible.places.current(query.kind).aggregate(steps, allowDiskUse=True))
    if keys and keys[0]["odd"]:
        return None
    fields = projection(query, OF, REVISION)
    ids = {"_id": {"$in": [one["_id"] for one in keys]}}
    current = raws(visible.places.current(query.kind), ids, fields, at_once=len(keys))
    there = (raw for raw in current if revision_of(raw) <= visible.revision)
    others = _others(visible, query, filter_of(query), fields)
    return _merged(query, from_raws(query.kind, there), others)


def _current(visible: Visible, query: Find, wanted: dict[str, Any], fields: dict[str, int] | None) -> list[Document]:
    """Return the first current documents of a query, as many as its limit says, in the server's order."""
    meets, follows, most = meeting(query.where), after_position(query), query.limit or 0
    read = partial(
        raws, visible.places.current(query.kind), {**visible.now(query.kind), **wanted}, fields, order=order_of(query)
    )

    def fitting(some: Iterable[bytes]) -> Iterator[Document]:
        documents = from_raws(query.kind, visible.settled_of(query.kind, some))
        return (one for one in documents if meets(one) and follows(one))

    some = list(read(limit=most))
    found = list(fitting(some))
    if len(found) == len(some) or len(some) < most:
        return found
    return list(islice(fitting(read()), most))  # some do not count, so further ones do


def _others(visible: Visible, query: Find, wanted: dict[str, Any], fields: dict[str, int] | None) -> list[Document]:
    """Return past documents that may fit, and the changed ones in the marker."""
    pending = visible.overlay.ids(query.kind)
    past = (bytes(one.raw) for one in visible.past(query.kind, wanted, fields) if one[OF] not in pending)
    return list(from_raws(query.kind, (*past, *visible.overlay.raws(query.kind))))


def _merged(query: Find, current: Iterable[Document], others: Iterable[Document]) -> list[Document]:
    """Return the first documents of a query; of a document that is current and past, the current one counts."""
    documents = {one["_id"]: one for one in others}
    documents.update((one["_id"], one) for one in current)
    return page(documents.values(), query)
