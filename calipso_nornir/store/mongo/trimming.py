# SPDX-License-Identifier: Apache-2.0
"""Writes the log of commits, and deletes history that exceeds the retention; runs after some of the commits."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import BulkWriteError

from calipso_nornir.store.mongo.codec import from_plain
from calipso_nornir.store.mongo.commit import KEPT_IN_MARKER
from calipso_nornir.store.mongo.environment_collections import GONE, REVISION, UNTIL
from calipso_nornir.store.names import KINDS, collection_name
from calipso_nornir.store.retention import COLLECTION, KEY, LEAST, is_due, read_retention

if TYPE_CHECKING:
    from calipso_nornir.store.mongo.environment_collections import Marker, Places

_LOG_EVERY: Final = KEPT_IN_MARKER // 2


def trim(places: Places, revision: int, *, made_past: int) -> None:
    """Do the maintenance that is due after the commit of a revision, which made ``made_past`` documents past."""
    if revision % _LOG_EVERY == 0:
        _write_log(places, places.marker(recent=True))
    if is_due(revision, made_past=made_past):
        _trim(places, places.marker(), by_size=is_due(revision, made_past=made_past, by_size=True))


def _write_log(places: Places, marker: Marker) -> None:
    """Copy the commits in the marker to the log; several processes may do so, because all write the same."""
    rows = [
        {**one, "_id": f"{places.environment}\n{one['revision']}", "environment": places.environment}
        for one in marker.recent
    ]
    with suppress(BulkWriteError):  # entries that are already there
        places.log().insert_many(rows, ordered=False)


def _trim(places: Places, marker: Marker, *, by_size: bool) -> None:
    here = {"environment": places.environment}
    for kind in KINDS:
        places.current(kind).delete_many({**here, GONE: True, REVISION: {"$lte": marker.revision}})
    floor = _floor(places, marker, by_size=by_size)
    if floor <= marker.floor:
        return
    places.markers.update_one({"_id": places.environment}, {"$max": {"floor": floor}})
    for kind in KINDS:
        places.past(kind).delete_many({**here, UNTIL: {"$lte": floor}})
    places.log().delete_many({**here, "revision": {"$lt": floor}})


def _floor(places: Places, marker: Marker, *, by_size: bool) -> int:
    """Return the oldest revision that must be kept.

    The log is read from its oldest entry, so only entries to be deleted are read. A clock that was ahead when an entry
    was written does not keep it for longer.
    """
    settings = places.raw(places.database[collection_name(places.inventory, COLLECTION)])
    stored = settings.find_one({"key": KEY})
    retention = read_retention(None if stored is None else from_plain(bytes(stored.raw)))
    now = datetime.now(UTC)
    log = places.log().find({"environment": places.environment}).sort("revision", 1)
    excess = 0
    if by_size and retention.documents is not None:
        here = {"environment": places.environment}
        excess = sum(places.past(kind).count_documents(here) for kind in KINDS) - retention.documents
    floor = marker.floor
    for one in log:
        too_many = excess > 0 and not now - LEAST <= one["at"] <= now
        if now - retention.kept <= one["at"] <= now and not too_many:
            break
        floor = int(one["revision"])
        excess -= one["changed"] + one["removed"]
    return floor


def commits_of(places: Places, marker: Marker, *, limit: int) -> list[dict[str, Any]]:
    """Return the newest commits, newest first."""
    found = {one["revision"]: one for one in marker.recent}
    if len(found) < limit:
        wanted = {"environment": places.environment, "revision": {"$lte": marker.revision}}
        for one in places.log().find(wanted).sort("revision", -1).limit(limit):
            found.setdefault(one["revision"], one)
    return [found[revision] for revision in sorted(found, reverse=True)[:limit]]
