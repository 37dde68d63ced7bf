# SPDX-License-Identifier: Apache-2.0
"""Webhooks: subscriptions to changes, their state, and sending again. Secrets go in, or are shown once, and stay."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.locating import Located
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pictures import MOST_REVISIONS, Environment
from calipso_nornir.model.stores import Document
from calipso_nornir.store.type_names import unknown
from calipso_nornir.webhooks.subscriptions import State, SubscriptionFilter

router = APIRouter(prefix="/environments/{environment}/webhooks", tags=["webhooks"])
Since = Annotated[int | None, Field(ge=0, le=MOST_REVISIONS, description="Begin after this revision; by default now.")]


class WebhookWanted(BaseModel):
    """A subscription to be made; an empty list is everything."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=2000, examples=["https://hooks.example.com/calipso"])]
    kinds: list[Literal["inventory", "links", "cliques", "status"]] = []
    types: Annotated[list[str], Field(max_length=100, examples=[["instance", "vnic-vedge"]])] = []
    events: list[Literal["put", "remove"]] = []
    secret: Annotated[
        str | None, Field(description="whsec_ and base64 of 24 to 64 bytes; by default a new one.", max_length=200)
    ] = None
    since: Since = None


class Resumed(BaseModel):
    """Where to go on."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[
        int | None, Field(ge=0, le=MOST_REVISIONS, description="After this revision; by default where it stopped.")
    ] = None


class Webhook(BaseModel):
    """A subscription, without its secret."""

    id: str
    environment: str
    url: str
    kinds: list[str]
    types: list[str]
    events: list[str]
    by: str
    at: str
    cursor: Annotated[int, Field(description="The last revision that was delivered.")]
    state: Annotated[State, Field(description="paused: it failed too often; resume it.")]
    failures: Annotated[int, Field(description="In a row.")]
    error: str | None
    next_at: Annotated[str | None, Field(description="When it is tried again.")]
    delivered: Annotated[int, Field(description="Messages that were taken.")]
    delivered_at: str | None


class WebhookMade(Webhook):
    """A new subscription; its secret is shown this once."""

    secret: str


@router.get("")
@needs(Role.ADMIN)
def webhooks(api: Api, environment: Environment) -> list[Webhook]:
    """List the subscriptions of an environment."""
    return [Webhook(**_shown(one)) for one in api.webhooks.all(environment)]


@router.post("", status_code=HTTPStatus.CREATED)
@needs(Role.ADMIN)
def subscribe(api: Api, environment: Environment, who: Asking, wanted: WebhookWanted, located: Located) -> WebhookMade:
    """Subscribe a URL to changes. Messages are signed as in Standard Webhooks, and come at least once, in order."""
    known = (*api.catalog.object_types, *(one["type"] for one in api.store.collection("link_types").find()))
    for one in wanted.types:
        if one not in known:
            detail = str(unknown("type of objects or links", one, known))
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="types")
    since = wanted.since
    if since is None:
        with api.store.snapshot(environment) as view:
            since = view.revision
    made, secret = api.webhooks.add(
        SubscriptionFilter(
            environment=environment,
            url=wanted.url,
            kinds=tuple(wanted.kinds),
            types=tuple(wanted.types),
            events=tuple(wanted.events),
        ),
        since=since,
        by=who.name,
        secret=wanted.secret,
    )
    located(made["id"])
    return WebhookMade(**_shown(made), secret=secret)


@router.get("/{id}")
@needs(Role.ADMIN)
def webhook(api: Api, environment: Environment, id: str) -> Webhook:  # noqa: A002 - the name in the path
    """Show a subscription: how far it is, and what went wrong."""
    return Webhook(**_shown(_there(api, environment, id)))


@router.post("/{id}/resume")
@needs(Role.ADMIN)
def resume(api: Api, environment: Environment, id: str, wanted: Resumed | None = None) -> Webhook:  # noqa: A002 - as above
    """Send again at once, from where it stopped, or after a revision: what was sent since then is sent once more."""
    _there(api, environment, id)
    found = api.webhooks.resume(id, since=wanted.since if wanted is not None else None)
    return Webhook(**_shown(found or _there(api, environment, id)))


@router.delete("/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def unsubscribe(api: Api, environment: Environment, id: str) -> None:  # noqa: A002 - as above
    """Remove a subscription."""
    _there(api, environment, id)
    api.webhooks.remove(id)


def _there(api: Api, environment: str, id_: str) -> Document:
    found: Document | None = api.webhooks.get(environment, id_)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {environment} has no webhook {id_}")
    return found


def _shown(document: Document) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in ("owner", "lease_until", "key")}
