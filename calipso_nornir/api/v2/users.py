# SPDX-License-Identifier: Apache-2.0
"""Users and their roles; for admins of everything."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.roles import Grants, Role
from calipso_nornir.access.users import LONGEST, SHORTEST, User
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.locating import Located
from calipso_nornir.api.problems import CONFLICTS, Problem
from calipso_nornir.api.v2.tokens import RoleWord, TokenShown, shown

router = APIRouter(tags=["users"])
Roles = Annotated[
    dict[str, RoleWord], Field(description="Environment, or * for all → role.", examples=[{"lab": "operator"}])
]


class UserShown(BaseModel):
    """A user."""

    name: str
    roles: Roles
    enabled: bool
    must_change_password: bool
    source: Annotated[str, Field(description="Who knows the password and the roles: local, or ldap.")]


class UserWanted(BaseModel):
    """A user to be made. The password is good for one login: the user chooses another one."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$", examples=["ann"])]
    password: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
    roles: Roles = {}


class UserChange(BaseModel):
    """What of a user is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    roles: Roles | None = None
    enabled: bool | None = None
    password: Annotated[
        str | None, Field(min_length=SHORTEST, max_length=LONGEST, description="A one-time password.")
    ] = None


@router.get("/users")
@needs(Role.ADMIN)
def users(api: Api) -> list[UserShown]:
    """List the users."""
    return [_shown(one) for one in api.principals.users.all()]


@router.post("/users", status_code=HTTPStatus.CREATED, responses=CONFLICTS)
@needs(Role.ADMIN)
def add(api: Api, wanted: UserWanted, located: Located) -> UserShown:
    """Make a user."""
    user = User(name=wanted.name, grants=Grants.read(wanted.roles), one_time=True)
    api.principals.users.add(user, wanted.password)
    located(user.name)
    return _shown(user)


@router.get("/users/{name}")
@needs(Role.ADMIN)
def user(api: Api, name: str) -> UserShown:
    """Show a user."""
    return _shown(_there(api, name))


@router.patch("/users/{name}", responses=CONFLICTS)
@needs(Role.ADMIN)
def change(api: Api, name: str, wanted: UserChange) -> UserShown:
    """Change a user's roles, or whether the user may log in, or give a one-time password."""
    principals = api.principals
    _there(api, name)
    grants = None if wanted.roles is None else Grants.read(wanted.roles)
    principals.users.change(name, grants=grants, enabled=wanted.enabled)
    if wanted.password is not None:
        principals.users.set_password(name, wanted.password, one_time=True)
    now = _there(api, name)
    if wanted.password is not None or not now.enabled:
        principals.tokens.revoke(name)
    return _shown(now)


@router.delete("/users/{name}", status_code=HTTPStatus.NO_CONTENT, responses=CONFLICTS)
@needs(Role.ADMIN)
def remove(api: Api, name: str) -> None:
    """Remove a user, with all tokens."""
    principals = api.principals
    _there(api, name)
    principals.users.remove(name)
    principals.tokens.revoke(name)


@router.get("/users/{name}/tokens")
@needs(Role.ADMIN)
def tokens(api: Api, name: str) -> list[TokenShown]:
    """List a user's tokens, the newest first."""
    return [shown(one) for one in api.principals.tokens.of(_there(api, name).name)]


@router.delete("/users/{name}/tokens", status_code=HTTPStatus.NO_CONTENT)
@needs(Role.ADMIN)
def revoke_tokens(api: Api, name: str) -> None:
    """Revoke all tokens of a user."""
    api.principals.tokens.revoke(_there(api, name).name)


def _there(api: Api, name: str) -> User:
    user: User | None = api.principals.users.get(name)
    if user is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no user {name}")
    return user


def _shown(user: User) -> UserShown:
    return UserShown(
        name=user.name,
        roles=user.grants.words(),  # type: ignore[arg-type]  # words of roles
        enabled=user.enabled,
        must_change_password=user.one_time,
        source=user.source,
    )
