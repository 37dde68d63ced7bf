# SPDX-License-Identifier: Apache-2.0
"""Gives the statuses of an older store the field by which failures are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pymongo import UpdateOne

from calipso_nornir.model.status import FINDING
from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.documents import status_of
from calipso_nornir.store.mongo.codec import from_raw
from calipso_nornir.store.mongo.connection import RAW_OPTIONS
from calipso_nornir.store.names import collection_name, past

if TYPE_CHECKING:
    from calipso_nornir.store.mongo.connection import PlainDatabase

_BATCH: Final = 1000


def add_findings(database: PlainDatabase, inventory: str) -> None:
    """Add the field to statuses that lack it; call it before the index is made, which shows that it was done."""
    if any(FINDING in dict(one["key"]) for one in database[collection_name(inventory, "status")].list_indexes()):
        return
    for name in ("status", past("status")):
        collection = database[collection_name(inventory, name)]
        lacking = {"value": {"$exists": True}, FINDING: {"$exists": False}}
        for some in chunks(collection.with_options(codec_options=RAW_OPTIONS).find(lacking), _BATCH):
            findings = [(one["_id"], status_of(from_raw("status", bytes(one.raw))).finding) for one in some]
            collection.bulk_write([UpdateOne({"_id": key}, {"$set": {FINDING: text}}) for key, text in findings])
