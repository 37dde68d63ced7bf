# SPDX-License-Identifier: Apache-2.0
"""Notifications as services send them, and what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import NotificationUnusable
from calipso_nornir.live.redacting import BLANK, redacted, redacted_text
from calipso_nornir.parsing.notifications import MOST_BYTES, read_notification
from tests.fixtures.living import envelope, through_kafka

NOW = datetime(2026, 11, 29, 6, tzinfo=UTC)
PORT = {
    "message_id": "f1f24521-0349-4626-bc1c-62937b9361bc",
    "publisher_id": "network.ctl",
    "event_type": "port.create.end",
    "priority": "INFO",
    "payload": {"port": {"id": "c7870f08", "binding:host_id": ""}},
    "timestamp": "2026-11-22 14:58:32.991637",
    "_context_project_id": "99aca5b1",
    "_context_auth_token": "secret",
}


def read(body: Any) -> Any:  # noqa: ANN401 - JSON, or anything
    return read_notification(body if isinstance(body, bytes) else json.dumps(body), source="neutron", received=NOW)


def enveloped(inner: Any, version: Any = "2.0") -> dict[str, Any]:  # noqa: ANN401 - as above
    return {"oslo.version": version, "oslo.message": inner if isinstance(inner, int) else json.dumps(inner)}


@pytest.mark.parametrize("body", [PORT, enveloped(PORT)])
def test_plain_or_in_an_envelope(body: dict[str, Any]) -> None:
    found = read(body)
    assert (found.id, found.type, found.source) == (PORT["message_id"], "port.create.end", "neutron")
    assert found.at == datetime(2026, 11, 22, 14, 58, 32, 991637, UTC)
    assert found.payload == PORT["payload"]
    assert (found.project, found.publisher, found.level) == ("99aca5b1", "network.ctl", "info")
    assert "secret" not in repr(found)


def test_objects_of_nova_are_unwrapped_at_every_depth() -> None:
    flavor = {"nova_object.name": "FlavorPayload", "nova_object.version": "1.4", "nova_object.data": {"vcpus": 1}}
    data = {"uuid": "1d241507", "flavor": flavor, "ip_addresses": [{"nova_object.data": {"mac": "fa:16"}}], "tags": []}
    payload = {"nova_object.name": "InstancePayload", "nova_object.namespace": "nova", "nova_object.data": data}
    found = read({**PORT, "event_type": "instance.update", "payload": payload})
    assert found.payload == {"uuid": "1d241507", "flavor": {"vcpus": 1}, "ip_addresses": [{"mac": "fa:16"}], "tags": []}


def test_what_is_missing_has_a_substitute() -> None:
    bare = read({"event_type": "x", "payload": {"a": 1}})
    assert bare.at == NOW
    assert bare.id == read({"event_type": "x", "payload": {"a": 1}, "timestamp": "yesterday"}).id
    assert bare.id != read({"event_type": "x", "payload": {"a": 2}}).id
    assert read({"event_type": "x", "payload": {}, "_unique_id": "u"}).id == "u"


def nested(levels: int) -> Any:  # noqa: ANN401 - as above
    value: Any = 1
    for _ in range(levels):
        value = {"a": [value]}
    return value


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "not readable JSON"),
        (b"\xff\xfe\x00", "not readable JSON"),
        (b"[" * 100_000, "not readable JSON"),
        (b'{"event_type": "x", "payload": ' + b"9" * 5000 + b"}", "not readable JSON"),
        (b" " * (MOST_BYTES + 1), "the maximum is"),
        ([], "the message is"),
        ({}, "event_type is missing"),
        ({"event_type": ["x"], "payload": {}}, "event_type is"),
        ({"event_type": "x" * 256, "payload": {}}, "event_type is"),
        ({"event_type": "x"}, "payload is missing"),
        ({"event_type": "x", "payload": [1]}, "payload is"),
        ({"event_type": "x", "payload": nested(40)}, "deeper than 64"),
        (enveloped(PORT, "1.0"), "oslo.version is"),
        (enveloped(PORT, None), "oslo.version is missing"),
        (enveloped(7), "oslo.message is"),
        (enveloped([PORT]), "oslo.message is"),
    ],
)
def test_what_is_no_notification_is_said(body: Any, problem: str) -> None:  # noqa: ANN401 - as above
    with pytest.raises(NotificationUnusable, match=problem) as caught:
        read(body)
    assert len(str(caught.value)) < 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
KEYS = ("event_type", "payload", "message_id", "timestamp", "priority", "oslo.message", "oslo.version", "publisher_id")


@given(st.dictionaries(st.sampled_from(KEYS), json_values) | json_values)
def test_whatever_comes_it_is_a_notification_or_said_not_to_be(body: Any) -> None:  # noqa: ANN401 - as above
    try:
        found = read(body)
    except NotificationUnusable:
        return
    assert found.type
    assert found.id
    assert found.at.tzinfo is UTC


def test_secrets_are_blanked_by_name() -> None:
    payload = {"port": {"id": "1", "binding:profile": [{"adminPass": "a", "auth_token": "b"}]}, "user_data": "c"}
    assert redacted(payload) == {
        "port": {"id": "1", "binding:profile": [{"adminPass": BLANK, "auth_token": BLANK}]},
        "user_data": BLANK,
    }
    assert redacted({"key_name": "mine", "password": None}) == {"key_name": "mine", "password": None}


@pytest.mark.parametrize(
    "text",
    [
        '{"_context_auth_token": "hush", "a": 1',
        "{'auth_token': 'hush'}",
        r'{"oslo.message": "{\"adminPass\": \"hush\", \"b\": 2}"',
        "password=hush&x=1",
        "X-Auth-Token: hush",
    ],
)
def test_secrets_are_blanked_in_what_is_no_json(text: str) -> None:
    assert "hush" not in redacted_text(text)


def test_the_context_in_one_object_as_kafka_s_driver_writes_it() -> None:
    body = through_kafka(envelope("port.update.end", {"port": {"id": "p"}}, _context_project_id="of the request"))
    found = read_notification(body, source="kafka", received=datetime.now(UTC))
    assert found.project == "of the request"
    assert "very-secret" not in repr(found)
