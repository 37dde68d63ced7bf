# SPDX-License-Identifier: Apache-2.0
"""Messages of an environment, and the audit trail of the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.parameters import Api
from calipso_nornir.api.shapes.records import AuditShown, MessageShown
from calipso_nornir.api.shielding import AUDIT
from calipso_nornir.api.v2.pages import Limit
from calipso_nornir.api.v2.pictures import Environment
from calipso_nornir.model.finding import Range
from calipso_nornir.model.stores import Collection, Document

router = APIRouter(tags=["messages"])


@router.get("/environments/{environment}/messages")
@needs(Role.VIEWER)
def messages(
    api: Api,
    environment: Environment,
    *,
    level: Annotated[str | None, Query(examples=["error"])] = None,
    since: AwareDatetime | None = None,
    limit: Limit = 100,
) -> list[MessageShown]:
    """List the messages of an environment, the newest first."""
    equal = {"environment": environment, **({"level": level} if level else {})}
    return _newest(api.store.collection("messages"), equal, field="timestamp", since=since)[:limit]


@router.get("/audit")
@needs(Role.ADMIN)
def audit(api: Api, *, since: AwareDatetime | None = None, limit: Limit = 100) -> list[AuditShown]:
    """List who changed what, and from where, the newest first."""
    return _newest(api.store.collection(AUDIT), {}, field="at", since=since)[:limit]


def _newest(collection: Collection, equal: Mapping[str, str], *, field: str, since: datetime | None) -> list[Document]:
    """Return documents with a time in one of their fields, written in UTC, the newest first."""
    where = [Range(field, at_least=since.astimezone(UTC).isoformat())] if since is not None else []
    return collection.find(equal, where=where, order=(field, "id"))[::-1]
