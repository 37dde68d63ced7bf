# SPDX-License-Identifier: Apache-2.0
"""/scheduled_scans: one schedule, or a list of them; a new one; and their removal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import chosen, page, with_times
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import PAGING, REMOVAL, WANTED_SCAN, Parameter
from calipso_nornir.api.v1.reading import ids_to_remove, the_one_of, wrong
from calipso_nornir.api.v1.scans import wanted
from calipso_nornir.api.v1.shapes import CREATED_WITH_ID, REMOVED, TEXT, TIME_OR_NONE, document, either, list_of
from calipso_nornir.scan_manager import Recurrence, ScanRequest, Schedule

if TYPE_CHECKING:
    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Document
    from calipso_nornir.scan_manager.recurrence import Frequency

router = APIRouter()

FIELDS: Final = {"id": TEXT, "environment": TEXT, "scheduled_timestamp": TIME_OR_NONE, "freq": TEXT}
FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "ONCE")
CENTURY: Final = timedelta(days=36525)
"""Times that are further away have no next year to count to."""
_NAMES: Final = (
    Parameter(name="environment", is_environment=True, text="Name of the environment."),
    Parameter(name="env_name", is_environment=True, text="The same, as later clients name it."),
)
_OFTEN: Final = (
    Parameter(name="freq", one_of=FREQUENCIES, text="How often."),
    Parameter(name="recurrence", one_of=FREQUENCIES, text="The same, as later clients name it."),
)


@operation(
    router,
    "GET /scheduled_scans",
    needs=Needs(Role.VIEWER),
    answer=either(
        list_of("scheduled_scans", FIELDS, optional=("scheduled_timestamp",)),
        document({"_id": TEXT, "id": TEXT, "environment": TEXT, "freq": TEXT, "recurrence": TEXT}, FIELDS),
    ),
    parameters=(
        *_NAMES,
        Parameter(name="id", text="Its id: the answer is this one schedule."),
        *_OFTEN,
        *PAGING,
    ),
)
def scheduled_scans(asked: Asked) -> Answer:
    """Show one schedule (with ``id``), or list schedules, the next one first."""
    environment = asked.environment
    freq = asked["freq"] or asked["recurrence"]
    fitting = [one for one in _of(asked, environment) if freq in (None, one["freq"])]
    if asked["id"] is None:
        return {"scheduled_scans": [chosen(one, FIELDS) for one in page(fitting, asked.values)]}
    return the_one_of(fitting, "scheduled_scans", asked["id"], environment)


@operation(
    router,
    "POST /scheduled_scans",
    needs=Needs(Role.OPERATOR),
    answer=CREATED_WITH_ID,
    parameters=(
        *_NAMES,
        *_OFTEN,
        Parameter(name="submit_timestamp", type="time", text="The schedule is counted from this time; default: now."),
        Parameter(name="scheduled_timestamp", type="time", text="The first time; in the future."),
        Parameter(name="object_id", text="Scan only this object."),
        *WANTED_SCAN,
    ),
)
def schedule(asked: Asked) -> Answer:
    """Make a schedule. Its first scan is due one step after ``submit_timestamp``, or at ``scheduled_timestamp``."""
    environment = asked.environment
    freq: Frequency | None = asked["freq"] or asked["recurrence"]
    if freq is None:
        raise wrong("freq must be specified", "freq")
    now, first = datetime.now(UTC), asked["scheduled_timestamp"]
    if first is not None and first <= now:
        raise wrong("scheduled_timestamp must be in the future", "scheduled_timestamp")
    if first is None and freq == "ONCE":
        raise wrong("scheduled_timestamp must be specified for ONCE", "scheduled_timestamp")
    for name in ("submit_timestamp", "scheduled_timestamp"):
        if asked[name] is not None and abs(asked[name] - now) > CENTURY:
            raise wrong(f"{name} must be within a century from now", name)
    recurrence = Recurrence(freq=freq, start=first or asked["submit_timestamp"] or now)
    request = ScanRequest.from_document({**wanted(asked), "environment": environment, "object_id": asked["object_id"]})
    due = recurrence.after(max(now, recurrence.start)) if first is None else first
    id_ = asked.api.schedules.add(Schedule(request=request, recurrence=recurrence, due=due), by=asked.who.name)
    return {"message": f"created a new scheduled scan for environment {environment}", "id": id_}


@operation(router, "DELETE /scheduled_scans", needs=Needs(Role.OPERATOR), answer=REMOVED, parameters=REMOVAL)
def remove(asked: Asked) -> Answer:
    """Remove schedules of an environment: some, by their ids, or all. The scans that they asked for stay."""
    ids = ids_to_remove(asked.values)
    mine = [one["id"] for one in _of(asked, asked.environment) if ids is None or one["id"] in ids]
    for id_ in mine:
        asked.api.schedules.remove(id_)
    return {"count": len(mine)}


def _of(asked: Asked, environment: str) -> list[dict[str, Any]]:
    return [_older(one) for one in asked.api.schedules.all() if one.get("environment") == environment and one.get("id")]


def _older(document: Document) -> dict[str, Any]:
    freq = document.get("freq") or document.get("recurrence")
    return {**with_times(document), "_id": document["id"], "freq": freq, "recurrence": freq}
