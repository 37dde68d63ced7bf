# SPDX-License-Identifier: Apache-2.0
"""Whether the API lives, whether it can serve, and what it serves."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request

from calipso_nornir.api.guard import open_to_all
from calipso_nornir.api.handler_arguments import Api
from calipso_nornir.api.problems import Problem
from calipso_nornir.errors import StoreError

logger = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
@open_to_all()
async def healthz() -> dict[str, str]:
    """Tell that the process answers."""
    return {"status": "ok"}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
@open_to_all()
def readyz(api: Api) -> dict[str, str]:
    """Tell that the store answers, too; 503 when it does not."""
    try:
        api.store.environments()
    except StoreError as error:
        logger.error("not ready: %s", error)  # noqa: TRY400 - known
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "the store does not answer; the log of the API has why") from None
    return {"status": "ready"}


@router.get("/api/v2/openapi.json", include_in_schema=False)
@open_to_all()
def openapi(request: Request) -> dict[str, Any]:
    """Return the OpenAPI document of this API."""
    document: dict[str, Any] = request.app.state.description()
    return document
