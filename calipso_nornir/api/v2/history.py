# SPDX-License-Identifier: Apache-2.0
"""History: what differs between two times or scans, and the versions of one object."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.analysis.history import differences, versions, whole
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.moments import Moment
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pages import Limit
from calipso_nornir.api.v2.pictures import Environment
from calipso_nornir.api.v2.showing import shown
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.stores import Kind

router = APIRouter(prefix="/environments/{environment}", tags=["history"])
Commits = Annotated[int, Query(ge=1, le=500, description="How many of the newest commits to look at.")]
Since = Annotated[Moment | None, Query(description="A time.", examples=["2026-11-28T19:10:00Z"])]


class Different(BaseModel):
    """A document that is not the same at both times."""

    op: Literal["new", "changed", "removed"]
    id: str
    fields: Annotated[list[str], Field(description="Of a changed one: which fields differ.")]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Diff(BaseModel):
    """What differs between two pictures."""

    from_revision: int
    to_revision: int
    items: list[Different]
    whole: Annotated[bool, Field(description="False: there is more than the limit.")]


class VersionShown(BaseModel):
    """A document as a commit left it."""

    revision: int
    at: datetime
    cause: str
    document: Annotated[dict[str, Any] | None, Field(description="null: it was removed.")]


@router.get("/diff")
@needs(Role.VIEWER)
def diff(  # noqa: PLR0913 - the parameters of the query
    api: Api,
    environment: Environment,
    *,
    since: Since = None,
    until: Since = None,
    since_scan: Annotated[str | None, Query(description="Instead of `since`: the end of this scan.")] = None,
    until_scan: Annotated[str | None, Query(description="Instead of `until`: the end of this scan.")] = None,
    kind: Annotated[Literal["inventory", "links", "cliques", "status"], Query()] = "inventory",
    limit: Limit = 1000,
) -> Diff:
    """Tell what differs between two times, or the ends of two scans; until now by default."""
    begin = _time(api, environment, since, since_scan, field="since")
    if begin is None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "give since, or since_scan", field="since")
    end = _time(api, environment, until, until_scan, field="until")
    with ExitStack() as stack:
        before = stack.enter_context(api.store.snapshot(environment, at=begin))
        after = stack.enter_context(api.store.snapshot(environment, at=end))
        found, all_ = whole(differences(before, after, kind), limit=limit)
        return Diff(
            from_revision=before.revision,
            to_revision=after.revision,
            items=[
                Different(
                    op=one.op,
                    id=str((one.after or one.before or {})["_id"]),
                    fields=one.fields,
                    before=None if one.before is None else shown(one.before),
                    after=None if one.after is None else shown(one.after),
                )
                for one in found
            ],
            whole=all_,
        )


@router.get("/versions/{type}/{id:path}")
@needs(Role.VIEWER)
def object_versions(
    api: Api,
    environment: Environment,
    type: str,  # noqa: A002 - the names in the path
    id: str,  # noqa: A002 - as above
    *,
    commits: Commits = 100,
) -> list[VersionShown]:
    """List the versions of one object, the newest first; also of one that is gone, for as long as history is kept."""
    of = ObjectRef(environment, type, id).document_id
    must_have_been(api, environment, of, "inventory", what=f"{type} {id}")
    return versions_shown(api, environment, "inventory", of, commits=commits)


def must_have_been(api: Api, environment: str, document_id: str, *kinds: Kind, what: str) -> None:
    """Raise Problem, 404, if no document of these kinds ever had an ``_id``."""
    if not any(api.store.lives(environment, kind, document_id, limit=1) for kind in kinds):
        detail = f"environment {environment} has no {what}, and had none in the history that is kept"
        raise Problem(HTTPStatus.NOT_FOUND, detail)


def versions_shown(api: Api, environment: str, kind: Kind, document_id: str, *, commits: int) -> list[VersionShown]:
    """Return the versions of one document as they are shown."""
    return [
        VersionShown(
            revision=one.commit.revision,
            at=one.commit.at,
            cause=one.commit.cause,
            document=None if one.document is None else shown(one.document),
        )
        for one in versions(api.store, environment, kind, document_id, commits=commits)
    ]


def _time(api: Api, environment: str, at: datetime | None, scan_id: str | None, *, field: str) -> datetime | None:
    if at is not None and scan_id is not None:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"give {field}, or {field}_scan", field=field)
    if scan_id is None:
        return at
    commit = next((one for one in api.store.commits(environment, limit=10_000) if one.cause == f"scan {scan_id}"), None)
    if commit is None:
        detail = f"environment {environment} has no commit of a scan {scan_id}, or not any more"
        raise Problem(HTTPStatus.NOT_FOUND, detail, field=f"{field}_scan")
    return commit.at
