# SPDX-License-Identifier: Apache-2.0
"""Whoever asks: name, roles, and the password."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.users import LONGEST, SHORTEST
from calipso_nornir.api.guard import needs
from calipso_nornir.api.parameters import Api, Asking
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.tokens import RoleWord

router = APIRouter(tags=["me"])


class Me(BaseModel):
    """Who is asking."""

    name: str
    roles: Annotated[dict[str, RoleWord], Field(description="Environment, or * for all → role.")]
    must_change_password: bool


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
        must_change_password=who.only_password,
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
