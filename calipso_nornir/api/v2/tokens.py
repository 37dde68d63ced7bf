# SPDX-License-Identifier: Apache-2.0
"""Tokens: made with a name and a password (HTTP Basic), listed and revoked by their user."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.roles import role
from calipso_nornir.access.tokens import Token
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.locating import Located
from calipso_nornir.api.problems import Problem

router = APIRouter(tags=["tokens"])
RoleWord = Literal["viewer", "operator", "admin"]


class TokenWanted(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=200, description="What it is for.", examples=["nightly report"])] = ""
    lifetime_s: Annotated[
        int | None, Field(ge=1, le=366 * 86400, description="Seconds until it expires; default: that of the server.")
    ] = None
    scope: Annotated[RoleWord, Field(description="No higher role is had with it.")] = "admin"
    environments: Annotated[
        list[str] | None,
        Field(min_length=1, max_length=1000, description="It counts in these alone.", examples=[["lab"]]),
    ] = None


class TokenShown(BaseModel):
    """What is known of a token."""

    id: str
    name: str
    scope: RoleWord
    environments: list[str] | None = None
    issued_at: datetime
    expires_at: datetime
    last_used: datetime | None = None


class TokenMade(TokenShown):
    """A new token; it is shown this once."""

    token: str


@router.post("/tokens", status_code=HTTPStatus.CREATED)
@needs(with_one_time_password=True)
def make(api: Api, who: Asking, located: Located, wanted: TokenWanted | None = None) -> TokenMade:
    """Make a token for whoever asks.

    One made with a one-time password can only choose another password. One made with a token can do no more than that
    token, and ends with it.
    """
    wanted = wanted or TokenWanted()
    lifetime = timedelta(seconds=wanted.lifetime_s) if wanted.lifetime_s else api.token_lifetime
    secret, token = api.principals.issue(
        who,
        name=wanted.name,
        lifetime=lifetime,
        scope=role(wanted.scope),
        environments=frozenset(wanted.environments) if wanted.environments is not None else None,
    )
    located(token.id)
    return TokenMade(token=secret, **shown(token).model_dump())


@router.get("/tokens")
@needs()
def mine(api: Api, who: Asking) -> list[TokenShown]:
    """List the tokens of whoever asks, the newest first."""
    return [shown(one) for one in api.principals.tokens.of(who.name)]


@router.get("/tokens/{id}")
@needs()
def one_of_mine(api: Api, who: Asking, id: str) -> TokenShown:  # noqa: A002 - the name in the path
    """Show one of one's own tokens; ``current`` is the one that is shown with the request."""
    chosen = who.token_id if id == "current" else id
    found = next((one for one in api.principals.tokens.of(who.name) if one.id == chosen), None)
    if found is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"{who.name} has no token {id}")
    return shown(found)


@router.delete("/tokens", status_code=HTTPStatus.NO_CONTENT)
@needs(with_one_time_password=True)
def revoke_all(api: Api, who: Asking) -> None:
    """Revoke all of one's own tokens, also the one that is shown."""
    api.principals.tokens.revoke(who.name)


@router.delete("/tokens/{id}", status_code=HTTPStatus.NO_CONTENT)
@needs(with_one_time_password=True)
def revoke(api: Api, who: Asking, id: str) -> None:  # noqa: A002 - the name in the path
    """Revoke one of one's own tokens; ``current`` is the one that is shown."""
    chosen = who.token_id if id == "current" else id
    if chosen is None or not api.principals.tokens.revoke(who.name, chosen):
        raise Problem(HTTPStatus.NOT_FOUND, f"{who.name} has no token {id}")


def shown(token: Token) -> TokenShown:
    """Return what may be shown of a token."""
    return TokenShown(
        id=token.id,
        name=token.name,
        scope=token.scope.word,  # type: ignore[arg-type]  # a role's word
        environments=sorted(token.environments) if token.environments is not None else None,
        issued_at=token.issued_at,
        expires_at=token.expires_at,
        last_used=token.last_used,
    )
