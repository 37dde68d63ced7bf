# SPDX-License-Identifier: Apache-2.0
"""/auth/tokens: a token for a name and a password, or for a token; and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs, logged_in
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import Parameter
from calipso_nornir.api.v1.reading import read, wrong
from calipso_nornir.api.v1.shapes import TEXT, TIME, exactly

if TYPE_CHECKING:
    from calipso_nornir.access.tokens import Token
    from calipso_nornir.api.v1.answers import Answer

router = APIRouter()

CREDENTIALS: Final = ("credentials", "password")
"""The developer guide's name of this method is the second."""
_AUTH: Final = (
    Parameter(name="methods", type="list", needed=True, one_of=(*CREDENTIALS, "token")),
    Parameter(name="credentials", type="object"),
    Parameter(name="token"),
)
_CREDENTIALS: Final = (Parameter(name="username", needed=True), Parameter(name="password", needed=True))


@dataclass(frozen=True, slots=True)
class Authentication:
    """Somebody who has shown who they are: the most that their new token may do, and how long."""

    user: str
    scope: Role
    environments: frozenset[str] | None
    only_password: bool
    lifetime: timedelta


@operation(
    router,
    "POST /auth/tokens",
    needs=Needs(open=True),
    answer=exactly(
        {
            "token": TEXT,
            "method": {"enum": ["credentials", "token"]},
            "_id": TEXT,
            "id": TEXT,
            "issued_at": TIME,
            "expires_at": TIME,
        }
    ),
    parameters=(Parameter(name="auth", type="object", needed=True),),
)
def make(asked: Asked) -> Answer:
    """Make a token.

    ``{"auth": {"methods": ["credentials"], "credentials": {"username": …, "password": …}}}``, or the method ``token``
    with a ``token``. The new token then ends when that one does.
    """
    auth = read(asked["auth"], _AUTH, constants=lambda _name: ())
    method, proof = _proven(asked, auth)
    secret, token = asked.api.principals.tokens.issue(
        proof.user,
        name="older API",
        lifetime=proof.lifetime,
        scope=proof.scope,
        environments=proof.environments,
        only_password=proof.only_password,
    )
    return {"token": secret, "method": method, **_shown(token)}


@operation(router, "DELETE /auth/tokens", needs=Needs(with_one_time_password=True), answer=None)
def revoke(asked: Asked) -> None:
    """Revoke the token that the header X-Auth-Token shows."""
    token = asked.who.token_id
    if token is None or not asked.api.principals.tokens.revoke(asked.who.name, token):
        raise wrong("the header X-Auth-Token must name a token of this API: it is to be revoked")


def _proven(asked: Asked, auth: dict[str, Any]) -> tuple[str, Authentication]:
    """Try the methods: the credentials first. Raises Problem, 401, if none shows who is asking."""
    methods, proof = auth["methods"], None
    if set(methods) & set(CREDENTIALS):
        if auth["credentials"] is None:
            raise Problem(HTTPStatus.UNAUTHORIZED, "credentials must be provided for the method credentials")
        proof = _by_credentials(asked, read(auth["credentials"], _CREDENTIALS, constants=lambda _name: ()))
        if proof is not None:
            return CREDENTIALS[0], proof
    if "token" in methods:
        if auth["token"] is None and proof is None and len(methods) == 1:
            raise Problem(HTTPStatus.UNAUTHORIZED, "a token must be provided for the method token")
        proof = _by_token(asked, auth["token"] or "")
        if proof is not None:
            return "token", proof
    raise Problem(HTTPStatus.UNAUTHORIZED, "the credentials are wrong, or the token is unknown or has expired")


def _by_credentials(asked: Asked, given: dict[str, str]) -> Authentication | None:
    who = logged_in(asked.request, asked.api, given["username"], given["password"])
    if who is None:
        return None
    asked.request.state.principal = who  # for the audit trail
    return Authentication(who.name, Role.ADMIN, None, who.only_password, asked.api.token_lifetime)


def _by_token(asked: Asked, secret: str) -> Authentication | None:
    principals = asked.api.principals
    who, token = principals.by_token(secret), principals.tokens.found(secret)
    if who is None or token is None:
        return None
    asked.request.state.principal = who  # for the audit trail
    left = token.expires_at - datetime.now(UTC)
    return Authentication(who.name, token.scope, token.environments, who.only_password, max(left, timedelta(seconds=1)))


def _shown(token: Token) -> dict[str, Any]:
    return {"_id": token.id, "id": token.id, "issued_at": token.issued_at, "expires_at": token.expires_at}
