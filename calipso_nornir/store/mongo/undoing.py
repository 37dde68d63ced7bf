# SPDX-License-Identifier: Apache-2.0
"""Undoes the writes of an unfinished commit. Every step may be repeated; readers are not affected."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from calipso_nornir.store.mongo.environment_collections import OF, REVISION, UNTIL, Marker
from calipso_nornir.store.names import KINDS

if TYPE_CHECKING:
    from calipso_nornir.store.mongo.environment_collections import Places
    from calipso_nornir.store.mongo.lock import Lock

_log = logging.getLogger(__name__)


def undo(places: Places, lock: Lock, marker: Marker) -> Marker:
    """Restore what was replaced, delete what is new, and mark the number of the commit as never to be used.

    Copies in the past are left there, because a reader may be about to read them; they equal what is restored.
    """
    _log.info("environment %s: undoing an unfinished commit", places.environment)
    for kind in KINDS:
        lock.require()
        places.past(kind).aggregate(_restoring(places, lock, marker, into=places.current(kind).name))
        places.current(kind).delete_many({"environment": places.environment, REVISION: marker.following})
    skipped = marker.following
    lock.require()
    known = {"skipped": skipped, "token": lock.token}
    found = places.quick_markers.find_one_and_update(lock.mine, {"$set": known})
    return Marker.of({**(found or {}), **known})


def _restoring(places: Places, lock: Lock, marker: Marker, *, into: str) -> list[dict[str, Any]]:
    """Return the pipeline steps that restore what the commit after ``marker`` replaced."""
    return [
        {"$match": {"environment": places.environment, UNTIL: marker.following}},
        {
            "$lookup": {
                "from": places.markers.name,
                "pipeline": [{"$match": lock.mine}, {"$project": {"_id": 1}}],
                "as": "_mine",
            }
        },
        {"$match": {"_mine.0": {"$exists": True}}},
        {"$set": {"_id": f"${OF}"}},
        {"$unset": [OF, UNTIL, "_mine"]},
        {"$merge": {"into": into, "on": "_id", "whenMatched": "replace", "whenNotMatched": "insert"}},
    ]
