# SPDX-License-Identifier: Apache-2.0
"""Reading headers, bodies and failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from calipso_nornir.errors import ApiUnreachable, ParseError
from calipso_nornir.sources.http_asking import MAX_DEPTH, Patience, body_of, retry_after, without_secrets
from calipso_nornir.sources.openstack_http import message_of


def response(content: bytes | str, status: int = 200, content_type: str = "application/json") -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.reason = "Reason"
    made.headers["Content-Type"] = content_type
    made._content = content.encode() if isinstance(content, str) else content  # noqa: SLF001 - no other way to fill it
    return made


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 1.5),
        ("", 1.5),
        ("0", 0),
        ("7", 7),
        ("3600", 60),
        ("9" * 400, 60),
        ("-1", 1.5),
        ("soon", 1.5),
        ("1.5", 1.5),
    ],
)
def test_retry_after_in_seconds(header: str | None, seconds: float) -> None:
    assert retry_after(header, 1.5) == seconds


def test_retry_after_as_a_date() -> None:
    now = datetime.now(UTC)
    assert 18 < retry_after(format_datetime(now + timedelta(seconds=20), usegmt=True), 1.5) <= 20
    assert retry_after(format_datetime(now + timedelta(days=2), usegmt=True), 1.5) == 60
    assert retry_after(format_datetime(now - timedelta(days=2), usegmt=True), 1.5) == 0
    assert retry_after("Wed, 21 Oct 2015 07:28:00", 1.5) == 0


@given(st.text())
@example("0\x1f")
def test_any_header_gives_a_bearable_pause(header: str) -> None:
    assert 0 <= retry_after(header, 1.5) <= 60


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": {"code": 401, "message": "not you", "title": "Unauthorized"}}', "not you"),
        ('{"forbidden": {"code": 403, "message": "Policy\\n  says no"}}', "Policy says no"),
        ('{"NeutronError": {"type": "X", "message": "no such net", "detail": ""}}', "no such net"),
        (
            '{"errors": [{"status": 406, "title": "Not Acceptable", "detail": "Version 2.53 is not supported"}]}',
            "Version 2.53 is not supported",
        ),
        ('{"message": "plain"}', "plain"),
        (
            "<html><style>b {x: y}</style><h1>502 Bad Gateway</h1><p>nginx</p></html>",
            "502 Bad Gateway nginx",
        ),
        ("{}", "Reason"),
        ("", "Reason"),
        ('{"error": {"message": 5}}', "Reason"),
        ("[1]", "Reason"),
    ],
)
def test_messages(body: str, said: str) -> None:
    assert message_of(response(body, 500)) == said


def test_long_messages_are_cut() -> None:
    assert len(message_of(response('{"error": {"message": "' + "x" * 5000 + '"}}', 500))) == 300


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<html>login</html>", "not JSON"),
        ("", "not JSON"),
        (b"\xff\xfe\xfa", "not JSON"),
        ('{"servers": [', "not JSON"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "too deep"),
        ("[" * 100_000 + "]" * 100_000, "too deep"),
    ],
)
def test_bodies_that_are_no_json(content: bytes | str, problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        body_of(response(content, content_type="text/html; charset=utf-8"))


def test_fields_that_may_hold_secrets_are_dropped() -> None:
    server = {
        "id": "1",
        "adminPass": "x",
        "OS-EXT-SRV-ATTR:user_data": "I2Nsb3VkLWNvbmZpZw==",
        "OS-EXT-SRV-ATTR:host": "cmp1",
        "metadata": {"owner": "me", "db_password": "x", "Password": "x"},
        "key_name": "k",
    }
    assert without_secrets({"servers": [server]}) == {
        "servers": [{"id": "1", "OS-EXT-SRV-ATTR:host": "cmp1", "metadata": {"owner": "me"}, "key_name": "k"}]
    }
    keypair = {"keypair": {"name": "k", "public_key": "ssh-rsa", "private_key": "x", "fingerprint": "f"}}
    assert without_secrets(keypair) == {"keypair": {"name": "k", "fingerprint": "f"}}
    users: dict[str, object] = {"users": [{"name": "u", "password_expires_at": None, "options": {}}]}
    assert without_secrets(users) == users
    vpn = {"ipsec_site_connections": [{"psk": "x", "peer_id": "p"}]}
    assert without_secrets(vpn) == {"ipsec_site_connections": [{"peer_id": "p"}]}


class Clock:
    """Notes the pauses instead of making them."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Note a pause."""
        self.pauses.append(seconds)


def test_patience_ends_and_one_dead_service_costs_its_pauses_once() -> None:
    clock = Clock()
    patience = Patience(3, clock.sleep)
    tries: list[str] = []

    def dead() -> requests.Response:
        tries.append("x")
        raise requests.ConnectionError("refused")

    with pytest.raises(ApiUnreachable):
        patience.ask("http://c", dead)
    assert (len(tries), clock.pauses) == (4, [0.5, 1.0, 2.0])
    with pytest.raises(ApiUnreachable):
        patience.ask("http://c", dead)
    assert len(tries) == 5, "it was known to be dead"
    patience.ask("http://c", lambda: response("{}"))
    with pytest.raises(ApiUnreachable):
        patience.ask("http://c", dead)
    assert len(tries) == 9, "it had come back"


def test_a_service_that_is_too_slow_is_asked_twice_at_most() -> None:
    clock = Clock()
    tries: list[str] = []

    def slow() -> requests.Response:
        tries.append("x")
        raise requests.ReadTimeout("read timed out")

    with pytest.raises(ApiUnreachable, match="no answer in time"):
        Patience(9, clock.sleep).ask("http://c", slow)
    assert len(tries) == 2


def test_back_off_has_a_ceiling_and_refusals_are_not_repeated() -> None:
    clock = Clock()
    assert Patience(7, clock.sleep).ask("http://c", lambda: response("", 503)).status_code == 503  # type: ignore[union-attr]
    assert clock.pauses == [0.5, 1, 2, 4, 8, 8, 8]
    for status in (200, 400, 401, 403, 404, 409, 501):
        clock.pauses.clear()
        Patience(7, clock.sleep).ask("http://c", lambda status=status: response("", status))  # type: ignore[misc]
        assert clock.pauses == []
