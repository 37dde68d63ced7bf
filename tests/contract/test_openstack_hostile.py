# SPDX-License-Identifier: Apache-2.0
"""Hostile services: requests end in time and within memory, with an error that names problem and remedy."""

from __future__ import annotations

import itertools
import time
import zlib
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from calipso_nornir.errors import AnswerTooLarge, AnswerTooSlow, ApiUnreachable, CalipsoError, ParseError
from calipso_nornir.model.environment import SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet
from calipso_nornir.sources import bounded_http, bounds
from calipso_nornir.sources.openstack import OpenStackSource
from calipso_nornir.sources.secrets import Vault
from tests.fixtures.cloud import PASSWORD, USER, Cloud, Request, Response, running
from tests.fixtures.hostile_http import OK, chunk, drip, flood, gzip_bomb, hostile, once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NETWORKS = ApiGet("network", "/networks", "networks")
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n"
GZIP = b"Content-Encoding: gzip"
EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"
"""A stored block of no bytes (RFC 1951, 3.2.4): packed data of which nothing comes."""
MOST_SENT = 20 << 20
SLOW = "not answered completely within 0.5 s; given up. Raise OpenStack.answer_timeout_s if the service is that slow."
LARGE = "more than 1 MiB; the rest was not read. Raise OpenStack.max_answer_mib if such a large answer is right."


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with running() as served:
        yield served


def source(cloud: Cloud, **section: Any) -> OpenStackSource:  # noqa: ANN401 - keys of the section
    bounds = {"timeout_s": 0.4, "answer_timeout_s": 0.5, "max_answer_mib": 1, "retries": 3}
    given = {"auth_url": cloud.auth_url, "user": USER, "pwd": SecretRef("env", "PW"), **bounds, **section}
    return OpenStackSource(given, Vault(environ={"PW": PASSWORD}), sleep=lambda _seconds: None)


def gzip_head() -> bytes:
    return zlib.compressobj(wbits=zlib.MAX_WBITS | 16).flush()[:10]


Hostile: TypeAlias = "tuple[Callable[[], Iterator[bytes]], type[CalipsoError], str]"
"""What a server does, the error that this has to be, and what the error says."""

