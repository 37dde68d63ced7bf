# SPDX-License-Identifier: Apache-2.0
"""Reads the first documents of a query at one revision: the server sorts the current ones, so few are transferred."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from calipso_nornir.store.mongo.batches import raws
from calipso_nornir.store.mongo.codec import from_raws
from calipso_nornir.store.mongo.environment_collections import OF, REVISION
from calipso_nornir.store.mongo.few import few
from calipso_nornir.store.mongo.query_translation import exact, filter_of, order_of, projection
from calipso_nornir.store.mongo.sorting import first_ids
from calipso_nornir.store.query_matching import after_position, meeting, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.visible import Visible


def first(visible: Visible, query: Find, wanted: dict[str, Any], after: dict[str, Any]) -> list[Document]:
    """Return the first documents of a query that the server sorts by fields."""
    if not query.limit:
        return []
    fields = projection(query, OF, REVISION)
    both = {"$and": [each for each in (wanted, after) if each]} if wanted or after else {}
    some = few(visible, query.kind, both, fields, order=order_of(query), limit=query.limit, past=wanted)
    fits = _fitting(query)
    if some is not None:
        found = list(filter(fits, some.current))
        if len(found) == some.read or some.read < query.limit:
            others = [*some.past, *_changed(visible, query)]
            return _merged(query, found, others) if others else found
    # some do not count, so further ones do
    read = raws(visible.places.current(query.kind), {**visible.now(query.kind), **both}, fields, order=order_of(query))
    current = filter(fits, from_raws(query.kind, visible.settled_of(query.kind, read)))
    found = list(islice(current, query.limit))
    pending = visible.overlay.ids(query.kind)
    past = (bytes(one.raw) for one in visible.past(query.kind, wanted, fields) if one[OF] not in pending)
    return _merged(query, found, [*from_raws(query.kind, past), *_changed(visible, query)])


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
    ids = {"_id": {"$in": [one["_id"] for one in keys]}}
    some = few(visible, query.kind, ids, projection(query, OF, REVISION), past=filter_of(query))
    return None if some is None else _merged(query, some.current, [*some.past, *_changed(visible, query)])


def of_any_order(visible: Visible, query: Find) -> list[Document] | None:
    """Return the documents of a query that are sorted here; None if they are many."""
    some = few(visible, query.kind, filter_of(query), projection(query, OF, REVISION))
    return None if some is None else _merged(query, some.current, [*some.past, *_changed(visible, query)])


def _fitting(query: Find) -> Callable[[Document], bool]:
    meets, follows = meeting(query.where), after_position(query)
    return lambda document: meets(document) and follows(document)


def _changed(visible: Visible, query: Find) -> list[Document]:
    return list(from_raws(query.kind, visible.overlay.raws(query.kind)))


def _merged(query: Find, current: Iterable[Document], others: Iterable[Document]) -> list[Document]:
    """Return the first documents of a query; of a document that is current and past, the current one counts."""
    documents = {one["_id"]: one for one in others}
    documents.update((one["_id"], one) for one in current)
    return page(documents.values(), query)
