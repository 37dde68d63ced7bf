# SPDX-License-Identifier: Apache-2.0
"""What changed: a page of changes after a revision, a stream of them (server-sent events), and the log of commits."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import guard, needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.records import ChangeShown, CommitShown
from calipso_nornir.api.v2.pages import Limit
from calipso_nornir.api.v2.pictures import MOST_REVISIONS, Environment
from calipso_nornir.api.v2.showing import shown
from calipso_nornir.errors import CalipsoError, TooManyChanges
from calipso_nornir.model.changes import MOST_AT_ONCE, Change
from calipso_nornir.model.stores import Store

router = APIRouter(prefix="/environments/{environment}", tags=["changes"])
POLL_S: Final = 1.0
HEARTBEAT_S: Final = 15.0
"""Longest silence: proxies end a connection on which nothing is said; the right to listen is checked then, too."""
Since = Annotated[int, Query(ge=0, le=MOST_REVISIONS, description="Changes after this revision.")]


@router.get("/changes")
@needs(Role.VIEWER)
def changes(api: Api, environment: Environment, since: Since, *, limit: Limit = 1000) -> list[ChangeShown]:
    """List what was put and removed after a revision, in its order; 404 when it is older than what is kept.

    All changes of a revision come together: there may be more than ``limit``. Go on after the last revision. If one
    alone has more than 20,000, the answer is 404, too: read its objects and links, and go on after it.
    """
    return [_shown(one) for one in api.store.changes(environment, since=since, limit=limit, most=MOST_AT_ONCE)]


@router.get(
    "/changes/stream",
    response_class=StreamingResponse,
    responses={200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
@needs(Role.VIEWER)
def stream(
    request: Request,
    api: Api,
    environment: Environment,
    *,
    since: Annotated[int | None, Query(ge=0, le=MOST_REVISIONS, description="Where to begin; default: now.")] = None,
    last_event_id: Annotated[
        str | None, Header(description="Where a stream that broke off is to go on; browsers send it.")
    ] = None,
) -> StreamingResponse:
    """Stream changes as server-sent events: one event for each revision, with its number as ``id``.

    For a revision with more than 20,000 changes, the event is ``too_many``: read its objects and links.
    """
    begin = _revision(last_event_id) if last_event_id else since
    if begin is None:
        with api.store.snapshot(environment) as view:
            begin = view.revision
    with suppress(TooManyChanges):  # of this, the stream tells
        api.store.changes(environment, since=begin, limit=1, most=MOST_AT_ONCE)  # an error is an answer, not its end
    return StreamingResponse(_events(request, api.store, environment, begin), media_type="text/event-stream")


@router.get("/commits")
@needs(Role.VIEWER)
def commits(api: Api, environment: Environment, *, limit: Limit = 100) -> list[CommitShown]:
    """List the newest commits, newest first: when, why, and how much each changed."""
    return [asdict(one) for one in api.store.commits(environment, limit=limit)]


def _revision(last: str) -> int:
    """Return the revision of an event's id. Raises Problem, 422: to begin anywhere else would leave changes out."""
    if not (
        last.isascii() and last.isdecimal() and len(last) <= len(str(MOST_REVISIONS)) and int(last) <= MOST_REVISIONS
    ):
        detail = "expected the id of an event of this stream: a revision"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="last-event-id")
    return int(last)


async def _events(request: Request, store: Store, environment: str, since: int) -> AsyncIterator[str]:
    """Yield events until the client goes or loses its right, the store fails, or the process is to end."""
    said = time.monotonic()
    while not (await request.is_disconnected() or request.app.state.ending()):
        try:
            found = await to_thread.run_sync(
                lambda: store.changes(environment, since=since, most=MOST_AT_ONCE)  # noqa: B023 - at once
            )
        except TooManyChanges as error:
            since, said, found = error.revision, time.monotonic(), ()
            yield f"id: {since}\nevent: too_many\ndata: {json.dumps(str(error))}\n\n"
        except CalipsoError as error:
            yield f"event: error\ndata: {json.dumps(str(error))}\n\n"
            return
        for revision in sorted({one.revision for one in found}):
            shown = [_shown(one) for one in found if one.revision == revision]
            yield f"id: {revision}\nevent: changes\ndata: {json.dumps(shown, default=_text)}\n\n"
            since, said = revision, time.monotonic()
        if time.monotonic() - said >= HEARTBEAT_S:
            try:
                await guard(request)
            except Exception:  # noqa: BLE001 - whatever it says, the right is gone
                return
            said = time.monotonic()
            yield ": still here\n\n"
        await anyio.sleep(POLL_S)


def _shown(change: Change) -> dict[str, Any]:
    return {
        "revision": change.revision,
        "op": change.op,
        "kind": change.kind,
        "id": change.document_id,
        "document": shown(change.document) if change.document is not None else None,
    }


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
