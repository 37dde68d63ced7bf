# SPDX-License-Identifier: Apache-2.0
"""Schedules: documents of the collection ``scheduled_scans``; each makes a request whenever it is due."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.scan_manager.fields import Fields
from calipso_nornir.scan_manager.recurrence import FREQUENCIES, Frequency, Recurrence
from calipso_nornir.scan_manager.request import ScanRequest
from calipso_nornir.scan_manager.states import ENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.stores import Document, Store
    from calipso_nornir.scan_manager.queue import ScanQueue

logger = logging.getLogger(__name__)

COLLECTION: Final = "scheduled_scans"
UPCOMING: Final = "upcoming"
ONGOING: Final = "ongoing"
FINISHED: Final = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A request, and when to make it.

    Attributes:
        request: the request of each run.
        recurrence: when it is due.
        paused: while it is paused, no request is made; missed times are not made up when it is resumed.
        due: the next time (aware, UTC); None if there are no more.
    """

    request: ScanRequest
    recurrence: Recurrence
    paused: bool = False
    due: datetime | None = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Schedule:
        """Read a schedule; flags that are missing have their defaults.

        Without ``start_timestamp`` and ``scheduled_timestamp`` it is due one step after ``submit_timestamp``.

        Raises:
            InvalidRequest: names the field, its value and what is expected.
        """
        fields = Fields(document, f"schedule {document.get('id') or ''}".rstrip())
        named = "freq" if document.get("freq") is not None else "recurrence"
        if document.get(named) is None:
            raise fields.wrong("freq", f"one of {', '.join(FREQUENCIES)}")
        freq = cast("Frequency", fields.one_of(named, FREQUENCIES, default=""))
        due, submitted = fields.time("scheduled_timestamp"), fields.time("submit_timestamp")
        start = fields.time("start_timestamp") or due or submitted
        if start is None:
            raise fields.wrong("submit_timestamp", "a time from which the schedule is counted")
        if freq == "ONCE" and start == submitted and due is None:
            raise fields.wrong("start_timestamp", "the time at which it is due once")
        recurrence = Recurrence(
            freq=freq, start=start, time_zone=fields.text("time_zone") or "UTC", cron=fields.text("cron")
        )
        request = replace(ScanRequest.from_document({**document, "scan_id": document.get("id")}), interval=freq)
        first = due
        if due is None and document.get("last_run") is None:
            first = recurrence.after(start if start == submitted else _before(start))
        return cls(request=request, recurrence=recurrence, paused=fields.flag("paused"), due=first)

    def document(self) -> dict[str, Any]:
        """Return the fields of its document."""
        asked = {name: value for name, value in self.request.document().items() if name != "interval"}
        return {
            **asked,
            "freq": self.recurrence.freq,
            "cron": self.recurrence.cron,
            "time_zone": self.recurrence.time_zone,
            "start_timestamp": self.recurrence.start.isoformat(),
            "paused": self.paused,
            "scheduled_timestamp": self.due.isoformat() if self.due else None,
        }


