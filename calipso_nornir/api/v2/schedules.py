# SPDX-License-Identifier: Apache-2.0
"""Schedules of scans."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Asking, needs
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pictures import must_exist
from calipso_nornir.api.v2.scans import Wanted
from calipso_nornir.scan_manager import Recurrence, Schedule
from calipso_nornir.scan_manager.recurrence import Frequency

router = APIRouter(prefix="/environments/{environment}", tags=["schedules"])


class ScheduleWanted(Wanted):
    """A schedule to be made: what each scan asks for, and when."""

    freq: Annotated[Frequency, Field(description="How often.", examples=["DAILY"])]
    cron: Annotated[str | None, Field(description="For CRON: as in crontab(5).", examples=["30 2 * * 1-5"])] = None
    time_zone: Annotated[str, Field(description="Whose days and hours count.", examples=["Europe/Berlin"])] = "UTC"
    start: Annotated[AwareDatetime | None, Field(description="The first time, from which the others are counted.")] = (
        None
    )

    def schedule(self, environment: str) -> Schedule:
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
def schedules(request: Request, environment: str) -> list[dict[str, Any]]:
    """List the schedules of an environment, the next one first."""
    must_exist(request.app.state.settings.store, environment)
    return [one for one in request.app.state.settings.schedules.all() if one.get("environment") == environment]


@router.post("/schedules", status_code=HTTPStatus.CREATED)
@needs(Role.OPERATOR)
def add(request: Request, environment: str, wanted: ScheduleWanted, who: Asking) -> dict[str, Any]:
    """Make a schedule."""
    settings = request.app.state.settings
    must_exist(settings.store, environment)
    return _there(request, environment, settings.schedules.add(wanted.schedule(environment), by=who.name))


@router.post("/schedules/{id}/pause")
@needs(Role.OPERATOR)
def pause(request: Request, environment: str, id: str) -> dict[str, Any]:  # noqa: A002 - the name in the path
    """Make no more requests until the schedule is resumed."""
    _there(request, environment, id)
    paused: dict[str, Any] = request.app.state.settings.schedules.pause(id)
    return paused


@router.post("/schedules/{id}/resume")
@needs(Role.OPERATOR)
def resume(request: Request, environment: str, id: str) -> dict[str, Any]:  # noqa: A002 - as above
    """Go on with a paused schedule; what was missed is not made up."""
    _there(request, environment, id)
    resumed: dict[str, Any] = request.app.state.settings.schedules.resume(id)
    return resumed


@router.delete("/schedules/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.OPERATOR)
def remove(request: Request, environment: str, id: str) -> None:  # noqa: A002 - as above
    """Remove a schedule; the scans that it has asked for stay."""
    _there(request, environment, id)
    request.app.state.settings.schedules.remove(id)


def _there(request: Request, environment: str, id_: str) -> dict[str, Any]:
    found = [one for one in request.app.state.settings.schedules.all() if one.get("id") == id_]
    if not found or found[0].get("environment") != environment:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {environment} has no schedule {id_}")
    return dict(found[0])
