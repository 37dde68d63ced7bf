# SPDX-License-Identifier: Apache-2.0
"""Searches the objects of one revision for a text: with the text index, and by comparing what it does not cover."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from calipso_nornir.store.mongo.batches import raws
from calipso_nornir.store.mongo.codec import from_raws
from calipso_nornir.store.mongo.environment_collections import GONE, OF, REVISION
from calipso_nornir.store.mongo.text_index import BY_REVISION, MongoTextIndex, index_of, read_note
from calipso_nornir.store.searching import found
from calipso_nornir.store.text_search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bson.objectid import ObjectId

    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.mongo.visible import Visible
    from calipso_nornir.store.searching import Needle, SearchPlace
    from calipso_nornir.store.text_search import Index

_TRIES: Final = 3
"""How many times a search is repeated if the text index changes meanwhile."""


class Texts:
    """Searches the objects of one revision."""

    def __init__(self, visible: Visible) -> None:
        self._visible = visible

    def search(self, needle: Needle, limit: int, after: SearchPlace | None) -> list[Document]:
        """Return the objects that match, ordered by type and id."""
        result = self.looked_up(
            lambda index, fresh: search(index, lambda: fresh(needle), needle, limit=limit, after=after),
        )
        if result is not None:
            return result
        pending = self._visible.overlay.raws("inventory")
        all_ = self._visible.ordered("inventory", {}, ("type", "id"), pending=pending, keep=needle.may_be_in_bson)
        return found(needle, from_raws("inventory", all_), limit=limit, after=after)

    def looked_up(
        self, use: Callable[[Index, Callable[[Needle], Iterator[Document]]], list[Document]]
    ) -> list[Document] | None:
        """Use the text index; return None if there is none, or if it changed during every attempt."""
        for _ in range(_TRIES):
            note = read_note(self._visible.places)
            if not note.segments or note.upto > self._visible.newest:  # there is none, or it covers a later revision
                return None
            index = MongoTextIndex(index_of(self._visible.places), note, self._current_with)
            result = use(index, partial(self._fresh, note.upto))
            if read_note(self._visible.places).generation == note.generation:
                return result
        return None

    def _current_with(self, ids: list[ObjectId]) -> list[Document]:
        wanted = {"_id": {"$in": ids}, GONE: {"$exists": False}}
        current = raws(self._visible.places.current("inventory"), wanted, at_once=len(ids))
        return list(from_raws("inventory", self._visible.settled_of("inventory", current)))

    def _fresh(self, covered: int, needle: Needle) -> Iterator[Document]:
        """Yield possible matches among the objects that the index does not cover: newer ones, then past ones."""
        pending = self._visible.overlay.ids("inventory")
        current: Iterable[tuple[ObjectId, bytes]] = ()
        if covered < self._visible.revision:
            newer = {
                "environment": self._visible.environment,
                REVISION: {"$gt": covered, "$lte": self._visible.revision},
            }
            cursor = self._visible.current("inventory").find(newer).hint(BY_REVISION)
            current = ((one["_id"], bytes(one.raw)) for one in cursor if GONE not in one)
        past = ((one[OF], bytes(one.raw)) for one in self._visible.past("inventory", {}))
        possible = chain(
            self._visible.overlay.raws("inventory"),
            (raw for document_id, raw in chain(current, past) if document_id not in pending),
        )
        return from_raws("inventory", filter(needle.may_be_in_bson, possible))
