# SPDX-License-Identifier: Apache-2.0
"""Reads one revision of one environment from MongoDB: current documents first, then past ones.

See ``environment_collections``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

import bson
from bson.objectid import ObjectId

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.equality import matches
from calipso_nornir.store.mongo.codec import from_raw, from_raws, id_of, revision_of
from calipso_nornir.store.mongo.connection import RAW_OPTIONS
from calipso_nornir.store.mongo.environment_collections import GONE, OF, REVISION
from calipso_nornir.store.mongo.first_pages import first, first_of_any_order, of_any_order
from calipso_nornir.store.mongo.query_translation import (
    behind,
    exact,
    filter_of,
    projection,
    references,
    sorted_by_server,
)
from calipso_nornir.store.mongo.text_reading import Texts
from calipso_nornir.store.mongo.visible import Visible
from calipso_nornir.store.query_matching import fits, page
from calipso_nornir.store.text_search import addressed, holding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.mongo.connection import Riding
    from calipso_nornir.store.mongo.environment_collections import Marker, Places
    from calipso_nornir.store.searching import Needle, SearchPlace
    from calipso_nornir.store.selection import Selection

_CHUNK: Final = 1000
_TRIES: Final = 3
"""How many times a search is repeated if the text index changes meanwhile."""
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
        self._visible = Visible(places, marker, at=at)
        self._texts = Texts(self._visible)
        self._has_status = marker.has_status
        self._riding = riding
        self.revision = self._visible.revision

    # --- the queries of a view

    def select(self, selection: Selection) -> Iterator[Document]:
        """Yield the selected documents in their order. All are read first, but decoded little by little."""
        kind = selection.kind
        equal = {name: ObjectId(value) if name in references(kind) else value for name, value in selection.equal}
        pending = [
            raw
            for raw in self._visible.overlay.raws(kind)
            if all(matches(from_raw(kind, raw), {name: value}) for name, value in selection.equal)
        ]
        raws = self._riding(lambda: self._visible.ordered(kind, equal, selection.order, pending=pending))
        return from_raws(kind, raws)

    def find(self, query: Find) -> Iterator[Document]:
        """Yield the result of a query."""
        if query.kind == "status" and not self._has_status:
            return iter(())
        if query.kind == "inventory" and (address := addressed(query)):
            result = self._riding(
                lambda: self._texts.looked_up(lambda index, fresh: page(holding(index, fresh, address), query))
            )
            if result is not None:
                return iter(result)
        wanted = filter_of(query)
        after = behind(query) if query.limit is not None and sorted_by_server(query) else None
        if after is not None:
            return iter(self._riding(lambda: first(self._visible, query, wanted, after)))
        if query.limit and query.order:
            found = self._riding(lambda: first_of_any_order(self._visible, query))
            if found is not None:
                return iter(found)
        few = self._riding(lambda: of_any_order(self._visible, query))
        if few is not None:
            return iter(few)
        raws = self._riding(lambda: self._visible.of(query.kind, wanted, fields=projection(query, OF, REVISION)))
        pending = self._visible.overlay.raws(query.kind)
        return iter(page(from_raws(query.kind, (*raws, *pending)), query))

    def count(self, query: Find) -> int:
        """Return how many documents meet the conditions of a query; the server counts, if it can."""
        wanted = exact(query)
        counted = None if wanted is None else self._riding(lambda: self._server_count(query.kind, wanted))
        if counted is None:
            return sum(1 for _ in self.find(replace(query, fields=("_id",))))
        pending = (from_raw(query.kind, raw) for raw in self._visible.overlay.raws(query.kind))
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
            pending = [
                redo.raw for one, redo in self._visible.overlay.ids(kind).items() if redo.raw and one in set(wanted)
            ]
            yield from from_raws(kind, pending)
            yield from from_raws(kind, self._riding(lambda: self._with_ids(kind, wanted)))  # noqa: B023 - called at once

    def digests(self, kind: Kind) -> dict[str, str]:
        """Return ``_id`` -> digest of every document of a kind."""
        return self._riding(lambda: self._values(kind, "digest"))

    def has_status(self) -> bool:
        """Return whether anything of the environment has a status."""
        return self._has_status

    def count_types(self) -> dict[str, int]:
        """Return the number of objects by type."""
        return self._riding(self._counted)

    def search(self, needle: Needle, *, limit: int, after: SearchPlace | None = None) -> list[Document]:
        """Return the objects that match, ordered by type and id."""
        return self._riding(lambda: self._texts.search(needle, limit, after))

    def filled(self, kinds: Iterable[Kind]) -> bool:
        """Return whether the environment has anything of these kinds, at the newest revision."""
        return any(self._visible.overlay.raws(kind) or self._riding(lambda: self._any(kind)) for kind in kinds)  # noqa: B023 - called at once

    # --- one call each

    def _any(self, kind: Kind) -> bool:
        seen = self._visible
        there = {GONE: {"$exists": False}, REVISION: {"$lte": seen.revision}, **seen.others(kind)}
        return seen.places.current(kind).find_one({"environment": seen.environment, **there}, {"_id": 1}) is not None

    def _server_count(self, kind: Kind, wanted: dict[str, Any]) -> int | None:
        """Return the number of visible documents without a change in the marker; None if some of them are past."""
        now = self._visible.settled(kind)
        found = self._visible.places.current(kind).count_documents({"$and": [now, wanted]})
        then = {**self._visible.then(), **self._visible.others(kind, OF)}
        return None if self._visible.places.past(kind).find_one(then, {"_id": 1}) is not None else found

    def _with_ids(self, kind: Kind, wanted: list[ObjectId]) -> list[bytes]:
        return self._visible.of(kind, {"_id": {"$in": wanted}})

    def _spooled(self, kind: Kind, spool: SpooledTemporaryFile[bytes]) -> list[Document]:
        """Write current documents to a file; return those that are past or in the marker, the last one first."""
        pending = self._visible.overlay.ids(kind)
        spool.seek(0)
        spool.truncate()
        cursor = self._visible.current(kind).find(self._visible.now(kind)).sort("_id", 1)
        for one in cursor:
            raw = bytes(one.raw)
            if revision_of(raw) <= self.revision and id_of(raw) not in pending:
                spool.write(raw)
        past = [bytes(one.raw) for one in self._visible.past(kind, {}) if one[OF] not in pending]
        documents = (from_raw(kind, raw) for raw in (*past, *self._visible.overlay.raws(kind)))
        return sorted({one["_id"]: one for one in documents}.values(), key=lambda one: str(one["_id"]), reverse=True)

    def _values(self, kind: Kind, field: str) -> dict[str, str]:
        """Return ``_id`` -> value of a text field, for every document of a kind."""
        current = self._visible.places.current(kind).find(self._visible.now(kind), {field: 1, REVISION: 1})
        known = {str(one["_id"]): one[field] for one in current if one[REVISION] <= self.revision}
        for one in self._visible.places.past(kind).find(self._visible.then(), {field: 1, OF: 1}):
            known.setdefault(str(one[OF]), one[field])
        for document_id in self._visible.overlay.ids(kind):
            known.pop(str(document_id), None)
        return known | {str(id_of(raw)): from_raw(kind, raw)[field] for raw in self._visible.overlay.raws(kind)}

    def _counted(self) -> dict[str, int]:
        steps: list[dict[str, Any]] = [
            {"$match": self._visible.settled("inventory")},
            {"$group": {"_id": "$type", "count": {"$sum": 1}}},
        ]
        collection = self._visible.places.current("inventory")
        counts = Counter({group["_id"]: group["count"] for group in collection.aggregate(steps)})
        then = {**self._visible.then(), **self._visible.others("inventory", OF)}
        if self._visible.places.past("inventory").find_one(then, {"_id": 1}) is not None:
            return dict(Counter(self._values("inventory", "type").values()))
        counts.update(from_raw("inventory", raw)["type"] for raw in self._visible.overlay.raws("inventory"))
        return dict(counts)
