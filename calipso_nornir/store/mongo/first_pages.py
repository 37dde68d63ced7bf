# SPDX-License-Identifier: Apache-2.0
"""Reads the first documents of a query at one revision: the server sorts the current ones, so few are transferred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.store.mongo.codec import from_raw, id_of, revision_of
from calipso_nornir.store.mongo.environment_collections import OF, REVISION
from calipso_nornir.store.mongo.query_translation import exact, filter_of, order_of, projection
from calipso_nornir.store.mongo.sorting import first_ids
from calipso_nornir.store.mongo.visible import sorted_cursor
from calipso_nornir.store.query_matching import after_position, fits, page

if TYPE_CHECKING:
    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.visible import Visible


def first(visible: Visible, query: Find, wanted: dict[str, Any], after: dict[str, Any]) -> list[Document]:
    """Return the first documents of a query that the server sorts by fields."""
    fields = projection(query, OF, REVISION)
    both = {"$and": [each for each in (wanted, after) if each]} if wanted or after else {}
    cursor = visible.current(query.kind).find({**visible.now(query.kind), **both}, fields)
    pending = visible.overlay.ids(query.kind)
    documents: dict[str, Document] = {}
    follows = after_position(query)
    for one in sorted_cursor(cursor, order_of(query)):
        if len(documents) == query.limit:
            break
        raw = bytes(one.raw)
        if id_of(raw) in pending:
            continue
        if revision_of(raw) > visible.revision:
            continue
        document = from_raw(query.kind, raw)
        if fits(document, query.where) and follows(document):
            documents[document["_id"]] = document
    cursor.close()
    return _with_others(visible, query, wanted, documents, fields)


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
    current = (bytes(one.raw) for one in visible.current(query.kind).find(ids, fields))
    there = (from_raw(query.kind, raw) for raw in current if revision_of(raw) <= visible.revision)
    documents = {one["_id"]: one for one in there}
    return _with_others(visible, query, filter_of(query), documents, fields)


def _with_others(
    visible: Visible,
    query: Find,
    wanted: dict[str, Any],
    documents: dict[str, Document],
    fields: dict[str, int] | None,
) -> list[Document]:
    """Return the first documents of a query, merged from current documents, past ones and those in the marker."""
    pending = visible.overlay.ids(query.kind)
    for one in visible.past(query.kind, wanted, fields):
        if one[OF] not in pending:
            document = from_raw(query.kind, bytes(one.raw))
            documents.setdefault(document["_id"], document)
    changed = (from_raw(query.kind, raw) for raw in visible.overlay.raws(query.kind))
    return page((*documents.values(), *changed), query)
