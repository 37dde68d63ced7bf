# SPDX-License-Identifier: Apache-2.0
"""/messages: one message, or a list of them; and their removal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import chosen, with_times
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT, PAGING, REMOVAL, Parameter
from calipso_nornir.api.v1.reading import ids_to_remove, the_one
from calipso_nornir.api.v1.records import records
from calipso_nornir.api.v1.shapes import REMOVED, TEXT, TIME, document, either, list_of
from calipso_nornir.model.finding import Range

if TYPE_CHECKING:
    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Document

router = APIRouter()

FIELDS: Final = {"id": TEXT, "environment": TEXT, "source_system": TEXT, "level": TEXT}
LEVELS: Final = {"warning": "warn", "critical": "crit"}
"""Our level → that of the older API; the others are the same."""
_NONE: Final = dict.fromkeys(
    ("received_timestamp", "finished_timestamp", "related_object", "related_object_type", "display_context")
)
_EQUAL: Final = ("source_system", "related_object", "related_object_type")


@operation(
    router,
    "GET /messages",
    needs=Needs(Role.VIEWER),
    answer=either(
        list_of("messages", FIELDS, optional=("source_system",)),
        document({"_id": TEXT, "id": TEXT, "environment": TEXT, "level": TEXT, "timestamp": TIME}, FIELDS),
    ),
    parameters=(
        ENVIRONMENT,
        Parameter(name="id", text="Its id: the answer is this one message."),
        Parameter(name="source_system", text="Where it comes from."),
        Parameter(name="level", constant="messages_severity", text="Its level."),
        Parameter(name="related_object", text="Id of the object that it is about."),
        Parameter(name="related_object_type", text="Type of that object, or of the link."),
        Parameter(name="start_time", type="time", text="Not before this time."),
        Parameter(name="end_time", type="time", text="Not after this time."),
        *PAGING,
    ),
)
def messages(asked: Asked) -> Answer:
    """Show one message (with ``id``), or list messages, the oldest first."""
    collection, environment = asked.api.store.collection("messages"), asked.environment
    equal = {"environment": environment, **{name: asked[name] for name in _EQUAL if asked[name] is not None}}
    if asked["level"] is not None:
        equal["level"] = next((ours for ours, older in LEVELS.items() if older == asked["level"]), asked["level"])
    if asked["id"] is not None:
        return older(the_one(collection.get(asked["id"]), "messages", asked["id"], equal))
    found = records(collection, equal, asked.values, by="timestamp", where=_times(asked))
    return {"messages": [chosen(older(one), FIELDS) for one in found]}


@operation(router, "DELETE /messages", needs=Needs(Role.ADMIN), answer=REMOVED, parameters=REMOVAL)
def remove(asked: Asked) -> Answer:
    """Remove messages of an environment: some, by their ids, or all."""
    collection, environment = asked.api.store.collection("messages"), asked.environment
    ids = ids_to_remove(asked.values)
    found = [collection.get(one) for one in ids] if ids is not None else collection.find({"environment": environment})
    mine = [one for one in found if one is not None and one.get("environment") == environment]
    return {"count": sum(collection.delete(str(one["id"])) for one in mine)}


def older(document: Document) -> dict[str, Any]:
    """Return a message with the fields and the levels of the older API."""
    level = document.get("level")
    return {**_NONE, **with_times(document), "_id": document["id"], "level": LEVELS.get(str(level), level)}


def _times(asked: Asked) -> list[Range]:
    """Return the condition on the time, both ends included; times are stored as text in UTC."""
    start, end = asked["start_time"], asked["end_time"]
    if start is None and end is None:
        return []
    after = (end + timedelta(microseconds=1)).isoformat() if end is not None else None
    return [Range("timestamp", at_least=start.isoformat() if start is not None else None, below=after)]
