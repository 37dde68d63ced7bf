# SPDX-License-Identifier: Apache-2.0
"""/health and /timezone: how the server and the last scans are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter

from calipso_nornir._version import __version__
from calipso_nornir.access.roles import Role
from calipso_nornir.api.guard import Needs
from calipso_nornir.api.v1.answers import with_times
from calipso_nornir.api.v1.operations import Asked, operation
from calipso_nornir.api.v1.parameters import ENVIRONMENT_IF_ANY
from calipso_nornir.api.v1.scans import newest, older_status
from calipso_nornir.api.v1.shapes import BOOLEAN, INTEGER, TEXT, TEXT_OR_NONE, TIME_OR_NONE, exactly
from calipso_nornir.store.environments import stored_environment

if TYPE_CHECKING:
    from calipso_nornir.api.v1.answers import Answer

router = APIRouter()


_ZONE: Final = exactly({"tz_name": TEXT, "utc_offset": exactly({"hours": INTEGER, "minutes": INTEGER})})
_HEALTH: Final = exactly(
    {
        "scanned": BOOLEAN,
        "last_scanned": TIME_OR_NONE,
        "last_scan_status": TEXT_OR_NONE,
        "scan_in_progress": BOOLEAN,
        "timezone": _ZONE,
        "version": TEXT,
    }
)


@operation(
    router,
    "GET /health",
    needs=Needs(Role.VIEWER, anywhere=True),
    answer=exactly(
        {"version": TEXT, "timezone": _ZONE, "environments": {"type": "object", "additionalProperties": _HEALTH}}
    ),
    parameters=(ENVIRONMENT_IF_ANY,),
)
def health(asked: Asked) -> Answer:
    """Tell the server's version and time zone, and for each environment how its last scan went."""
    environments = {name: _environment(asked, name) for name in asked.environments(Role.VIEWER)}
    return {"version": __version__, "timezone": _time_zone(), "environments": environments}


@operation(
    router,
    "GET /timezone",
    needs=Needs(Role.VIEWER, anywhere=True),
    answer=_ZONE,
    parameters=(ENVIRONMENT_IF_ANY,),
)
def timezone(asked: Asked) -> Answer:
    """Tell the time zone of the server. Times in answers are UTC all the same."""
    if asked["env_name"] is not None:
        asked.environments(Role.VIEWER)
    return _time_zone()


def _environment(asked: Asked, name: str) -> dict[str, Any]:
    described = with_times(stored_environment(asked.api.store, name) or {})
    scan = newest(asked.api.store, {"environment": name})
    return {
        "scanned": bool(described.get("scanned")),
        "last_scanned": described.get("last_scanned"),
        "last_scan_status": older_status(scan) if scan is not None else None,
        "scan_in_progress": scan is not None and older_status(scan) == "running",
        "timezone": _time_zone(),
        "version": __version__,
    }


def _time_zone() -> dict[str, Any]:
    now = datetime.now(UTC).astimezone()
    offset = now.utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset is not None else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = -1 if minutes < 0 else 1
    return {"tz_name": now.tzname(), "utc_offset": {"hours": sign * hours, "minutes": sign * rest}}
