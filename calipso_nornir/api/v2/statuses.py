# SPDX-License-Identifier: Apache-2.0
"""Statuses of objects and links, as monitoring reports them: read, written, and as they were.

A status belongs to an object or link by the ``_id`` of its document. Scans never touch it, and it goes with its object.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.moments import Moment
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.picture import FailureShown, StatusShown
from calipso_nornir.api.shapes.picture import Status as WrittenStatus
from calipso_nornir.api.v2.history import Commits, VersionShown, must_have_been, versions_shown
from calipso_nornir.api.v2.listing import ListedLong
from calipso_nornir.api.v2.pictures import Environment, Seen
from calipso_nornir.api.v2.showing import shown
from calipso_nornir.errors import Overtaken
from calipso_nornir.model.finding import Condition, Range
from calipso_nornir.model.status import FINDING, NOT_GOOD, Status, StatusOf
from calipso_nornir.model.stores import StoreView
from calipso_nornir.monitoring.failures import shown_failure
from calipso_nornir.store.documents import status_document

router = APIRouter(prefix="/environments/{environment}", tags=["statuses"])
Of = Annotated[str, Path(pattern="^[0-9a-f]{24}$", description="The `_id` of the object or link.")]
ATTEMPTS = 5


class StatusWanted(BaseModel):
    """What a check says of an object or link."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[int, Field(ge=0, le=255, description="0 is good; higher is worse.", examples=[2])]
    label: Annotated[str, Field(min_length=1, max_length=100, examples=["Critical"])]
    text: Annotated[str, Field(max_length=65536, description="The check's output.")] = ""
    source: Annotated[str, Field(max_length=500, description="The id of the check.")] = ""
    checked_at: Annotated[Moment | None, Field(description="By default now.")] = None
    attributes: dict[str, Any] = {}


@router.get("/statuses")
@needs(Role.VIEWER)
def statuses(
    seen: Seen,
    listed: ListedLong,
    *,
    at_least: Annotated[int, Query(ge=0, le=255, description="Only statuses of this value, or worse.")] = 0,
) -> list[StatusShown]:
    """List statuses, ordered by the `_id` of what they are about. `findings` has the worst first."""
    where: list[Condition] = [Range(FINDING, at_least=NOT_GOOD)] if at_least else []
    where += [Range("value", at_least=at_least)] if at_least > 1 else []
    with seen.looking() as (_, view):
        return [shown(one) for one in listed.documents(view, "status", where)]


@router.get("/findings")
@needs(Role.VIEWER)
def list_findings(seen: Seen, listed: ListedLong) -> list[FailureShown]:
    """List what is wrong: each failure once, the worst first, with what follows from it; equally bad ones by `_id`."""
    with seen.looking() as (_, view):
        return [shown_failure(one) for one in listed.failures(view)]


@router.get("/statuses/{of}")
@needs(Role.VIEWER)
def status(seen: Seen, of: Of) -> StatusShown:
    """Show the status of an object or link."""
    with seen.looking() as (_, view):
        found = view.status(of)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing with _id {of} has a status in environment {view.environment}")
        return shown(status_document(found))


@router.get("/statuses/{of}/versions")
@needs(Role.VIEWER)
def status_versions(api: Api, environment: Environment, of: Of, *, commits: Commits = 100) -> list[VersionShown]:
    """List what the status was, the newest first; also of what is gone, for as long as history is kept."""
    must_have_been(api, environment, of, "status", "inventory", "links", what=f"object or link with _id {of}")
    return versions_shown(api, environment, "status", of, commits=commits)


@router.put("/statuses/{of}", responses={HTTPStatus.CREATED: {"description": "The first one.", "model": WrittenStatus}})
@needs(Role.OPERATOR)
def write(  # noqa: PLR0913, PLR0917 - the parts of the request
    api: Api, environment: Environment, of: Of, who: Asking, wanted: StatusWanted, response: Response
) -> StatusShown:
    """Write the status of an object or link that is there; `since` stays as long as the value does."""
    for attempt in range(ATTEMPTS):
        with api.store.snapshot(environment) as view:
            made = _made(view, of, wanted)
            is_first = view.status(of) is None
            base = view.revision
        try:
            with api.store.write(environment, base=base, cause=f"status by {who.name}") as writer:
                writer.depends_on(made.kind, [of])
                writer.put("status", [status_document(made)])
        except Overtaken:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            break
    response.status_code = HTTPStatus.CREATED if is_first else HTTPStatus.OK
    return shown(status_document(made))


@router.delete("/statuses/{of}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.OPERATOR)
def remove(api: Api, environment: Environment, of: Of, who: Asking) -> None:
    """Remove a status: nothing checks the object any more."""
    with api.store.snapshot(environment) as view:
        if view.status(of) is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"nothing with _id {of} has a status in environment {environment}")
    with api.store.write(environment, cause=f"status removed by {who.name}") as writer:
        writer.remove("status", [of])


def _made(view: StoreView, of: str, wanted: StatusWanted) -> Status:
    kinds: tuple[StatusOf, ...] = ("inventory", "links")
    kind = next((one for one in kinds if view.get_by_id(one, of) is not None), None)
    if kind is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {view.environment} has no object or link with _id {of}")
    checked = wanted.checked_at or datetime.now(UTC)
    before = view.status(of)
    since = before.since if before is not None and before.value == wanted.value else checked
    return Status(
        environment=view.environment,
        of=of,
        kind=kind,
        value=wanted.value,
        label=wanted.label,
        text=wanted.text,
        since=since,
        checked_at=checked,
        source=wanted.source,
        attributes=wanted.attributes,
    )
