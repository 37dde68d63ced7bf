# SPDX-License-Identifier: Apache-2.0
"""HTTP to the services of one OpenStack: sessions, limits, and the messages of failures."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import requests
from keystoneauth1.session import Session

from calipso_nornir._version import __version__
from calipso_nornir.sources.bounded_http import BoundedAdapter, tell_unverified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.sources.bounded_http import Bounds

MAX_MESSAGE_BYTES = 1 << 20


def session(*, verify: bool | str, cert: str | tuple[str, str] | None, bounds: Bounds) -> Session:
    """Return a session with the given limits and TLS; it follows no redirect, because that would disclose the token."""
    plain = requests.Session()
    for scheme in ("http://", "https://"):
        plain.mount(scheme, BoundedAdapter(bounds))
    if verify is False:
        tell_unverified("OpenStack.verify is false")
    return Session(
        session=plain, verify=verify, cert=cert, redirect=False, app_name="calipso_nornir", app_version=__version__
    )


def message_of(response: requests.Response) -> str:
    """Return the text of an error answer: OpenStack puts ``message`` into an object of any name, proxies send HTML."""
    try:
        body = json.loads(response.content) if len(response.content) <= MAX_MESSAGE_BYTES else None
    except (ValueError, RecursionError):
        start = response.content[:4000].decode("utf-8", "replace")
        text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", start, flags=re.DOTALL)
        return " ".join(text.split())[:300] or response.reason or "no text"
    said = next(_messages(body), "")
    return " ".join(said.split())[:300] or response.reason or "no text"


def _messages(body: object) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    for holder in (body, *body.values()):
        for key in ("message", "detail", "title"):
            if isinstance(holder, dict) and isinstance(holder.get(key), str) and holder[key].strip():
                yield holder[key]
    errors = body.get("errors")
    if isinstance(errors, list) and errors:
        yield from _messages({"error": errors[0]})
