# SPDX-License-Identifier: Apache-2.0
"""Documents of requests: every field of the guide, and errors that name what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from calipso_nornir.api.shapes.records import Asked
from calipso_nornir.api.v2.scans import Wanted
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.scan_manager.request import ScanRequest

DOCUMENT = {
    "environment": "cloud",
    "object_id": "cmp1",
    "object_type": "host",
    "inventory": "other",
    "log_level": "WARNING",
    "scan_only_inventory": True,
    "implicit_links": True,
    "untested": True,
    "time_limit": 60,
    "interval": "DAILY",
}


def test_every_field_is_read_and_written() -> None:
    request = ScanRequest.from_document({**DOCUMENT, "status": "pending", "somebody's": 1})
    assert request == ScanRequest(
        environment="cloud",
        object_id="cmp1",
        object_type="host",
        inventory="other",
        log_level="warning",
        inventory_only=True,
        implicit_links=True,
        untested=True,
        time_limit=60.0,
        interval="DAILY",
    )
    assert ScanRequest.from_document(request.document()) == request
    assert request.plan() == ScanPlan(inventory_only=True, implicit_links=True, time_limit_s=60)
    assert (request.target().id, request.target().type) == ("cmp1", "host")
    assert request.origin == "scheduled scan"


def test_what_is_missing_has_a_default() -> None:
    request = ScanRequest.from_document({"environment": "cloud", "clear": None, "object_id": ""})
    assert request == ScanRequest(environment="cloud")
    assert request.origin == "manual scan"
    assert request.plan(time_limit=5) == ScanPlan(time_limit_s=5)
    assert ScanRequest.from_document({"environment": "cloud", "log_level": "notset"}).log_level == "debug"


def test_the_api_shows_the_fields_of_a_request_and_lets_most_be_asked() -> None:
    """The request says them all, so a new one is not forgotten; only schedules set ``interval``."""
    whole = ScanRequest.from_document(DOCUMENT).document()
    assert set(Asked.model_fields) == set(whole) - {"interval"}
    assert set(Wanted.model_fields) == set(Asked.model_fields) - {"environment", "inventory", "clear_all"}
    plain = ScanRequest(environment="cloud").document()
    assert Asked(environment="cloud").model_dump(exclude_none=True) == plain
    assert {"environment": "cloud", "clear_all": False, **Wanted().model_dump(exclude_none=True)} == plain


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"environment": None}, "scan request r1: environment is None; expected the name of an environment"),
        ({"environment": 7}, "environment is 7; expected a text"),
        ({"clear": "yes"}, "scan request r1: clear is 'yes'; expected true or false"),
        ({"log_level": "loud"}, "log_level is 'loud'; expected one of critical, error, warning, info, debug, notset"),
        ({"time_limit": 0}, "time_limit is 0; expected a number of seconds above 0"),
        ({"time_limit": True}, "time_limit is True; expected a number of seconds above 0"),
        ({"time_limit": float("nan")}, "time_limit is nan"),
        ({"object_id": ["a"]}, r"object_id is \['a'\]; expected a text"),
        ({"object_id": "a\x1b[31m", "clear": 1}, "clear is 1"),
        ({"scan_only_links": True, "scan_only_cliques": True}, "links_only and cliques_only exclude each other"),
        ({"object_id": "cmp1", "clear_all": True}, "clear_all is for whole environments"),
        ({"es_index": True}, "es_index is not available in this release: leave it out"),
        ({"send_to_remote": True}, "send_to_remote is not available"),
    ],
)
def test_a_wrong_field_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        ScanRequest.from_document({"scan_id": "r1", "environment": "cloud", **wrong})
