# SPDX-License-Identifier: Apache-2.0
"""What a hostile client sends is refused, and the answer names the place; none of it is a server error. Both stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.fixtures.serving import Client

pytest_plugins = ["tests.fixtures.lab_api"]

LAB = "/environments/lab"
HUGE = 10**25
LAST, FIRST = "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"
"""Times that UTC has no date for."""


def deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"a": found}
    return found


QUERIES = [
    *(
        (f"{path}{name}={at.replace('+', '%2B')}", name)
        for at in (LAST, FIRST)
        for path, name in (
            (f"{LAB}/objects?", "at"),
            (f"{LAB}/messages?", "since"),
            (f"{LAB}/events?", "since"),
            (f"{LAB}/diff?", "since"),
            ("/audit?", "since"),
            (f"{LAB}/objects?", "last_scanned__from"),
        )
    ),
    (f"{LAB}/changes?since={HUGE}", "since"),
    (f"{LAB}/objects?revision={HUGE}", "revision"),
    (f"{LAB}/objects?mtu={'9' * 5000}", "mtu"),
    (f"{LAB}/objects?mtu__from=nan", "mtu__from"),
    (f"{LAB}/objects?sort=name,id,type,host,mtu,state,status,device,port_id", "sort"),
    (f"{LAB}/objects?limit={HUGE}", "limit"),
    (f"{LAB}/objects?after={'W' * 30000}", "after"),
    (f"{LAB}/search?q={'x' * 3000}", "q"),
]


@pytest.mark.parametrize(("path", "field"), QUERIES, ids=[f"{one[1]} {one[0][:60]}" for one in QUERIES])
def test_a_query_is_refused_by_name(viewer: Client, admin: Client, path: str, field: str) -> None:
    answer = (admin if path.startswith("/audit") else viewer).ask("GET", path)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


@pytest.mark.parametrize("last", ["9" * 5000, str(HUGE), "x", "-1"])
def test_where_a_stream_goes_on_is_refused_by_name(viewer: Client, last: str) -> None:
    answer = viewer.ask("GET", f"{LAB}/changes/stream", headers={"Last-Event-ID": last})
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == ["last-event-id"]


@pytest.mark.parametrize("query", ["name=%ff%fe", "name__prefix=%00", f"mtu={HUGE}", "name=%F0%9F%9A%80", "id=%00"])
def test_what_no_object_has_is_found_nowhere(viewer: Client, query: str) -> None:
    assert viewer.get(f"{LAB}/objects?{query}")["items"] == []


BODIES: list[tuple[str, str, str, int, str]] = [
    ("POST", f"{LAB}/scans", '{"object_id": "\\ud800"}', 422, "body"),
    ("POST", f"{LAB}/scans", '{"time_limit": 1e400}', 422, "body"),
    ("POST", f"{LAB}/scans", '{"time_limit": NaN}', 422, "body"),
    ("POST", f"{LAB}/scans", "[" * 100_000, 422, "body"),
    ("POST", f"{LAB}/schedules", json.dumps({"freq": "DAILY", "start": LAST}), 422, "start"),
    ("POST", f"{LAB}/schedules", json.dumps({"freq": "DAILY", "start": FIRST}), 422, "start"),
    ("POST", f"{LAB}/schedules", '{"freq": "ONCE", "start": "2020-01-01T00:00:00Z"}', 400, "start"),
    ("POST", f"{LAB}/schedules", '{"freq": "DAILY", "time_zone": "../../etc/passwd"}', 400, "time_zone"),
    ("POST", f"{LAB}/schedules", '{"freq": "CRON", "cron": "* * 30 2 *"}', 400, "cron"),
    ("PUT", f"{LAB}/statuses/{{of}}", json.dumps({"value": 1, "label": "x", "attributes": deep(90)}), 422, "body"),
    ("PUT", f"{LAB}/statuses/{{of}}", '{"value": 1, "label": "x", "attributes": {"a": "\\udfff"}}', 422, "body"),
    ("PUT", f"{LAB}/statuses/{{of}}", '{"value": 1, "label": "x", "attributes": {"a": NaN}}', 422, "body"),
    ("PUT", f"{LAB}/statuses/{{of}}", json.dumps({"value": 1, "label": "x", "checked_at": LAST}), 422, "checked_at"),
    ("PUT", "/environments/new", json.dumps(deep(300)), 422, "body"),
    ("PUT", "/environments/new", '{"configuration": [{"name": "CLI", "pwd": {"secret": "\\ud800"}}]}', 422, "body"),
    ("PUT", "/environments/new", '{"configuration": 7}', 422, "configuration"),
    ("PUT", "/monitoring/templates/x", json.dumps({"type": "x", "side": "client", "config": deep(300)}), 422, "body"),
    ("PUT", "/metadata/constants/x", '{"values": ["\\ud800"]}', 422, "body"),
    ("POST", "/tokens", f'{{"lifetime_s": {10**30}}}', 422, "lifetime_s"),
    ("POST", f"{LAB}/webhooks", f'{{"url": "https://hooks.example.com/x", "since": {10**30}}}', 422, "since"),
    ("POST", f"{LAB}/webhooks", '{"url": "https://[::1/x"}', 400, "url"),
    ("POST", f"{LAB}/webhooks", '{"url": "file:///etc/passwd"}', 400, "url"),
    ("POST", f"{LAB}/webhooks", '{"url": "https://hooks.example.com/x", "types": ["no_type"]}', 422, "types"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "field"), BODIES, ids=[one[2][:70] for one in BODIES])
def test_a_body_is_refused_by_name(  # noqa: PLR0913, PLR0917 - a request and its answer
    admin: Client, method: str, path: str, body: str, status: int, field: str
) -> None:
    host = admin.get(f"{LAB}/objects/host/cmp1")["_id"]
    headers = {"Content-Type": "application/json"}
    answer = admin.ask(method, path.format(of=host), data=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [one["field"].partition("/")[0] for one in answer.json()["errors"]]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_not_called_json_is_refused_as_that(admin: Client, kind: str) -> None:
    """What ``curl -d`` sends, unless told otherwise, is a form."""
    answer = admin.ask("POST", f"{LAB}/scans", data=b"{}", headers={"Content-Type": kind} if kind else {})
    assert answer.status_code == 415, answer.text
    [error] = answer.json()["errors"]
    assert error == {"field": "content-type", "detail": "expected Content-Type: application/json, and JSON in the body"}
