# SPDX-License-Identifier: Apache-2.0
"""Messages of an environment, and the audit trail of the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.moments import Moment
from calipso_nornir.api.shapes.records import AuditShown, MessageShown
from calipso_nornir.api.shielding import AUDIT
from calipso_nornir.api.v2.listing import Listed
from calipso_nornir.api.v2.pictures import Environment
from calipso_nornir.model.finding import Condition, Range
from calipso_nornir.scan.origin import LogLevel

router = APIRouter(tags=["messages"])


@router.get("/environments/{environment}/messages")
@needs(Role.VIEWER)
def messages(
    api: Api,
    environment: Environment,
    *,
    listed: Listed,
    level: Annotated[LogLevel | None, Query(description="Only those of this level.", examples=["error"])] = None,
    since: Moment | None = None,
) -> list[MessageShown]:
    """List the messages of an environment, the newest first."""
    equal = {"environment": environment, **({"level": level} if level else {})}
    where = since_then("timestamp", since)
    return listed.page(api.store.collection("messages"), equal, order="-timestamp", where=where)


@router.get("/audit")
@needs(Role.ADMIN)
def audit(api: Api, listed: Listed, *, since: Moment | None = None) -> list[AuditShown]:
    """List who changed what, and from where, the newest first."""
    return listed.page(api.store.collection(AUDIT), {}, order="-at", where=since_then("at", since))


def since_then(field: str, since: datetime | None) -> list[Condition]:
    """Return the condition on a time that is written in UTC."""
    return [Range(field, at_least=since.astimezone(UTC).isoformat())] if since is not None else []
