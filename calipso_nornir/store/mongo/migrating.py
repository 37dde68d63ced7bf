# SPDX-License-Identifier: Apache-2.0
"""Migrates the collections from one layout to another and back.

Every step may be repeated, and the recorded layout is changed last, so an interrupted migration can start again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from bson.int64 import Int64
from bson.objectid import ObjectId

from calipso_nornir.errors import StoreBusy, StoreVersionMismatch
from calipso_nornir.store.migrations import LAYOUT_1_KINDS, Migration
from calipso_nornir.store.mongo.applying_redos import settle
from calipso_nornir.store.mongo.environment_collections import GONE, REVISION, Places
from calipso_nornir.store.mongo.layout import LAYOUT_VERSION, NOTE, prepare
from calipso_nornir.store.mongo.lock import Lock
from calipso_nornir.store.mongo.undoing import undo
from calipso_nornir.store.names import (
    COMMITS,
    DEFAULT_INVENTORY,
    KINDS,
    LAYOUT,
    OF_BEFORE,
    REVISIONS,
    SEARCH,
    collection_name,
    past,
)
from calipso_nornir.store.process import this_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.mongo.connection import PlainDatabase

_LOCK_S: Final = 60.0
_MARKERS, _LOGS = OF_BEFORE


def layouts(database: PlainDatabase) -> dict[str, int]:
    """Return the layout of each inventory."""
    names = [name for name in database.list_collection_names() if LAYOUT in name]
    found: dict[str, int] = {}
    for name in names:
        inventory = name.removesuffix(f"_{LAYOUT}") if name.endswith(f"_{LAYOUT}") else ""
        inventory = inventory or DEFAULT_INVENTORY + name.removeprefix(LAYOUT)
        note = database[name].find_one({"_id": NOTE})
        if note is not None and collection_name(inventory, LAYOUT) == name:
            found[inventory] = note["version"]
    return dict(sorted(found.items()))


def migrate(database: PlainDatabase, uri: str, *, to: int, dry_run: bool) -> Migration:
    """Convert every inventory of a database to a layout; a dry run counts what would be changed."""
    known = layouts(database)
    for version in known.values():
        if {version, to} - {1, LAYOUT_VERSION}:
            raise StoreVersionMismatch(uri, str(version), str(to))
    documents: dict[str, int] = {}
    for inventory in (name for name, version in known.items() if version != to):
        for kind in LAYOUT_1_KINDS:
            wanted = {GONE: {"$exists": False}}
            documents[f"{inventory}: {kind}"] = database[collection_name(inventory, kind)].count_documents(wanted)
        if not dry_run:
            (_up if to > known[inventory] else _down)(database, uri, inventory)
    found = max(known.values(), default=to) if to == 1 else min(known.values(), default=to)
    return Migration(uri=uri, found=found, to=to, documents=documents, dry_run=dry_run)


# --- from layout 1: generations; readers used a log while it was being applied


def _up(database: PlainDatabase, uri: str, inventory: str) -> None:
    markers = database[collection_name(inventory, _MARKERS)]
    known = list(markers.find())
    for marker in known:
        lease = marker.get("lease") or {}
        until = lease.get("until")
        if until is not None and until > datetime.now(UTC):
            raise StoreBusy(uri, marker["_id"], str(lease.get("owner", "another process")))
        if marker.get("log"):
            _apply(database, inventory, marker)
    for kind in LAYOUT_1_KINDS:
        current = database[collection_name(inventory, kind)]
        for marker in known:
            here = {"environment": marker["_id"], REVISION: {"$exists": False}}
            current.update_many(here, {"$set": {REVISION: Int64(max(marker["generation"], 1))}})
        current.drop_indexes()
    for marker in known:
        _note_revision(database, inventory, marker)
    notes = database[collection_name(inventory, LAYOUT)]
    notes.update_one({"_id": NOTE}, {"$set": {"version": LAYOUT_VERSION}})
    prepare(database, uri, inventory)
    for name in list(_logs(database, inventory)):
        database.drop_collection(name)
    markers.drop()


def _apply(database: PlainDatabase, inventory: str, marker: dict[str, Any]) -> None:
    """Apply the rest of a log that became valid but was not applied completely."""
    for entry in database[marker["log"]].find():
        kind = entry["_id"].partition("#")[0].partition(":")[0]
        current = database[collection_name(inventory, kind)]
        if entry["op"] == "put":
            current.replace_one({"_id": entry["document"]["_id"]}, entry["document"], upsert=True)
        elif entry["op"] == "remove":
            one = ObjectId(entry["_id"].partition(":")[2])
            current.delete_one({"environment": marker["_id"], "_id": one})
        else:
            wanted = {"environment": marker["_id"], "_id": {"$in": entry["ids"]}}
            current.update_many(wanted, {"$max": {"last_scanned": entry["at"]}})


def _note_revision(database: PlainDatabase, inventory: str, marker: dict[str, Any]) -> None:
    """Continue the numbering of generations; the first revision gets the time when an object was last seen."""
    now = datetime.now(UTC)
    newest = database[collection_name(inventory, "inventory")].find_one(
        {"environment": marker["_id"], "last_scanned": {"$lte": now}}, sort=[("last_scanned", -1)]
    )
    revision = max(marker["generation"], 1)
    entry = {
        "token": "layout 1",
        "revision": revision,
        "at": newest["last_scanned"] if newest else now,
        "cause": "layout 1",
        "by": this_process(),
        "new": 0,
        "changed": 0,
        "removed": 0,
    }
    known = {"_id": marker["_id"], "revision": revision, "floor": revision, "recent": [entry]}
    database[collection_name(inventory, REVISIONS)].replace_one({"_id": marker["_id"]}, known, upsert=True)


def _logs(database: PlainDatabase, inventory: str) -> Iterator[str]:
    prefix = f"{collection_name(inventory, _LOGS)}."
    return (name for name in database.list_collection_names() if name.startswith(prefix))


# --- and back


def _down(database: PlainDatabase, uri: str, inventory: str) -> None:
    markers = database[collection_name(inventory, REVISIONS)]
    before = database[collection_name(inventory, _MARKERS)]
    for known in list(markers.find()):
        places = Places(database, inventory=inventory, environment=known["_id"])
        lock = Lock(places, uri=uri, seconds=_LOCK_S)
        marker = lock.take(wait_s=0)
        if marker.lock is not None:
            marker = undo(places, lock, marker)
        settle(places, lock, marker)
        for kind in LAYOUT_1_KINDS:
            _plain(database, inventory, kind, known["_id"])
        generation = {"_id": known["_id"], "generation": marker.revision, "state": "clean"}
        before.replace_one({"_id": known["_id"]}, generation, upsert=True)
    for kind in LAYOUT_1_KINDS:
        database[collection_name(inventory, kind)].drop_indexes()
    database[collection_name(inventory, LAYOUT)].update_one({"_id": NOTE}, {"$set": {"version": 1}})
    for name in (*(past(kind) for kind in KINDS), "status", COMMITS, REVISIONS, SEARCH):
        database.drop_collection(collection_name(inventory, name))


def _plain(database: PlainDatabase, inventory: str, kind: Kind, environment: str) -> None:
    current = database[collection_name(inventory, kind)]
    current.delete_many({"environment": environment, GONE: True})
    current.update_many({"environment": environment}, {"$unset": {REVISION: ""}})
