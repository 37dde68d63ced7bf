# SPDX-License-Identifier: Apache-2.0
"""How webhooks are sent, over real sockets: which address is reached, TLS, redirects, receivers that are slow."""

from __future__ import annotations

import base64
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.webhooks.sending import NotDelivered, Sender, checked_url, is_public
from calipso_nornir.webhooks.signing import key_of
from tests.fixtures.cloud import make_pki
from tests.fixtures.hostile_http import drip, flood, hostile, once
from tests.fixtures.receiver import receiving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fixtures.cloud import Pki

NAME = "hooks.example.com"
SENDER = Sender(to_private=True, timeout_s=1.0)


class Names:
    """A name server whose answer for one name changes with each question."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = iter(answers)
        self._real = socket.getaddrinfo
        self.asked = 0

    def __call__(self, host: str, port: int, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as getaddrinfo
        if host != NAME:
            return self._real(host, port, *more, **named)
        self.asked += 1
        found = next(self._answers)
        return [one for address in found for one in self._real(address, port, *more, **named)]


# --- which address


def test_the_address_that_was_looked_at_is_the_one_that_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a second question would be answered with another address."""
    with receiving("127.0.0.2") as first, receiving("127.0.0.3", port=int(first.url.split(":")[2][:-5])) as second:
        names = Names(["127.0.0.2"], ["127.0.0.3"])
        monkeypatch.setattr(socket, "getaddrinfo", names)
        SENDER.send(first.url.replace("127.0.0.2", NAME), b"{}", {})
        assert (len(first.got), len(second.got), names.asked) == (1, 0, 1)
        assert first.got[0][0]["host"].startswith(NAME)


def test_one_address_that_is_not_public_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as one:
        monkeypatch.setattr(socket, "getaddrinfo", Names(["8.8.8.8", "127.0.0.1"]))
        with pytest.raises(NotDelivered, match=f"{NAME} is 127.0.0.1, which is not public"):
            Sender().send(one.url.replace("127.0.0.1", NAME), b"{}", {})
        assert one.got == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "localhost"])
def test_other_spellings_of_loopback_are_loopback(host: str) -> None:
    with receiving() as one, pytest.raises(NotDelivered, match="not public"):
        Sender().send(one.url.replace("127.0.0.1", host), b"{}", {})
    assert one.got == []


def test_a_second_address_is_tried_if_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving("127.0.0.3") as one:
        monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.2", "127.0.0.3"], ["127.0.0.2"]))
        url = one.url.replace("127.0.0.3", NAME)
        SENDER.send(url, b"{}", {})
        assert len(one.got) == 1
        with pytest.raises(NotDelivered, match="Connection refused"):
            SENDER.send(url, b"{}", {})


def test_a_name_that_nobody_has_is_a_failure() -> None:
    with pytest.raises(NotDelivered, match="gaierror"):
        SENDER.send("http://no-such-name.invalid/", b"{}", {})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving("127.0.0.2") as inside, receiving() as one:
        one.answer, one.location = status, inside.url
        with pytest.raises(NotDelivered, match=f"the answer was {status}; redirects are not followed"):
            SENDER.send(one.url, b"{}", {})
        assert inside.got == []


# --- TLS


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return make_pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def trusted(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> Pki:
    """Let this machine trust the authority of the test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(pki.ca))
    return pki


def test_https_with_a_certificate_that_fits_is_delivered(trusted: Pki) -> None:
    with receiving(pki=trusted) as one:
        SENDER.send(one.url, b'{"a": 1}', {"webhook-id": "1"})
        assert [(headers["webhook-id"], body) for headers, body in one.got] == [("1", b'{"a": 1}')]


def test_https_with_a_certificate_of_another_name_is_refused(trusted: Pki) -> None:
    with receiving(pki=trusted) as one:
        with pytest.raises(NotDelivered, match="Hostname mismatch"):
            SENDER.send(one.url.replace("127.0.0.1", "localhost"), b"{}", {})
        assert one.got == []


def test_https_with_a_certificate_of_nobody_known_is_refused(pki: Pki) -> None:
    with receiving(pki=pki) as one:
        with pytest.raises(NotDelivered, match="certificate verify failed"):
            SENDER.send(one.url, b"{}", {})
        assert one.got == []


def test_https_with_a_certificate_that_has_expired_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expired = make_pki(tmp_path, days=-1)
    monkeypatch.setenv("SSL_CERT_FILE", str(expired.ca))
    with receiving(pki=expired) as one, pytest.raises(NotDelivered, match="certificate has expired"):
        SENDER.send(one.url, b"{}", {})
    assert one.got == []


def test_https_to_who_speaks_http_is_a_failure() -> None:
    with receiving() as one, pytest.raises(NotDelivered, match="SSLError"):
        SENDER.send(one.url.replace("http:", "https:"), b"{}", {})


# --- who is slow


def silent() -> Iterator[bytes]:
    time.sleep(30)
    yield b""


SLOW: list[tuple[str, Callable[[], Iterator[bytes]]]] = [
    ("http", silent),
    ("http", drip(b"HTTP/1.1 200 OK\r\nX: ")),
    ("http", drip(b"HTTP/1.1 ")),
    ("http", flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n")),
    ("https", silent),
    ("https", drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")),
]
"""Scheme, and what comes: nothing; a head, a status or a TLS record, byte by byte; continuations without an end."""


@pytest.mark.parametrize(("scheme", "behaviour"), SLOW, ids=["silent", "head", "status", "100", "tls", "tls-record"])
def test_a_receiver_has_so_long_and_no_longer(scheme: str, behaviour: Callable[[], Iterator[bytes]]) -> None:
    began = time.monotonic()
    with hostile(behaviour, reads=scheme == "http") as one, pytest.raises(NotDelivered):
        Sender(to_private=True, timeout_s=0.5).send(one.url.replace("http", scheme), b"{}", {})
    assert time.monotonic() - began < 10, "half a second, on any machine"


@pytest.mark.parametrize(
    "behaviour",
    [
        once(b"", b"A" * 100_000),
        flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        flood(b"nonsense ", b"nonsense "),
        lambda: iter([b"HTTP/1.1 999999 No\r\n\r\n"]),
    ],
    ids=["long-header", "many-headers", "no-http", "no-status"],
)
def test_what_is_no_http_is_a_failure(behaviour: Callable[[], Iterator[bytes]]) -> None:
    with hostile(behaviour) as one, pytest.raises(NotDelivered):
        SENDER.send(one.url, b"{}", {})


def test_the_rest_of_an_answer_is_not_read() -> None:
    with hostile(flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)) as one:
        SENDER.send(one.url, b"{}", {})
        assert one.sent < 64 << 20


def test_a_receiver_that_is_not_there_is_a_failure() -> None:
    with receiving() as one:
        url = one.url
    with pytest.raises(NotDelivered):
        SENDER.send(url, b"{}", {})


# --- addresses, URLs, secrets


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - it is refused
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_public(address) is public


def test_urls_and_secrets_are_read_strictly() -> None:
    assert checked_url("https://hooks.example.com:8443/a?b=c").hostname == "hooks.example.com"
    for wrong in ("whsec_%%%", "nothing", "whsec_" + base64.b64encode(b"short").decode()):
        with pytest.raises(InvalidRequest):
            key_of(wrong)
