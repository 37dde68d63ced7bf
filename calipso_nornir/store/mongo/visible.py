# SPDX-License-Identifier: Apache-2.0
"""Reads the documents that are valid at one revision: current ones, past ones, and those in the marker."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Any

from bson.objectid import ObjectId
from pymongo import ASCENDING

from calipso_nornir.store.mongo.batches import raws
from calipso_nornir.store.mongo.codec import from_raw, id_of, revision_of
from calipso_nornir.store.mongo.environment_collections import GONE, OF, REVISION, UNTIL
from calipso_nornir.store.mongo.redo import Overlay
from calipso_nornir.store.ordering import sort_key
from calipso_nornir.store.selection import UNIQUE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bson.raw_bson import RawBSONDocument
    from pymongo.collection import Collection

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.environment_collections import Marker, Places
    from calipso_nornir.store.ordering import SortKey


class Visible:
    """The documents of one revision.

    Attributes:
        places: the collections of the environment.
        newest: the revision that the marker names.
        revision: the revision to read: ``at``, or the newest.
        overlay: changes in the marker that are not applied yet; ``of``, ``ordered`` and ``settled`` leave out what they
            change.
    """

    def __init__(self, places: Places, marker: Marker, *, at: int | None) -> None:
        self.places = places
        self.environment = places.environment
        self.newest = marker.revision
        self.revision = marker.revision if at is None else at
        self.overlay = Overlay(marker.pending, self.revision)

    def current(self, kind: Kind) -> Collection[RawBSONDocument]:
        """Return the collection of current documents, which may be newer than the revision."""
        return self.places.raw(self.places.current(kind))

    def settled(self, kind: Kind) -> dict[str, Any]:
        """Return the filter for current documents that are not newer than the revision, and not in the marker."""
        return {**self.now(kind), REVISION: {"$lte": self.revision}, **self.others(kind)}

    def of(self, kind: Kind, wanted: dict[str, Any], *, fields: dict[str, int] | None = None) -> list[bytes]:
        """Return the documents valid at the revision that match a filter, in any order; none from the marker."""
        current, past = self._split(kind, wanted, (), lambda _raw: True, fields)
        return [*current, *past.values()]

    def ordered(
        self,
        kind: Kind,
        wanted: dict[str, Any],
        order: Sequence[str],
        *,
        pending: Iterable[bytes] = (),
        keep: Callable[[bytes], bool] = lambda _raw: True,
    ) -> list[bytes]:
        """Return the same documents in an order; ``pending`` are matching documents in the marker."""
        found, past = self._split(kind, wanted, order, keep)

        def key(raw: bytes) -> SortKey:
            return sort_key(from_raw(kind, raw), order)

        for raw in (*past.values(), *filter(keep, pending)):  # few: inserted one by one
            insort(found, raw, key=key)
        return found

    def _split(
        self,
        kind: Kind,
        wanted: dict[str, Any],
        order: Sequence[str],
        keep: Callable[[bytes], bool],
        fields: dict[str, int] | None = None,
    ) -> tuple[list[bytes], dict[ObjectId, bytes]]:
        """Return the current documents in the server's order, and past ones that are not among them."""
        named = _named(wanted)
        all_ = raws(
            self.places.current(kind),
            {**self.now(kind), **wanted},
            fields,
            order=[(name, ASCENDING) for name in order],
            at_once=named or 0,
        )
        current = [raw for raw in self.settled_of(kind, all_) if keep(raw)]
        if len(current) == named:  # all requested documents were found
            return current, {}
        found = {one[OF]: raw for one in self.past(kind, wanted, fields) if keep(raw := bytes(one.raw))}
        past = {one: raw for one, raw in found.items() if one not in self.overlay.ids(kind)}
        if past:
            for raw in current:
                past.pop(id_of(raw), None)
        return current, past

    def settled_of(self, kind: Kind, current: Iterable[bytes]) -> Iterator[bytes]:
        """Yield those of current documents that are not newer than the revision, and not in the marker."""
        pending = self.overlay.ids(kind)
        there = (raw for raw in current if revision_of(raw) <= self.revision)
        return (raw for raw in there if id_of(raw) not in pending) if pending else there

    def past(
        self, kind: Kind, wanted: dict[str, Any], fields: dict[str, int] | None = None
    ) -> Iterable[RawBSONDocument]:
        """Return the documents that match a filter, were valid at the revision, and are past now."""
        return self.places.raw(self.places.past(kind)).find({**of_past(wanted), **self.then()}, fields)

    def now(self, kind: Kind) -> dict[str, Any]:
        """Return the filter for current documents; for inventory it is the condition of the index of types."""
        there = {UNIQUE[kind][0]: {"$exists": True}} if kind in UNIQUE else {GONE: {"$exists": False}}
        return {"environment": self.environment, **there}

    def then(self) -> dict[str, Any]:
        """Return the filter for past documents."""
        return {"environment": self.environment, UNTIL: {"$gt": self.revision}, REVISION: {"$lte": self.revision}}

    def others(self, kind: Kind, name: str = "_id") -> dict[str, Any]:
        """Return the filter for documents without a change in the marker."""
        return {name: {"$not": {"$in": list(ids)}}} if (ids := self.overlay.ids(kind)) else {}


def of_past(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filter for past documents, which have another ``_id``."""
    conditions = {OF if name == "_id" else name: value for name, value in wanted.items()}
    if "$and" in conditions:
        conditions["$and"] = [
            {OF if name == "_id" else name: value for name, value in one.items()} for one in conditions["$and"]
        ]
    return conditions


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
