# SPDX-License-Identifier: Apache-2.0
"""Messages of an environment, and the audit trail of the API."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.shielding import AUDIT
from calipso_nornir.api.v2.pages import Limit
from calipso_nornir.api.v2.pictures import must_exist
from calipso_nornir.model.finding import Range

router = APIRouter(tags=["messages"])


@router.get("/environments/{environment}/messages")
@needs(Role.VIEWER)
def messages(
    request: Request,
    environment: str,
    *,
    level: Annotated[str | None, Query(examples=["error"])] = None,
    since: AwareDatetime | None = None,
    limit: Limit = 100,
) -> list[dict[str, Any]]:
    """List the messages of an environment, the newest first."""
    must_exist(request.app.state.settings.store, environment)
    equal = {"environment": environment, **({"level": level} if level else {})}
    where = [Range("timestamp", at_least=since.isoformat())] if since is not None else []
    found = request.app.state.settings.store.collection("messages").find(equal, where=where, order=("timestamp", "id"))
    return list(reversed(found))[:limit]


@router.get("/audit")
@needs(Role.ADMIN)
def audit(request: Request, *, since: AwareDatetime | None = None, limit: Limit = 100) -> list[dict[str, Any]]:
    """List who changed what, and from where, the newest first."""
    where = [Range("at", at_least=since.isoformat())] if since is not None else []
    found = request.app.state.settings.store.collection(AUDIT).find(where=where, order=("at", "id"))
    return list(reversed(found))[:limit]
