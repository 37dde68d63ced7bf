# SPDX-License-Identifier: Apache-2.0
"""Where the API listens: how endpoints are written, what they mean, and whether they are safe."""

from __future__ import annotations

import gc
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI

from calipso_nornir.api import Endpoint
from calipso_nornir.api.pauses import SELDOM, SWITCH_S
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.mark.parametrize(
    ("bind", "host", "port", "shown", "in_clear_text"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000, "http://127.0.0.1:8000", False),
        ("[::1]:8000", "::1", 8000, "http://[::1]:8000", False),
        ("localhost:80", "localhost", 80, "http://localhost:80", False),
        ("0.0.0.0:8443", "0.0.0.0", 8443, "http://0.0.0.0:8443", True),  # noqa: S104 - that is the question
        ("[::]:1", "::", 1, "http://[::]:1", True),
        ("api.example:0", "api.example", 0, "http://api.example:0", True),
    ],
)
def test_an_address_is_read(bind: str, host: str, port: int, shown: str, *, in_clear_text: bool) -> None:
    one = Endpoint.read(bind)
    assert (one.host, one.port, str(one), one.in_clear_text) == (host, port, shown, in_clear_text)
    safe = Endpoint.read(bind, certificate="c.pem", key="k.pem")
    assert (str(safe), safe.in_clear_text) == (shown.replace("http:", "https:"), False)


@pytest.mark.parametrize("bind", ["8000", ":8000", "host:", "host:x", "127.0.0.1:65536", "127.0.0.1:-1", ""])
def test_what_is_no_address_is_refused(bind: str) -> None:
    with pytest.raises(InvalidRequest, match="expected ADDRESS:PORT"):
        Endpoint.read(bind)


@pytest.mark.parametrize("half", [{"certificate": "c.pem"}, {"key": "k.pem"}])
def test_a_certificate_needs_its_key(half: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest, match="--tls-cert and --tls-key belong together"):
        Endpoint.read("127.0.0.1:8000", **half)


def test_pauses_are_short_while_requests_are_served_and_only_then() -> None:
    seen: list[object] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        seen.append((gc.get_threshold(), round(sys.getswitchinterval(), 6), gc.get_freeze_count() > frozen))
        signal.raise_signal(signal.SIGINT)
        yield

    before, frozen = (gc.get_threshold(), sys.getswitchinterval()), gc.get_freeze_count()
    Endpoint.read("127.0.0.1:0").serve(FastAPI(lifespan=lifespan), access_log=False)
    assert seen == [(SELDOM, SWITCH_S, True)]
    assert (gc.get_threshold(), sys.getswitchinterval()) == before
