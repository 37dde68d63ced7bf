# SPDX-License-Identifier: Apache-2.0
"""The one place that decides who gets in: every route says what it needs, and a route that says nothing is closed.

``needs(Role.OPERATOR)`` stands above each handler. The guard is a dependency of the whole application: it runs before
each handler, finds out who is asking, and compares. A request that names an environment, in its path or (the older API)
in its query or body, needs the role there. Any other path needs it everywhere (``*``); with ``anywhere=True`` any
environment will do, and its handler gives only what may be seen.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from calipso_nornir.api.bodies import look_at
from calipso_nornir.api.dependencies import in_a_thread
from calipso_nornir.api.handler_arguments import settings_of
from calipso_nornir.api.problems import Problem
from calipso_nornir.store.environments import COLLECTION as ENVIRONMENTS

if TYPE_CHECKING:
    from calipso_nornir.access.principals import Principal
    from calipso_nornir.access.roles import Role
    from calipso_nornir.api.settings import ApiSettings

NEEDS: Final = "__needs__"
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="calipso"'}
F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class NamedEnvironments:
    """Where, beside the path, a request may name environments; each one that it names is checked."""

    place: Literal["query", "body"]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route needs.

    Attributes:
        role: at least this one; None: whoever is logged in.
        open: anybody, without a login.
        anywhere: the role in any environment is enough.
        with_one_time_password: also whoever may only choose another password.
        named: where the environment stands, if not in the path. A request that names none is let through with the role
            in any environment, to be told that it has to, or to be given only what may be seen.
    """

    role: Role | None = None
    open: bool = False
    anywhere: bool = False
    with_one_time_password: bool = False
    named: NamedEnvironments | None = None


def needs(
    role: Role | None = None, *, anywhere: bool = False, with_one_time_password: bool = False
) -> Callable[[F], F]:
    """Say what a handler's route needs."""
    return _saying(Needs(role, anywhere=anywhere, with_one_time_password=with_one_time_password))


def open_to_all() -> Callable[[F], F]:
    """Say that a handler's route needs no login."""
    return _saying(Needs(open=True))


def say_needs(handler: Callable[..., object], needed: Needs, *, named: NamedEnvironments | None = None) -> None:
    """Say what a handler's route needs, for one that is made from data."""
    setattr(handler, NEEDS, replace(needed, named=named))


def needs_of(endpoint: object) -> Needs | None:
    """Return what a handler's route needs; None when it does not say."""
    return getattr(endpoint, NEEDS, None)


async def read_body(request: Request) -> None:
    """Read the JSON body of a route that names environments there, into ``request.state.body``; None: it is no JSON.

    A text with half a character (a lone surrogate) is none: no answer and no store could hold it. Bodies of all other
    routes are read by FastAPI; those that cannot be kept are refused here.
    """
    needed = needs_of(request.scope.get("endpoint"))
    if needed is None or needed.named is None or needed.named.place != "body":
        if request.method in WITH_BODY:
            look_at(await request.body())
        return
    try:
        body = json.loads(await request.body())
        json.dumps(body, ensure_ascii=False).encode()
        request.state.body = body
    except (ValueError, RecursionError):
        request.state.body = None


async def guard(request: Request) -> None:
    """Let a request through, with ``request.state.principal``, or raise Problem: 401 or 403.

    ``request.state.described`` is true if the environment in the path is known to have a description.

    Only who is asking is looked up in a thread: what is open to all is answered even if all threads are busy.
    """
    needed = needs_of(request.scope.get("endpoint"))
    if needed is None:
        raise Problem(HTTPStatus.FORBIDDEN, "this route does not say who may use it, so nobody may")
    if needed.open:
        return
    settings = settings_of(request.app)
    principal = await run_in_threadpool(_principal, request, settings)
    if principal is None:
        raise Problem(HTTPStatus.UNAUTHORIZED, _why_not(request), headers=_CHALLENGE)
    request.state.principal = principal
    if principal.only_password and not needed.with_one_time_password:
        raise Problem(HTTPStatus.FORBIDDEN, "a one-time password is to be changed first: PUT /api/v2/me/password")
    _check_role(request, needed, principal)


