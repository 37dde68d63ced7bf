# SPDX-License-Identifier: Apache-2.0
"""Collections and indexes of the MongoDB store, and which databases are such a store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from calipso_nornir.errors import StoreVersionMismatch, UnknownInventory
from calipso_nornir.store.names import KINDS, LAYOUT, collection_name
from calipso_nornir.store.selection import INDEXES, UNIQUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.protocols import Kind
    from calipso_nornir.store.mongo.connection import PlainDatabase

LAYOUT_VERSION: Final = 1
_NOTE: Final = "layout"


def prepare(database: PlainDatabase, uri: str, inventory: str) -> None:
    """Note the layout of a new inventory and make its indexes; raise when it has another layout."""
    notes = database[collection_name(inventory, LAYOUT)]
    note = notes.find_one({"_id": _NOTE})
    if note is None:
        _refuse_others(database, uri, inventory)
        note = {"_id": _NOTE, "version": LAYOUT_VERSION}
        try:
            notes.insert_one(note)
        except DuplicateKeyError:  # another process was faster
            note = notes.find_one({"_id": _NOTE}) or note
    _judge(uri, note)
    for kind in KINDS:
        database[collection_name(inventory, kind)].create_indexes(_indexes(kind))


def must_hold(database: PlainDatabase, uri: str, inventory: str) -> None:
    """Raise UnknownInventory unless an inventory is there. Changes nothing."""
    note = database[collection_name(inventory, LAYOUT)].find_one({"_id": _NOTE})
    if note is None:
        _refuse_others(database, uri, inventory)
        raise UnknownInventory(uri, inventory)
    _judge(uri, note)


def _judge(uri: str, note: Mapping[str, Any]) -> None:
    if note.get("version") != LAYOUT_VERSION:
        raise StoreVersionMismatch(uri, str(note.get("version")), str(LAYOUT_VERSION))


def _refuse_others(database: PlainDatabase, uri: str, inventory: str) -> None:
    """Raise when the collections are those of a Calipso of before, or of others: they are not ours to change."""
    used = [name for name in KINDS if database[collection_name(inventory, name)].find_one({}, {"_id": 1})]
    if used:
        raise StoreVersionMismatch(uri, f"unknown (no note of it beside {', '.join(used)})", str(LAYOUT_VERSION))


def _indexes(kind: Kind) -> list[IndexModel]:
    indexes = [IndexModel([("environment", ASCENDING), ("_id", ASCENDING)])]
    if kind in UNIQUE:
        indexes.append(IndexModel(_keys(UNIQUE[kind]), unique=True))
    return [*indexes, *(IndexModel(_keys(fields)) for fields in INDEXES[kind])]


def _keys(fields: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(name, ASCENDING) for name in ("environment", *fields)]
