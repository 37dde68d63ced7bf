# SPDX-License-Identifier: Apache-2.0
"""Whoever asks: name, roles, and the password."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.principals import Principal
from calipso_nornir.access.roles import EVERYWHERE, Role
from calipso_nornir.access.users import LONGEST, SHORTEST
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.tokens import RoleWord, TokenShown, shown

router = APIRouter(tags=["me"])
Permission = Literal["read", "scan", "configure", "administer"]


_NEEDED: Final[dict[Permission, Role]] = {"read": Role.VIEWER, "scan": Role.OPERATOR, "configure": Role.ADMIN}


class Me(BaseModel):
    """Who is asking."""

    name: str
    roles: Annotated[dict[str, RoleWord], Field(description="Environment, or * for all → role.")]
    permissions: Annotated[
        dict[str, list[Permission]],
        Field(description="Environment, or * for all → what may be done there.", examples=[{"lab": ["read", "scan"]}]),
    ]
    must_change_password: bool
    token: TokenShown | None = None


class PasswordChange(BaseModel):
    """Another password."""

    model_config = ConfigDict(extra="forbid")

    old: str
    new: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


@router.get("/me")
@needs(with_one_time_password=True)
def me(who: Asking) -> Me:
    """Tell who is asking, and with which roles."""
    return Me(
        name=who.name,
        roles=who.grants.words(),  # type: ignore[arg-type]  # words of roles
        permissions={} if who.only_password else _permissions(who),
        must_change_password=who.only_password,
        token=shown(who.token) if who.token is not None else None,
    )


@router.put("/me/password", status_code=HTTPStatus.NO_CONTENT)
@needs(with_one_time_password=True)
def password(api: Api, who: Asking, change: PasswordChange) -> None:
    """Choose another password. All tokens of the user are revoked."""
    principals = api.principals
    if principals.users.verified(who.name, change.old) is None:
        raise Problem(HTTPStatus.FORBIDDEN, "the old password is wrong", field="old")
    if change.new == change.old:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "expected another password than the old one", field="new")
    principals.users.set_password(who.name, change.new)
    principals.tokens.revoke(who.name)


def _permissions(who: Principal) -> dict[str, list[Permission]]:
    """Say what the roles allow; users and the audit trail belong to admins of everything."""
    found: dict[str, list[Permission]] = {}
    for environment in who.grants.by_environment:
        where = None if environment == EVERYWHERE else environment
        found[environment] = [word for word, needed in _NEEDED.items() if who.may(needed, where)]
        if where is None and who.may(Role.ADMIN, None):
            found[environment].append("administer")
    return found
