# SPDX-License-Identifier: Apache-2.0
"""Events: how the listener of an environment is, the notifications that came, and the dead letters."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.moments import Moment
from calipso_nornir.api.problems import CONFLICTS, Problem
from calipso_nornir.api.shapes.records import DeadLetterShown, EventShown
from calipso_nornir.api.v2.listing import Listed
from calipso_nornir.api.v2.messages import since_then
from calipso_nornir.api.v2.pictures import Environment
from calipso_nornir.live.journal import DEAD_LETTERS, Outcome
from calipso_nornir.live.letters import redrive
from calipso_nornir.live.standing import LISTENERS, state_of
from calipso_nornir.model.stores import Document

router = APIRouter(prefix="/environments/{environment}", tags=["events"])

LISTENER_SHOWN = ("listeners", "received", "handled", "ignored", "retried", "dead", "waiting", "lag_p50_s", "lag_p95_s")


class Listener(BaseModel):
    """How an environment is listened to."""

    environment: str
    state: Annotated[str, Field(description="running, starting, backoff, error or stopped.")]
    problem: Annotated[str, Field(description="Why it does not listen.")] = ""
    since_start: Annotated[
        dict[str, Any], Field(description="Counters of its process, and seconds from arrival to commit.")
    ] = {}
    timestamp: Annotated[str | None, Field(description="When it wrote this last.")] = None


@router.get("/listener")
@needs(Role.VIEWER)
def listener(api: Api, environment: Environment) -> Listener:
    """Show how the listener of an environment is, and what it has done since it began."""
    found = api.store.collection(LISTENERS).get(environment)
    state, problem = state_of(found)
    known = found or {}
    counted = {name: known[name] for name in LISTENER_SHOWN if name in known}
    return Listener(
        environment=environment,
        state=state,
        problem=problem,
        since_start=counted,
        timestamp=known.get("timestamp"),
    )


@router.get("/events")
@needs(Role.VIEWER)
def events(  # noqa: PLR0913 - the parameters of the request
    api: Api,
    environment: Environment,
    *,
    type: Annotated[str | None, Query(examples=["port.create.end"])] = None,  # noqa: A002 - the name in the query
    outcome: Outcome | None = None,
    listed: Listed,
    since: Moment | None = None,
) -> list[EventShown]:
    """List the notifications that came, the newest first, with what each touched and what has become of it."""
    equal = {"environment": environment, "origin_type": "event"}
    equal |= {"event_type": type} if type is not None else {}
    equal |= {"outcome": outcome} if outcome is not None else {}
    where = since_then("timestamp", since)
    return listed.page(api.store.collection("messages"), equal, order="-timestamp", where=where)


@router.get("/dead-letters")
@needs(Role.OPERATOR)
def dead_letters(api: Api, environment: Environment, listed: Listed) -> list[DeadLetterShown]:
    """List messages that could not be read, and those whose work failed too often; the newest first."""
    return listed.page(api.store.collection(DEAD_LETTERS), {"environment": environment}, order="-timestamp")


@router.post("/dead-letters/{id}/redrive", status_code=HTTPStatus.ACCEPTED, responses=CONFLICTS)
@needs(Role.OPERATOR)
def send_again(api: Api, environment: Environment, id: str) -> DeadLetterShown:  # noqa: A002 - the name in the path
    """Let a dead letter be tried once more; it is gone once its work is done."""
    found = _there(api, environment, id)
    if not redrive(api.store, id):
        raise Problem(HTTPStatus.CONFLICT, f"dead letter {id} could never be read: {found.get('problem')}")
    return _there(api, environment, id)


@router.delete("/dead-letters/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.OPERATOR)
def forget(api: Api, environment: Environment, id: str) -> None:  # noqa: A002 - as above
    """Remove a dead letter."""
    _there(api, environment, id)
    api.store.collection(DEAD_LETTERS).delete(id)


def _there(api: Api, environment: str, id_: str) -> Document:
    found: Document | None = api.store.collection(DEAD_LETTERS).get(id_)
    if found is None or found.get("environment") != environment:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {environment} has no dead letter {id_}")
    return found