BEHAVIOURS: dict[str, Hostile] = {
    "a body byte by byte": (drip(OK + b"Content-Length: 1000000\r\n\r\n"), AnswerTooSlow, SLOW),
    "a body byte by byte, without a length": (drip(OK + b"\r\n"), AnswerTooSlow, SLOW),
    "chunks byte by byte": (drip(CHUNKED + b"\r\n", chunk(b"x")), AnswerTooSlow, SLOW),
    "a header byte by byte": (drip(OK + b"X-Long: "), AnswerTooSlow, SLOW),
    "a status line byte by byte": (drip(b"HTTP/1.1 "), AnswerTooSlow, SLOW),
    "a flood of 100 Continue": (flood(b"", b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" * 100), AnswerTooSlow, SLOW),
    "trailers without end": (flood(CHUNKED + b"\r\n0\r\n", b"A: b\r\n" * 100), AnswerTooSlow, SLOW),
    "headers without end": (flood(OK, b"A: b\r\n" * 100), ApiUnreachable, "got more than 100 headers"),
    "one header without end": (flood(OK + b"A: ", b"b" * 65536), ApiUnreachable, "header line"),
    "the size of a chunk without end": (flood(CHUNKED + b"\r\n", b"0" * 65536), ApiUnreachable, ""),
    "chunks without end": (flood(CHUNKED + b"\r\n", chunk(b"x" * 65536)), AnswerTooLarge, LARGE),
    "a body without end": (flood(OK + b"\r\n", b"x" * 65536), AnswerTooLarge, LARGE),
    "packed otherwise": (once(b"x", b"Content-Encoding: br"), ParseError, "packed with 'br', which was not requested"),
    "packed nothing, without end": (
        flood(OK + GZIP + b"\r\n\r\n" + gzip_head(), EMPTY_BLOCK * 10_000),
        AnswerTooLarge,
        LARGE,
    ),
}
BOMBS: dict[str, Callable[[], Hostile]] = {
    "a gzip bomb": lambda: (once(gzip_bomb(50), GZIP), AnswerTooLarge, LARGE),
    "many gzip bombs in a row": lambda: (once(gzip_bomb(1) * 50, GZIP), AnswerTooLarge, LARGE),
    "a bomb within a bomb": lambda: (
        once(gzip_bomb(50, layers=2), b"Content-Encoding: gzip, gzip"),
        ParseError,
        "'gzip, gzip'",
    ),
    "packed and damaged": lambda: (once(gzip_bomb(1)[:500] + b"\0" * 500, GZIP), ParseError, "the answer is damaged"),
}
"""Further ones, made by the test that sends them, because that takes time."""


def made(name: str) -> Hostile:
    return BOMBS[name]() if name in BOMBS else BEHAVIOURS[name]


@pytest.mark.parametrize("name", [*BEHAVIOURS, *BOMBS])
def test_an_answer_ends_in_time_and_within_memory(cloud: Cloud, name: str) -> None:
    behaviour, kind, said = made(name)
    with hostile(behaviour) as server:
        began = time.monotonic()
        answer = source(cloud, endpoint_overrides={"network": server.url}).answer([NETWORKS])[NETWORKS]
        took = time.monotonic() - began
    assert isinstance(answer, kind), repr(answer)
    assert said in str(answer)
    assert (server.url if kind is not ParseError else str(NETWORKS)) in str(answer)
    assert took < 5
    assert server.sent < MOST_SENT


def test_a_handshake_of_tls_byte_by_byte(cloud: Cloud) -> None:
    """A record of 16 KiB is announced (RFC 8446, 5.1), of which a byte comes now and then."""
    with hostile(drip(b"\x16\x03\x03\x40\x00"), reads=False) as server:
        url = server.url.replace("http:", "https:")
        began = time.monotonic()
        answer = source(cloud, endpoint_overrides={"network": url}).answer([NETWORKS])[NETWORKS]
        assert time.monotonic() - began < 5
    # Python gives the whole handshake the time-out of one read, which may or may not be up before the answer's.
    assert isinstance(answer, (ApiUnreachable, AnswerTooSlow)), repr(answer)


def test_json_of_more_values_than_any_service_has(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bytes a value on the wire, fifty in memory."""
    monkeypatch.setattr(bounded_http, "MAX_VALUES", 1000)
    for bomb in (b"[],", b"{},", b"0,"):
        with hostile(once(b'{"networks": [' + bomb * 1000 + b"0]}")) as server:
            answer = source(cloud, endpoint_overrides={"network": server.url}).answer([NETWORKS])[NETWORKS]
        assert isinstance(answer, AnswerTooLarge)
        assert "more than 1000 JSON values" in str(answer)


def test_a_service_that_is_too_slow_is_given_up_for_the_scan(cloud: Cloud) -> None:
    with hostile(drip(OK + b"\r\n")) as server:
        asked = source(cloud, endpoint_overrides={"network": server.url})
        queries = [ApiGet("network", f"/{number}", "x") for number in range(40)]
        began = time.monotonic()
        answers = [asked.answer([query])[query] for query in queries]
        assert time.monotonic() - began < 5
    assert all(isinstance(one, AnswerTooSlow) for one in answers)
    assert "too slow 2 times and is not asked any more" in str(answers[-1])
    assert server.connections == 2


@pytest.mark.parametrize("name", ["a body byte by byte", "chunks without end", "a gzip bomb"])
def test_a_keystone_that_means_ill_is_asked_once(name: str) -> None:
    behaviour, kind, said = made(name)
    with hostile(behaviour) as server:
        given = {"auth_url": f"{server.url}/v3", "user": USER, "pwd": SecretRef("env", "PW")}
        bounds = {"timeout_s": 0.4, "answer_timeout_s": 0.5, "max_answer_mib": 1}
        asked = OpenStackSource({**given, **bounds}, Vault(environ={"PW": PASSWORD}), sleep=lambda _seconds: None)
        answers = [asked.answer([NETWORKS])[NETWORKS] for _ in range(3)]
    assert all(isinstance(one, kind) and said in str(one) for one in answers)
    assert server.connections == 1


def endless(size: int) -> Callable[[Request], Response]:
    """Pages of items that nobody has seen before, each with a link to the next."""
    numbers = itertools.count()

    def route(_request: Request) -> Response:
        first = next(numbers) * 100
        items = [{"id": f"n{first + one}", "name": "x" * size} for one in range(100)]
        link = {"rel": "next", "href": f"http://x/networks?marker={first}"}
        return Response({"networks": items, "networks_links": [link]})

    return route


@pytest.mark.parametrize(
    ("size", "kind", "said"),
    [
        (1, AnswerTooSlow, "GET network /networks, all pages: not answered completely within 0.3 s"),
        (1000, AnswerTooLarge, "more than 1 MiB in all pages; the rest was not read. Raise OpenStack.max_answer_mib"),
    ],
)
def test_pages_without_end(cloud: Cloud, size: int, kind: type[CalipsoError], said: str) -> None:
    cloud.routes["/network/v2.0/networks"] = endless(size)
    limit = {"list_timeout_s": 0.3} if size == 1 else {}
    began = time.monotonic()
    answer = source(cloud, **limit).answer([NETWORKS])[NETWORKS]
    assert isinstance(answer, kind), repr(answer)
    assert said in str(answer)
    assert time.monotonic() - began < 5


def test_pages_of_too_many_values(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_VALUES", 1000)
    cloud.routes["/network/v2.0/networks"] = endless(1)
    answer = source(cloud).answer([NETWORKS])[NETWORKS]
    assert isinstance(answer, AnswerTooLarge)
    assert "1000 JSON values in all pages" in str(answer)


def test_packed_answers_are_read(cloud: Cloud) -> None:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    body = packer.compress(b'{"networks": [{"id": "n1"}]}') + packer.flush()
    for coding in (b"gzip", b"X-GZip"):
        with hostile(once(body, b"Content-Encoding: " + coding)) as server:
            answer = source(cloud, endpoint_overrides={"network": server.url}).answer([NETWORKS])[NETWORKS]
        assert isinstance(answer, Reply), str(answer)
        assert answer.data == [{"id": "n1"}]
