# SPDX-License-Identifier: Apache-2.0
"""Schedules of scans."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.locating import Located
from calipso_nornir.api.moments import Moment
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.records import ScheduleShown
from calipso_nornir.api.v2.pictures import Environment
from calipso_nornir.api.v2.scans import Wanted
from calipso_nornir.scan_manager import Recurrence, Schedule
from calipso_nornir.scan_manager.recurrence import Frequency

router = APIRouter(prefix="/environments/{environment}", tags=["schedules"])


class ScheduleWanted(Wanted):
    """A schedule to be made: what each scan asks for, and when."""

    freq: Annotated[Frequency, Field(description="How often.", examples=["DAILY"])]
    cron: Annotated[str | None, Field(description="For CRON: as in crontab(5).", examples=["30 2 * * 1-5"])] = None
    time_zone: Annotated[str, Field(description="Whose days and hours count.", examples=["Europe/Berlin"])] = "UTC"
    start: Annotated[Moment | None, Field(description="The first time, from which the others are counted.")] = None

    def schedule(self, environment: Environment) -> Schedule:
        """Return the schedule for an environment."""
        now = datetime.now(UTC)
        recurrence = Recurrence(freq=self.freq, start=self.start or now, time_zone=self.time_zone, cron=self.cron)
        mine = {"freq", "cron", "time_zone", "start"}
        wanted = Wanted(**self.model_dump(exclude=mine)).request(environment)
        return Schedule(
            request=wanted, recurrence=recurrence, due=recurrence.after(now) if self.start is None else None
        )


@router.get("/schedules")
@needs(Role.VIEWER)
def schedules(api: Api, environment: Environment) -> list[ScheduleShown]:
    """List the schedules of an environment, the next one first."""
    return api.schedules.of(environment)


@router.post("/schedules", status_code=HTTPStatus.CREATED)
@needs(Role.OPERATOR)
def add(api: Api, environment: Environment, wanted: ScheduleWanted, who: Asking, located: Located) -> ScheduleShown:
    """Make a schedule."""
    id_ = api.schedules.add(wanted.schedule(environment), by=who.name)
    located(id_)
    return _there(api, environment, id_)


@router.get("/schedules/{id}")
@needs(Role.VIEWER)
def schedule(api: Api, environment: Environment, id: str) -> ScheduleShown:  # noqa: A002 - the name in the path
    """Show a schedule: when it is due next, and how its last scan went."""
    return _there(api, environment, id)


@router.post("/schedules/{id}/pause")
@needs(Role.OPERATOR)
def pause(api: Api, environment: Environment, id: str) -> ScheduleShown:  # noqa: A002 - the name in the path
    """Make no more requests until the schedule is resumed."""
    _there(api, environment, id)
    paused: dict[str, Any] = api.schedules.pause(id)
    return paused


@router.post("/schedules/{id}/resume")
@needs(Role.OPERATOR)
def resume(api: Api, environment: Environment, id: str) -> ScheduleShown:  # noqa: A002 - as above
    """Go on with a paused schedule; what was missed is not made up."""
    _there(api, environment, id)
    resumed: dict[str, Any] = api.schedules.resume(id)
    return resumed


@router.delete("/schedules/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.OPERATOR)
def remove(api: Api, environment: Environment, id: str) -> None:  # noqa: A002 - as above
    """Remove a schedule; the scans that it has asked for stay."""
    _there(api, environment, id)
    api.schedules.remove(id)


def _there(api: Api, environment: str, id_: str) -> dict[str, Any]:
    found: dict[str, Any] | None = api.schedules.get(id_)
    if found is None or found.get("environment") != environment:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {environment} has no schedule {id_}")
    return found