class Schedules:
    """The schedules of one store."""

    def __init__(self, store: Store, queue: ScanQueue) -> None:
        self._schedules = store.collection(COLLECTION)
        self._queue = queue

    def add(self, schedule: Schedule, *, by: str | None = None) -> str:
        """Store a new schedule and return its id.

        Raises:
            InvalidRequest: it is never due.
        """
        due = schedule.due or schedule.recurrence.after(max(_now(), _before(schedule.recurrence.start)))
        if due is None:
            raise InvalidRequest(f"due once at {schedule.recurrence.start.isoformat()}, which has passed", "start")
        id_ = uuid.uuid4().hex
        noted = {"id": id_, "submit_timestamp": _now().isoformat(), "submitted_by": by, "status": UPCOMING}
        self._schedules.put(id_, {**replace(schedule, due=due).document(), **noted})
        return id_

    def all(self) -> list[Document]:
        """Return the documents of all schedules, the next one first."""
        return self._schedules.find(order=("scheduled_timestamp",))

    def of(self, environment: str) -> list[Document]:
        """Return the documents of an environment's schedules, the next one first."""
        return self._schedules.find({"environment": environment}, order=("scheduled_timestamp",))

    def get(self, id_: str) -> Document | None:
        """Return the document of a schedule."""
        return self._schedules.get(id_)

    def pause(self, id_: str) -> Document:
        """Pause a schedule: make no requests until it is resumed."""
        return self._changed(id_, {"paused": True})

    def resume(self, id_: str) -> Document:
        """Resume a schedule with the next time in the future."""
        schedule = Schedule.from_document(self._there(id_))
        return self._changed(id_, {"paused": False, "scheduled_timestamp": _text(schedule.recurrence.after(_now()))})

    def remove(self, id_: str) -> None:
        """Remove a schedule; requests that it has made are kept."""
        self._there(id_)
        self._schedules.delete(id_)

    def submit_due(self, now: datetime | None = None) -> list[str]:
        """Make a request for every schedule that is due; return the requests' ids. Safe for any number of managers.

        Missed times are made up once. While the last request waits or runs, no further one is made. A schedule that
        cannot be read gets an ``error`` and is otherwise left alone.
        """
        now = now or _now()
        made = (self._run(document, now) for document in self.all())
        return [scan_id for scan_id in made if scan_id is not None]

    def _run(self, document: Document, now: datetime) -> str | None:
        id_ = str(document.get("id"))
        try:
            schedule = Schedule.from_document(document)
        except InvalidRequest as error:
            self._say_wrong(id_, document, error)
            return None
        waits = self._follow(id_, document)
        if schedule.due is not None and document.get("scheduled_timestamp") is None:  # a new one, from another program
            document["scheduled_timestamp"] = schedule.due.isoformat()
            self._schedules.update_if(id_, {}, {"scheduled_timestamp": document["scheduled_timestamp"]})
        if schedule.paused or schedule.due is None or schedule.due > now:
            return None
        if waits:
            self._advance(id_, document, schedule, now)
            logger.info("schedule %s is due, but scan %s has not ended: left out", id_, document["last_scan_id"])
            return None
        # The id contains the due time, so a manager that died before recording the next time makes no second request.
        scan_id = self._queue.submit(
            schedule.request, by=f"schedule {id_}", scan_id=f"{id_}-{schedule.due:%Y%m%dT%H%M%S}"
        )
        self._advance(id_, document, schedule, now, last_scan_id=scan_id, last_run=now.isoformat(), status=ONGOING)
        return scan_id

    def _advance(self, id_: str, document: Document, schedule: Schedule, now: datetime, **changes: str) -> None:
        """Record when it is due next, unless another manager has done so."""
        following = schedule.recurrence.after(now)
        seen = {"scheduled_timestamp": document.get("scheduled_timestamp")}
        self._schedules.update_if(id_, seen, {**changes, "scheduled_timestamp": _text(following), "error": None})

    def _follow(self, id_: str, document: Document) -> bool:
        """Record how the last request ended; return whether it is still waiting or running."""
        if document.get("status") != ONGOING:
            return False
        request = self._queue.get(str(document.get("last_scan_id")))
        if request is not None and request["status"] not in ENDED:
            return True
        status = UPCOMING if document.get("scheduled_timestamp") else FINISHED
        noted = {"status": status, "last_status": request["status"] if request is not None else None}
        self._schedules.update_if(id_, {"status": ONGOING, "last_scan_id": document["last_scan_id"]}, noted)
        return False

    def _say_wrong(self, id_: str, document: Document, error: InvalidRequest) -> None:
        if document.get("error") != str(error):
            logger.warning("%s", error)
            self._schedules.update_if(id_, {}, {"error": str(error)})

    def _changed(self, id_: str, changes: Document) -> Document:
        self._there(id_)
        return self._schedules.update_if(id_, {}, changes) or self._there(id_)

    def _there(self, id_: str) -> Document:
        there = self._schedules.get(id_)
        if there is None:
            raise InvalidRequest(f"there is no schedule {id_}: calipso schedules lists them")
        return there


def _before(moment: datetime) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() - 1e-3, UTC)


def _now() -> datetime:
    return datetime.now(UTC)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
