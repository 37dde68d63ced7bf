# SPDX-License-Identifier: Apache-2.0
"""/scans: one scan request with what became of it, or a list of them; and a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import chosen, with_times
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT, PAGING, WANTED_SCAN, Parameter
from calipso_nornir.api.v1.reading import flags_checked, the_one, wrong
from calipso_nornir.api.v1.records import records
from calipso_nornir.api.v1.shapes import BOOLEAN, CREATED_WITH_ID, TEXT, TIME, TIME_OR_NONE, document, either, list_of
from calipso_nornir.scan_manager import ScanRequest
from calipso_nornir.store.liveness import LOST, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.api.v1.answers import Answer
    from calipso_nornir.model.stores import Document, Store

router = APIRouter()

_TIMES: Final = {"start_timestamp": TIME_OR_NONE, "end_timestamp": TIME_OR_NONE}
FIELDS: Final = {"id": TEXT, "environment": TEXT, "status": TEXT, **_TIMES}
_FLAGS: Final = {f"scan_only_{one}": BOOLEAN for one in ("inventory", "links", "cliques")}
WHOLE: Final = document(
    {"_id": TEXT, "id": TEXT, "environment": TEXT, "status": TEXT, "submit_timestamp": TIME, **_FLAGS}, _TIMES
)
ACCEPTED: Final = ("draft", "pending", "submitted")
"""States with which a client may make a request: in any other it would never be run, or has been."""
_TIMED_OUT: Final = "timed_out"
_ONLY: Final = ("inventory", "links", "cliques")


@operation(
    router,
    "GET /scans",
    needs=Needs(Role.VIEWER),
    answer=either(list_of("scans", FIELDS, optional=_TIMES), WHOLE, {"type": "array", "items": WHOLE, "maxItems": 1}),
    parameters=(
        ENVIRONMENT,
        Parameter(name="id", text="Its id: the answer is this one scan."),
        Parameter(name="base_object", text="Id of the object that was scanned."),
        Parameter(name="status", constant="scans_statuses", text="Its state."),
        Parameter(name="latest", type="boolean", default=False, text="Only the newest: a list of one, in full."),
        *PAGING,
    ),
)
def scans(asked: Asked) -> Answer:
    """Show one scan (with ``id``), or list scans, the oldest first."""
    store, equal = asked.api.store, {"environment": asked.environment}
    if asked["base_object"] is not None:
        equal["object_id"] = asked["base_object"]
    if asked["id"] is not None:
        return older(the_one(asked.api.queue.get(asked["id"]), "scans", asked["id"], equal))
    if asked["latest"]:
        last_one = newest(store, equal, status=asked["status"])
        return [older(last_one)] if last_one is not None else []
    status = asked["status"]

    def listed(one: Document) -> bool:
        return bool(one.get("scan_id")) and status in (None, older_status(one))

    found = records(store.collection("scans"), equal, asked.values, by="submit_timestamp", key="scan_id", keep=listed)
    return {"scans": [chosen(older(one), FIELDS) for one in found]}


@operation(
    router,
    "POST /scans",
    needs=Needs(Role.OPERATOR),
    answer=CREATED_WITH_ID,
    parameters=(
        Parameter(name="environment", is_environment=True, text="Name of the environment."),
        Parameter(name="env_name", is_environment=True, text="The same, as later clients name it."),
        Parameter(name="status", constant="scans_statuses", default="pending", text="pending, or draft: only kept."),
        *WANTED_SCAN,
        Parameter(name="inventory", text="Name of the inventory to scan into."),
        Parameter(name="object_id", text="Scan only this object."),
    ),
)
def ask(asked: Asked) -> Answer:
    """Ask for a scan. The scan manager runs it; the answer has its id."""
    environment = asked.environment
    if asked["status"] not in ACCEPTED:
        raise wrong(f"status must be pending, or draft for a request that is only kept; {asked['status']} is neither")
    request = ScanRequest.from_document({**wanted(asked), "environment": environment, "object_id": asked["object_id"]})
    scan_id = asked.api.queue.submit(request, by=asked.who.name, draft=asked["status"] == "draft")
    return {"message": f"created a new scan for environment {environment}", "id": scan_id}


def wanted(asked: Asked) -> dict[str, Any]:
    """Return what a request, or each request of a schedule, asks for. Raises Problem for flags that exclude others."""
    flags_checked(asked.values)
    fields = {one.name: asked[one.name] for one in WANTED_SCAN}
    return {**fields, "inventory": asked.values.get("inventory")}


def newest(store: Store, equal: Mapping[str, Any], *, status: str | None = None) -> Document | None:
    """Return the scan that was asked for last."""
    limit = 1 if status is None else None
    found = store.collection("scans").find(equal, order=("-submit_timestamp",), limit=limit)
    return next((one for one in found if status in (None, older_status(one))), None)


def older(scan: Document) -> dict[str, Any]:
    """Return a scan with the fields and the states of the older API."""
    flags = {f"scan_only_{one}": scan.get(f"scan_only_{one}", scan.get(f"{one}_only", False)) for one in _ONLY}
    id_ = scan.get("scan_id")
    return {**flags, **with_times(scan), "_id": id_, "id": id_, "status": older_status(scan)}


def older_status(scan: Document) -> str:
    """Return the state of a scan in the words of the older API, which knows no other.

    A scan that ran out of time has failed. One whose scan manager has died goes back to the queue, so it is running
    still; one that nobody takes up has failed.
    """
    status = status_of(scan)
    if status == LOST:
        return "running" if scan.get("owner") else "failed"
    return "failed" if status == _TIMED_OUT else status
