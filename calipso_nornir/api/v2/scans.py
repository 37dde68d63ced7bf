# SPDX-License-Identifier: Apache-2.0
"""Scans: asked for, watched, cancelled; the scan manager runs them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import needs
from calipso_nornir.api.handler_arguments import Api, Asking
from calipso_nornir.api.locating import Located
from calipso_nornir.api.problems import CONFLICTS, Problem
from calipso_nornir.api.shapes.records import MessageShown, ScanShown, ScanState
from calipso_nornir.api.v2.listing import Listed, ListedLong
from calipso_nornir.api.v2.pictures import Environment
from calipso_nornir.scan.origin import LogLevel
from calipso_nornir.scan_manager import ScanRequest
from calipso_nornir.store.liveness import status_of

router = APIRouter(prefix="/environments/{environment}", tags=["scans"])


class Wanted(BaseModel):
    """What a scan request asks for."""

    model_config = ConfigDict(extra="forbid")

    object_id: Annotated[str | None, Field(description="Scan only this object and what is below it.")] = None
    object_type: Annotated[str | None, Field(description="Its type.", examples=["host"])] = None
    log_level: LogLevel = "info"
    clear: Annotated[bool, Field(description="Start afresh: what cannot be scanned then is removed, not kept.")] = False
    scan_only_inventory: bool = False
    scan_only_links: bool = False
    scan_only_cliques: bool = False
    implicit_links: bool = False
    untested: Annotated[bool, Field(description="Scan a kind of cloud that is not listed as supported.")] = False
    time_limit: Annotated[
        float | None, Field(gt=0, allow_inf_nan=False, description="Seconds after which the scan is stopped.")
    ] = None

    def request(self, environment: Environment) -> ScanRequest:
        """Return the request for an environment."""
        return ScanRequest.from_document({"environment": environment, **self.model_dump(exclude={"draft"})})


class ScanWanted(Wanted):
    """A scan to be run."""

    draft: Annotated[bool, Field(description="Only keep the request.")] = False


@router.post("/scans", status_code=HTTPStatus.ACCEPTED)
@needs(Role.OPERATOR)
def ask(api: Api, environment: Environment, wanted: ScanWanted, who: Asking, located: Located) -> ScanShown:
    """Ask for a scan; the answer has its ``scan_id``, and ``Location`` is where its state is shown."""
    scan_id = api.queue.submit(wanted.request(environment), by=who.name, draft=wanted.draft)
    located(scan_id)
    return _there(api, environment, scan_id)


@router.get("/scans")
@needs(Role.VIEWER)
def scans(
    api: Api,
    environment: Environment,
    listed: Listed,
    status: Annotated[ScanState | None, Query(description="Only scans with this status.")] = None,
) -> list[ScanShown]:
    """List scans and requests, the newest first."""
    has_status = (lambda one: status_of(one) == status) if status is not None else None
    found = listed.page(
        api.store.collection("scans"),
        {"environment": environment},
        order="-submit_timestamp",
        key="scan_id",
        keep=has_status,
    )
    return [_shown(one) for one in found]


@router.get("/scans/{scan_id}")
@needs(Role.VIEWER)
def scan(api: Api, environment: Environment, scan_id: str) -> ScanShown:
    """Show one scan: its state and progress, then its report."""
    return _there(api, environment, scan_id)


@router.post("/scans/{scan_id}/cancel", responses=CONFLICTS)
@needs(Role.OPERATOR)
def cancel(api: Api, environment: Environment, scan_id: str, who: Asking) -> ScanShown:
    """End a scan that waits or runs; a running one ends within seconds."""
    _there(api, environment, scan_id)
    return _shown(api.queue.cancel(scan_id, by=who.name))


@router.post("/scans/{scan_id}/release", responses=CONFLICTS)
@needs(Role.OPERATOR)
def release(api: Api, environment: Environment, scan_id: str) -> ScanShown:
    """Put a draft into the queue."""
    _there(api, environment, scan_id)
    return _shown(api.queue.release(scan_id))


@router.get("/scans/{scan_id}/log")
@needs(Role.VIEWER)
def log(api: Api, environment: Environment, scan_id: str, listed: ListedLong) -> list[MessageShown]:
    """Return the messages of a scan, the oldest first."""
    _there(api, environment, scan_id)
    return listed.page(api.store.collection("messages"), {"scan_id": scan_id}, order="timestamp")


def _there(api: Api, environment: str, scan_id: str) -> dict[str, Any]:
    found = api.queue.get(scan_id)
    if found is None or found.get("environment") != environment:
        raise Problem(HTTPStatus.NOT_FOUND, f"environment {environment} has no scan {scan_id}")
    return _shown(found)


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    hidden = ("owner", "process", "number")
    return {name: value for name, value in document.items() if name not in hidden} | {"status": status_of(document)}
