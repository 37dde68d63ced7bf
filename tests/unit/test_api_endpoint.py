# SPDX-License-Identifier: Apache-2.0
"""Where the API listens: how endpoints are written, what they mean, and whether they are safe."""

from __future__ import annotations

import pytest

from calipso_nornir.api import Endpoint
from calipso_nornir.errors import InvalidRequest


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
