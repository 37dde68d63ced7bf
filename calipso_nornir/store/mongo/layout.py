# SPDX-License-Identifier: Apache-2.0
"""Collections and indexes of the MongoDB store, and the check that a database is such a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from calipso_nornir.errors import StoreVersionMismatch, UnknownInventory
from calipso_nornir.store.migrations import LAYOUT as VERSION
from calipso_nornir.store.mongo.environment_collections import GONE, OF, REVISION, UNTIL
from calipso_nornir.store.mongo.status_findings import add_findings
from calipso_nornir.store.names import COMMITS, KINDS, LAYOUT, collection_name, past
from calipso_nornir.store.selection import INDEXES, LISTS, SPARSE, UNIQUE, to_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.connection import PlainDatabase

LAYOUT_VERSION: Final = VERSION
NOTE: Final = "layout"
MEMBERS: Final = {"found_by": ("found_by.parent_id", "found_by.step")}
"""The fields to index in a list's members, if these are mappings."""


def prepare(database: PlainDatabase, uri: str, inventory: str) -> None:
    """Record the layout of a new inventory and create its indexes; raise StoreVersionMismatch for another layout."""
    notes = database[collection_name(inventory, LAYOUT)]
    note = notes.find_one({"_id": NOTE})
    if note is None:
        _refuse_others(database, uri, inventory)
        note = {"_id": NOTE, "version": LAYOUT_VERSION}
        try:
            notes.insert_one(note)
        except DuplicateKeyError:  # another process was faster
            note = notes.find_one({"_id": NOTE}) or note
    _judge(uri, note)
    add_findings(database, inventory)
    for kind in KINDS:
        database[collection_name(inventory, kind)].create_indexes(_indexes(kind))
        database[collection_name(inventory, past(kind))].create_indexes(_past_indexes())
    database[collection_name(inventory, COMMITS)].create_indexes([IndexModel(_keys(("revision",)))])


def must_hold(database: PlainDatabase, uri: str, inventory: str) -> None:
    """Raise UnknownInventory unless the inventory exists. Changes nothing."""
    note = database[collection_name(inventory, LAYOUT)].find_one({"_id": NOTE})
    if note is None:
        _refuse_others(database, uri, inventory)
        raise UnknownInventory(uri, inventory)
    _judge(uri, note)


def _judge(uri: str, note: Mapping[str, Any]) -> None:
    if note.get("version") != LAYOUT_VERSION:
        raise StoreVersionMismatch(uri, str(note.get("version")), str(LAYOUT_VERSION))


def _refuse_others(database: PlainDatabase, uri: str, inventory: str) -> None:
    """Raise StoreVersionMismatch if the collections belong to an older Calipso or to another program."""
    used = [name for name in KINDS if database[collection_name(inventory, name)].find_one({}, {"_id": 1})]
    if used:
        raise StoreVersionMismatch(uri, f"unknown (not recorded beside {', '.join(used)})", str(LAYOUT_VERSION))


def _indexes(kind: Kind) -> list[IndexModel]:
    indexes = [IndexModel(_keys(fields)) for fields in (("_id",), (REVISION,), *INDEXES[kind])]
    if kind in UNIQUE:
        # A removed document has none of these fields for a while (see ``environment_collections``). Only one is named
        # here, because a query must name all of an index's conditions to use it.
        there = {UNIQUE[kind][0]: {"$exists": True}}
        indexes.append(IndexModel(_keys(UNIQUE[kind]), unique=True, partialFilterExpression=there))
    indexes += map(_sparse, SPARSE.get(kind, ()))
    indexes += [IndexModel(_keys(members)) for name in LISTS.get(kind, ()) for members in [MEMBERS.get(name, (name,))]]
    indexes.append(IndexModel(_keys((GONE,)), partialFilterExpression={GONE: {"$exists": True}}))
    return indexes


def attribute_indexes(attributes: Iterable[str]) -> list[IndexModel]:
    """Return the indexes of these attributes, which not every inventory has."""
    return [_sparse(name) for name in to_index(attributes)]


def _sparse(name: str) -> IndexModel:
    return IndexModel(_keys((name,)), partialFilterExpression={name: {"$exists": True}})


def _past_indexes() -> list[IndexModel]:
    return [IndexModel(_keys((UNTIL,))), IndexModel(_keys((OF, UNTIL)))]


def _keys(fields: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(name, ASCENDING) for name in ("environment", *fields)]
