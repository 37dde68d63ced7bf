# SPDX-License-Identifier: Apache-2.0
"""Generations on a server without transactions: a redo log and one marker for each environment.

A writer first collects its changes in a log, a collection of its own. One update of the marker
then makes them valid, all at once: from that moment readers see the collections *through* the
log, until it has been applied to them and the marker says ``clean`` again. Applying is
idempotent and commutes with itself, so it does not matter how often, or how far, it was done.

======================================  ========================  =============================
what happened                           marker                    who comes next
======================================  ========================  =============================
nothing, or a writer is collecting      clean                     reads the collections
the writer died while collecting        clean                     the next writer drops the log
the changes became valid                committing, log           reads through the log
the writer died while applying          committing, log           the next writer applies it
======================================  ========================  =============================

A log holds one entry for each document that is put or removed (``_id``: kind, colon, hexadecimal
id) and entries with up to 1,000 ids each for those that were seen (kind, ``#``, number).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bson.objectid import ObjectId
from pymongo import WriteConcern

from calipso_nornir.store.names import CHANGES, GENERATIONS, KINDS, collection_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.protocols import Kind
    from calipso_nornir.store.mongo.connection import PlainCollection, PlainDatabase

PAGE: Final = 2000
"""Entries that are applied at once: well under the length of a lease."""

QUICK: Final = WriteConcern(w=1)
"""For log and collections: the marker is written with ``j`` and majority, and what is written before it goes before."""


@dataclass(frozen=True, slots=True)
class Marker:
    """Which generation is valid; ``log`` names what it is to be read through, if it is not applied yet."""

    generation: int = 0
    log: str | None = None


def changes(kind: Kind) -> dict[str, str]:
    """Return the range of ``_id`` of the log's entries for documents that are put or removed."""
    return {"$gt": f"{kind}:", "$lt": f"{kind};"}


def sightings(kind: Kind) -> dict[str, str]:
    """Return the range of ``_id`` of its entries for documents that were seen."""
    return {"$gt": f"{kind}#", "$lt": f"{kind}$"}


class Generations:
    """The marker and the logs of one environment."""

    def __init__(self, database: PlainDatabase, *, inventory: str, environment: str) -> None:
        self.database = database
        self.inventory = inventory
        self.environment = environment
        self.markers: PlainCollection = database[collection_name(inventory, GENERATIONS)]

    def now(self) -> Marker:
        """Return what is valid now."""
        marker = self.markers.find_one({"_id": self.environment}, {"generation": 1, "log": 1})
        return Marker() if marker is None else Marker(marker["generation"], marker.get("log"))

    def log(self, name: str) -> PlainCollection:
        """Return a log."""
        return self.database.get_collection(name, write_concern=QUICK)

    def documents(self, kind: Kind) -> PlainCollection:
        """Return the collection of a kind of document."""
        return self.database.get_collection(collection_name(self.inventory, kind), write_concern=QUICK)

    def log_name(self, token: str) -> str:
        """Return the name of the log of one writer: no other's, even if that one lost its lease and goes on."""
        return f"{self._log_prefix()}{token}"

    def drop_logs(self) -> None:
        """Drop what writers left that died before their changes became valid."""
        pattern = {"name": {"$regex": f"^{re.escape(self._log_prefix())}"}}
        for name in self.database.list_collection_names(filter=pattern):
            self.database.drop_collection(name)

    def validate(self, log: str, mine: dict[str, Any]) -> bool:
        """Make a log valid, if the lease is still ``mine``: the one moment in which the generation changes."""
        update = {"$set": {"state": "committing", "log": log}, "$inc": {"generation": 1}}
        return self.markers.find_one_and_update({**mine, "state": "clean"}, update) is not None

    def apply(self, log: str, mine: dict[str, Any], require: Callable[[], None]) -> None:
        """Bring the collections up to a valid log, then say so and drop it; ``require`` raises if the lease is lost."""
        for kind in KINDS:
            self._apply_changes(kind, log, require)
            for entry in self.log(log).find({"_id": sightings(kind)}):
                require()
                known = {"environment": self.environment, "_id": {"$in": entry["ids"]}}
                self.documents(kind).update_many(known, {"$max": {"last_scanned": entry["at"]}})
        require()
        self.markers.update_one({**mine, "log": log}, {"$set": {"state": "clean"}, "$unset": {"log": ""}})
        self.database.drop_collection(log)

    def _apply_changes(self, kind: Kind, log: str, require: Callable[[], None]) -> None:
        last = f"{kind}:"
        while True:
            wanted = {"_id": {**changes(kind), "$gt": last}}
            page = list(self.log(log).find(wanted, {"op": 1}).sort("_id").limit(PAGE))
            if not page:
                return
            require()
            span = {"$gt": last, "$lte": page[-1]["_id"]}
            self._put_page(kind, log, span)
            gone = [ObjectId(entry["_id"].partition(":")[2]) for entry in page if entry["op"] == "remove"]
            if gone:
                self.documents(kind).delete_many({"environment": self.environment, "_id": {"$in": gone}})
            last = page[-1]["_id"]

    def _put_page(self, kind: Kind, log: str, span: dict[str, str]) -> None:
        """Copy documents inside the server: none travels, and nothing is copied from a log that is gone."""
        into = {"into": self.documents(kind).name, "on": "_id", "whenMatched": "replace", "whenNotMatched": "insert"}
        self.log(log).aggregate(
            [
                {"$match": {"_id": span, "op": "put"}},
                {"$replaceRoot": {"newRoot": "$document"}},
                {"$merge": into},
            ]
        )

    def _log_prefix(self) -> str:
        name = hashlib.blake2b(self.environment.encode(), digest_size=6).hexdigest()
        return f"{collection_name(self.inventory, CHANGES)}.{name}."
