# SPDX-License-Identifier: Apache-2.0
"""Reads one revision of one environment from MongoDB: current documents first, then past ones.

See ``environment_collections``.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

import bson
from bson.objectid import ObjectId
from pymongo import ASCENDING

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.conditions import after_position, fits, page
from calipso_nornir.store.equality import matches
from calipso_nornir.store.mongo.codec import from_raw, id_of, revision_of
from calipso_nornir.store.mongo.connection import RAW_OPTIONS
from calipso_nornir.store.mongo.environment_collections import GONE, OF, REVISION, UNTIL
from calipso_nornir.store.mongo.query_translation import (
    behind,
    exact,
    filter_of,
    order_of,
    projection,
    references,
    sorted_by_server,
)
from calipso_nornir.store.mongo.redo import Overlay
from calipso_nornir.store.mongo.sorting import first_ids
from calipso_nornir.store.mongo.text_index import BY_REVISION, MongoTextIndex, index_of, read_note
from calipso_nornir.store.ordering import sort_key
from calipso_nornir.store.searching import found
from calipso_nornir.store.selection import UNIQUE
from calipso_nornir.store.text_search import addressed, holding, search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bson.raw_bson import RawBSONDocument
    from pymongo.cursor import Cursor

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.mongo.connection import Riding
    from calipso_nornir.store.mongo.environment_collections import Marker, Places
    from calipso_nornir.store.ordering import SortKey
    from calipso_nornir.store.searching import Needle
    from calipso_nornir.store.selection import Selection
    from calipso_nornir.store.text_search import Index

_CHUNK: Final = 1000
_TRIES: Final = 3
"""How often a search is repeated because the index of texts changed meanwhile."""
_SPOOL_BYTES: Final = 32 << 20


class MongoReader:
    """Answers the selections of a view.

    Args:
        places: the collections of the environment.
        marker: the marker as it was when reading began.
        riding: repeats calls that fail while a replica set has no primary.
        at: an earlier revision to read; None for the newest that the marker names.
    """

    def __init__(self, places: Places, marker: Marker, riding: Riding, *, at: int | None = None) -> None:
        self._places = places
        self._environment = places.environment
        self._has_status = marker.has_status
        self._riding = riding
        self._newest = marker.revision
        self.revision = marker.revision if at is None else at
        self._overlay = Overlay(marker.pending, self.revision)

    # --- what a view asks

    def select(self, selection: Selection) -> Iterator[Document]:
        """Yield the selected documents in their order; they have all been read, but are decoded one by one."""
        kind = selection.kind
        equal = {name: ObjectId(value) if name in references(kind) else value for name, value in selection.equal}
        pending = [
            raw
            for raw in self._overlay.raws(kind)
            if all(matches(from_raw(kind, raw), {name: value}) for name, value in selection.equal)
        ]
        raws = self._riding(lambda: self._ordered(kind, equal, selection.order, pending=pending))
        return (from_raw(kind, raw) for raw in raws)

    def find(self, query: Find) -> Iterator[Document]:
        """Yield the result of a query."""
        if query.kind == "inventory" and (address := addressed(query)):
            result = self._riding(
                lambda: self._looked_up(lambda index, fresh: page(holding(index, fresh, address), query))
            )
            if result is not None:
                return iter(result)
        wanted = filter_of(query)
        after = behind(query) if query.limit is not None and sorted_by_server(query) else None
        if after is not None:
            return iter(self._riding(lambda: self._first(query, wanted, after)))
        if query.limit and query.order:
            first = self._riding(lambda: self._first_of_any_order(query))
            if first is not None:
                return iter(first)
        raws = self._riding(lambda: self._visible(query.kind, wanted, fields=projection(query, OF, REVISION)))
        pending = self._overlay.raws(query.kind)
        return iter(page((from_raw(query.kind, raw) for raw in (*raws, *pending)), query))

    def count(self, query: Find) -> int:
        """Return how many documents meet the conditions of a query; the server counts, if it can."""
        wanted = exact(query)
        counted = None if wanted is None else self._riding(lambda: self._server_count(query.kind, wanted))
        if counted is None:
            return sum(1 for _ in self.find(replace(query, fields=("_id",))))
        pending = (from_raw(query.kind, raw) for raw in self._overlay.raws(query.kind))
        return counted + sum(fits(document, query.where) for document in pending)

    def stream(self, kind: Kind) -> Iterator[Document]:
        """Yield every document of a kind, ordered by ``_id``, from an unnamed temporary file."""
        with SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
            before = self._riding(lambda: self._spooled(kind, spool))
            spool.seek(0)
            for stored in bson.decode_file_iter(spool, codec_options=RAW_OPTIONS):
                document = from_raw(kind, bytes(stored.raw))
                while before and before[-1]["_id"] < document["_id"]:
                    yield before.pop()
                if before and before[-1]["_id"] == document["_id"]:  # restored meanwhile, so they are equal
                    before.pop()
                yield document
            yield from reversed(before)

    def some(self, kind: Kind, document_ids: Iterable[str]) -> Iterator[Document]:
        """Yield those documents of a kind that exist."""
        for ids in chunks(document_ids, _CHUNK):
            wanted = [ObjectId(one) for one in ids]
            pending = [redo.raw for one, redo in self._overlay.ids(kind).items() if redo.raw and one in set(wanted)]
            yield from (from_raw(kind, raw) for raw in pending)
            yield from (from_raw(kind, raw) for raw in self._riding(lambda: self._with_ids(kind, wanted)))  # noqa: B023 - called at once

    def digests(self, kind: Kind) -> dict[str, str]:
        """Return ``_id`` -> digest of every document of a kind."""
        return self._riding(lambda: self._values(kind, "digest"))

    def has_status(self) -> bool:
        """Return whether anything of the environment has a status."""
        return self._has_status

    def count_types(self) -> dict[str, int]:
        """Return the number of objects by type."""
        return self._riding(self._counted)

    def search(self, needle: Needle, *, limit: int) -> list[Document]:
        """Return the objects that match, ordered by type and id."""
        return self._riding(lambda: self._searched(needle, limit))

    def filled(self, kinds: Iterable[Kind]) -> bool:
        """Return whether the environment has anything of these kinds, at the newest revision."""
        return any(self._overlay.raws(kind) or self._riding(lambda: self._any(kind)) for kind in kinds)  # noqa: B023 - called at once

    # --- search

    def _searched(self, needle: Needle, limit: int) -> list[Document]:
        result = self._looked_up(
            lambda index, fresh: search(index, lambda: fresh(needle), needle, limit=limit),
        )
        if result is not None:
            return result
        pending = self._overlay.raws("inventory")
        raws = self._ordered("inventory", {}, ("type", "id"), pending=pending, keep=needle.may_be_in_bson)
        return found(needle, (from_raw("inventory", raw) for raw in raws), limit=limit)

    def _looked_up(
        self, use: Callable[[Index, Callable[[Needle], Iterator[Document]]], list[Document]]
    ) -> list[Document] | None:
        """Use the index of texts; return None if there is none, or it changes all the time."""
        for _ in range(_TRIES):
            note = read_note(self._places)
            if not note.segments or note.upto > self._newest:  # there is none, or it is of another time
                return None
            index = MongoTextIndex(index_of(self._places), note, self._current_with)
            result = use(index, partial(self._fresh, note.upto))
            if read_note(self._places).generation == note.generation:
                return result
        return None

    def _current_with(self, ids: list[ObjectId]) -> list[Document]:
        pending = self._overlay.ids("inventory")
        wanted = {"_id": {"$in": [one for one in ids if one not in pending]}, GONE: {"$exists": False}}
        raws = (bytes(one.raw) for one in self._places.raw(self._places.current("inventory")).find(wanted))
        return [from_raw("inventory", raw) for raw in raws if revision_of(raw) <= self.revision]

    def _fresh(self, covered: int, needle: Needle) -> Iterator[Document]:
        """Yield what may match among objects that the index does not cover: newer ones first, then past ones."""
        pending = self._overlay.ids("inventory")
        newer = {"environment": self._environment, REVISION: {"$gt": covered, "$lte": self.revision}}
        cursor = self._places.raw(self._places.current("inventory")).find(newer).hint(BY_REVISION)
        current = ((one["_id"], bytes(one.raw)) for one in cursor if GONE not in one)
        past = ((one[OF], bytes(one.raw)) for one in self._past("inventory", {}))
        raws = chain(
            self._overlay.raws("inventory"),
            (raw for document_id, raw in chain(current, past) if document_id not in pending),
        )
        return (from_raw("inventory", raw) for raw in raws if needle.may_be_in_bson(raw))

    # --- what is visible

    def _visible(self, kind: Kind, wanted: dict[str, Any], *, fields: dict[str, int] | None = None) -> list[bytes]:
        """Return the documents that match a filter and are valid at the revision, in any order."""
        current, past = self._split(kind, wanted, (), lambda _raw: True, fields)
        return [*current, *past.values()]

    def _ordered(
        self,
        kind: Kind,
        wanted: dict[str, Any],
        order: Sequence[str],
        *,
        pending: Iterable[bytes] = (),
        keep: Callable[[bytes], bool] = lambda _raw: True,
    ) -> list[bytes]:
        """Return the same documents in an order; ``pending`` are matching documents in the marker."""
        raws, past = self._split(kind, wanted, order, keep)

        def key(raw: bytes) -> SortKey:
            return sort_key(from_raw(kind, raw), order)

        for raw in (*past.values(), *filter(keep, pending)):  # few: inserted one by one
            insort(raws, raw, key=key)
        return raws

    def _split(
        self,
        kind: Kind,
        wanted: dict[str, Any],
        order: Sequence[str],
        keep: Callable[[bytes], bool],
        fields: dict[str, int] | None = None,
    ) -> tuple[list[bytes], dict[ObjectId, bytes]]:
        """Return the current documents in the server's order, and past ones that are not among them."""
        cursor = self._places.raw(self._places.current(kind)).find({**self._now(kind), **wanted}, fields)
        if order:
            cursor = _sorted(cursor, [(name, ASCENDING) for name in order])
        pending = self._overlay.ids(kind)
        visible = (raw for one in cursor if revision_of(raw := bytes(one.raw)) <= self.revision and keep(raw))
        current = [raw for raw in visible if id_of(raw) not in pending] if pending else list(visible)
        if len(current) == _named(wanted):  # all that was asked for is there
            return current, {}
        found = {one[OF]: raw for one in self._past(kind, wanted, fields) if keep(raw := bytes(one.raw))}
        past = {one: raw for one, raw in found.items() if one not in pending}
        if past:
            for raw in current:
                past.pop(id_of(raw), None)
        return current, past

    def _past(
        self, kind: Kind, wanted: dict[str, Any], fields: dict[str, int] | None = None
    ) -> Iterable[RawBSONDocument]:
        conditions = dict(wanted)
        if "_id" in conditions:
            conditions[OF] = conditions.pop("_id")
        if "$and" in conditions:
            conditions["$and"] = [
                {OF if name == "_id" else name: v for name, v in one.items()} for one in conditions["$and"]
            ]
        return self._places.raw(self._places.past(kind)).find({**conditions, **self._then()}, fields)

    def _now(self, kind: Kind) -> dict[str, Any]:
        """Return the filter for current documents; for inventory it is the condition of the index of types."""
        there = {UNIQUE[kind][0]: {"$exists": True}} if kind in UNIQUE else {GONE: {"$exists": False}}
        return {"environment": self._environment, **there}

    def _then(self) -> dict[str, Any]:
        return {"environment": self._environment, UNTIL: {"$gt": self.revision}, REVISION: {"$lte": self.revision}}

    # --- one call each

    def _any(self, kind: Kind) -> bool:
        there = {GONE: {"$exists": False}, REVISION: {"$lte": self.revision}, **self._others(kind)}
        return self._places.current(kind).find_one({"environment": self._environment, **there}, {"_id": 1}) is not None

    def _others(self, kind: Kind, name: str = "_id") -> dict[str, Any]:
        """Return the filter for documents without a change in the marker."""
        return {name: {"$not": {"$in": list(ids)}}} if (ids := self._overlay.ids(kind)) else {}

    def _server_count(self, kind: Kind, wanted: dict[str, Any]) -> int | None:
        """Return the number of visible documents that the marker says nothing of; None if some of them are past."""
        now = {**self._now(kind), REVISION: {"$lte": self.revision}, **self._others(kind)}
        found = self._places.current(kind).count_documents({"$and": [now, wanted]})
        then = {**self._then(), **self._others(kind, OF)}
        return None if self._places.past(kind).find_one(then, {"_id": 1}) is not None else found

    def _first(self, query: Find, wanted: dict[str, Any], after: dict[str, Any]) -> list[Document]:
        """Return the first documents of a query; the server sorts them, so that the rest need not be read."""
        fields = projection(query, OF, REVISION)
        both = {"$and": [each for each in (wanted, after) if each]} if wanted or after else {}
        cursor = self._places.raw(self._places.current(query.kind)).find({**self._now(query.kind), **both}, fields)
        pending = self._overlay.ids(query.kind)
        documents: dict[str, Document] = {}
        follows = after_position(query)
        for one in _sorted(cursor, order_of(query)):
            if len(documents) == query.limit:
                break
            raw = bytes(one.raw)
            if id_of(raw) in pending:
                continue
            if revision_of(raw) > self.revision:
                continue
            document = from_raw(query.kind, raw)
            if fits(document, query.where) and follows(document):
                documents[document["_id"]] = document
        cursor.close()
        for one in self._past(query.kind, wanted, fields):
            if one[OF] not in pending:
                document = from_raw(query.kind, bytes(one.raw))
                documents.setdefault(document["_id"], document)
        changed = (from_raw(query.kind, raw) for raw in self._overlay.raws(query.kind))
        return page((*documents.values(), *changed), query)

    def _first_of_any_order(self, query: Find) -> list[Document] | None:
        """Return the first documents of a query that the server sorts by computed keys; None if it cannot."""
        conditions = exact(query)
        if conditions is None:
            return None
        now = {**self._now(query.kind), REVISION: {"$lte": self.revision}, **self._others(query.kind)}
        steps = first_ids(query, {"$and": [now, conditions]})
        if steps is None:
            return None
        keys = list(self._places.current(query.kind).aggregate(steps, allowDiskUse=True))
        if keys and keys[0]["odd"]:
            return None
        fields = projection(query, OF, REVISION)
        ids = {"_id": {"$in": [one["_id"] for one in keys]}}
        current = (bytes(one.raw) for one in self._places.raw(self._places.current(query.kind)).find(ids, fields))
        there = (from_raw(query.kind, raw) for raw in current if revision_of(raw) <= self.revision)
        documents = {one["_id"]: one for one in there}
        pending = self._overlay.ids(query.kind)
        for one in self._past(query.kind, filter_of(query), fields):
            if one[OF] not in pending:
                document = from_raw(query.kind, bytes(one.raw))
                documents.setdefault(document["_id"], document)
        changed = (from_raw(query.kind, raw) for raw in self._overlay.raws(query.kind))
        return page((*documents.values(), *changed), query)

    def _with_ids(self, kind: Kind, wanted: list[ObjectId]) -> list[bytes]:
        return self._visible(kind, {"_id": {"$in": wanted}})

    def _spooled(self, kind: Kind, spool: SpooledTemporaryFile[bytes]) -> list[Document]:
        """Write current documents to a file; return those that are past or in the marker, the last one first."""
        pending = self._overlay.ids(kind)
        spool.seek(0)
        spool.truncate()
        cursor = self._places.raw(self._places.current(kind)).find(self._now(kind)).sort("_id", 1)
        for one in cursor:
            raw = bytes(one.raw)
            if revision_of(raw) <= self.revision and id_of(raw) not in pending:
                spool.write(raw)
        past = [bytes(one.raw) for one in self._past(kind, {}) if one[OF] not in pending]
        documents = (from_raw(kind, raw) for raw in (*past, *self._overlay.raws(kind)))
        return sorted({one["_id"]: one for one in documents}.values(), key=lambda one: str(one["_id"]), reverse=True)

    def _values(self, kind: Kind, field: str) -> dict[str, str]:
        """Return ``_id`` -> value of a text field, for every document of a kind."""
        current = self._places.current(kind).find(self._now(kind), {field: 1, REVISION: 1})
        known = {str(one["_id"]): one[field] for one in current if one[REVISION] <= self.revision}
        for one in self._places.past(kind).find(self._then(), {field: 1, OF: 1}):
            known.setdefault(str(one[OF]), one[field])
        for document_id in self._overlay.ids(kind):
            known.pop(str(document_id), None)
        return known | {str(id_of(raw)): from_raw(kind, raw)[field] for raw in self._overlay.raws(kind)}

    def _counted(self) -> dict[str, int]:
        steps: list[dict[str, Any]] = [
            {"$match": {**self._now("inventory"), REVISION: {"$lte": self.revision}, **self._others("inventory")}},
            {"$group": {"_id": "$type", "count": {"$sum": 1}}},
        ]
        collection = self._places.current("inventory")
        counts = Counter({group["_id"]: group["count"] for group in collection.aggregate(steps)})
        then = {**self._then(), **self._others("inventory", OF)}
        if self._places.past("inventory").find_one(then, {"_id": 1}) is not None:
            return dict(Counter(self._values("inventory", "type").values()))
        counts.update(from_raw("inventory", raw)["type"] for raw in self._overlay.raws("inventory"))
        return dict(counts)


def _named(wanted: Mapping[str, Any]) -> int | None:
    """Return how many documents a filter names by their ``_id``; None if it does not."""
    conditions = wanted["$and"] if wanted.keys() == {"$and"} else [wanted]
    for one in conditions:
        match one.get("_id"):
            case ObjectId():
                return 1
            case {"$in": ids}:
                return len(set(ids))
    return None


def _sorted(cursor: Cursor[RawBSONDocument], order: Sequence[tuple[str, int]]) -> Cursor[RawBSONDocument]:
    if not order:
        return cursor
    return cursor.sort(list(order)).allow_disk_use(True)  # noqa: FBT003 - pymongo's
