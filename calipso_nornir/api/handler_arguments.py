# SPDX-License-Identifier: Apache-2.0
"""What handlers may take beside what the request holds: the API's settings, and who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from fastapi import Request

from calipso_nornir.access.principals import Principal
from calipso_nornir.api.dependencies import at_once
from calipso_nornir.api.settings import ApiSettings

if TYPE_CHECKING:
    from fastapi import FastAPI


def settings_of(app: FastAPI) -> ApiSettings:
    """Return what an application was told when it started."""
    settings: ApiSettings = app.state.settings
    return settings


def _api(request: Request) -> ApiSettings:
    return settings_of(request.app)


def _asking(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


Api: TypeAlias = Annotated[ApiSettings, at_once(_api)]
Asking: TypeAlias = Annotated[Principal, at_once(_asking)]
"""Who is asking; the guard has found it out. Not for routes that are open to all."""