def _check_role(request: Request, needed: Needs, principal: Principal) -> None:
    role = needed.role
    if role is None:
        return
    environments = _named(request, needed)
    if not environments and (needed.anywhere or needed.named is not None):
        if not principal.grants.anywhere(role):
            raise Problem(HTTPStatus.FORBIDDEN, f"{principal.name} is not {role.word} in any environment")
        return
    wanted: list[str | None] = [*environments] or [None]
    for environment in wanted:
        if not principal.may(role, environment):
            where = f"in environment {environment}" if environment is not None else "everywhere"
            raise Problem(HTTPStatus.FORBIDDEN, f"{principal.name} is not {role.word} {where}")


def _named(request: Request, needed: Needs) -> list[str]:
    """Return the environments that a request names."""
    in_path = request.path_params.get("environment")
    if in_path is not None:
        return [in_path]
    if needed.named is None:
        return []
    if needed.named.place == "query":
        found = [value for name in needed.named.names for value in request.query_params.getlist(name)]
    else:
        body = request.state.body if isinstance(request.state.body, dict) else {}
        found = [body[name] for name in needed.named.names if isinstance(body.get(name), str)]
    named = [name for name in found if name]
    request.state.environment = named[0] if named else None
    return named


def _principal(request: Request, settings: ApiSettings) -> Principal | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    match scheme.casefold():
        case "bearer":
            return _by_token(request, settings, given.strip())
        case "basic":
            return _by_password(request, settings, given.strip())
    token = request.headers.get("x-auth-token")
    return _by_token(request, settings, token) if token else None


def _by_token(request: Request, settings: ApiSettings, secret: str) -> Principal | None:
    """Return whose token this is; read the description of the environment in the path in the same round trip."""
    name = request.path_params.get("environment")
    principal, described = settings.principals.asking(secret, *([(ENVIRONMENTS, name)] if name else []))
    request.state.described = bool(described and described[0] is not None)
    return principal


def _why_not(request: Request) -> str:
    """Say why a request is nobody's, and how to log in."""
    scheme = request.headers.get("authorization", "").partition(" ")[0].casefold()
    if scheme == "basic":
        return "the name or the password is wrong, or the user is locked out"
    if scheme == "bearer" or (not scheme and "x-auth-token" in request.headers):
        return "the token is unknown, has expired or is revoked; POST /api/v2/tokens makes another"
    return "log in: Authorization: Bearer TOKEN; POST /api/v2/tokens makes one"


def _by_password(request: Request, settings: ApiSettings, given: str) -> Principal | None:
    try:
        name, colon, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise Problem(
            HTTPStatus.BAD_REQUEST, "Authorization: Basic expects base64 of NAME:PASSWORD", field="authorization"
        )
    return logged_in(request, settings, name, password)


def logged_in(request: Request, settings: ApiSettings, name: str, password: str) -> Principal | None:
    """Return who has this name and password; None if nobody does. Raises Problem, 429, after too many failures."""
    keys = (f"user {name}", f"address {request.client.host if request.client else ''}")
    with settings.throttle.attempt(*keys) as wait:
        if wait > 0:
            raise Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"too many failed logins: try again in {wait:.0f} s",
                headers={"Retry-After": str(int(wait) + 1)},
            )
        principal = settings.principals.by_password(name, password)
        if principal is None:
            settings.throttle.failed(*keys)
            settings.meter.login_failed()
        else:
            settings.throttle.succeeded(*keys)
    return principal


def _saying(needed: Needs) -> Callable[[F], F]:
    def say(handler: F) -> F:
        is_async: bool = iscoroutinefunction(handler)
        served = handler if is_async else in_a_thread(handler)
        setattr(served, NEEDS, needed)
        return served

    return say
