# SPDX-License-Identifier: Apache-2.0
"""HTTP to the controllers of one fabric: TLS, limits, and the messages of failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from calipso_nornir._version import __version__
from calipso_nornir.sources.bounded_http import Bounds, tell_unverified
from calipso_nornir.sources.named_files import text_of
from calipso_nornir.sources.tls_http import TlsAdapter, tls_context

if TYPE_CHECKING:
    from calipso_nornir.metadata.environment_aci import AciSection

MAX_MESSAGE_BYTES = 1 << 20
SHOWN = 300


def session(section: AciSection) -> requests.Session:
    """Return a session. Raises EnvironmentInvalid for certificates that cannot be used."""
    ca = None if section.cacert is None else text_of(Path(section.cacert), "ACI/cacert")
    context = tls_context(ca, verify=section.verify, authority="ACI.cacert")
    made = requests.Session()
    made.mount("https://", TlsAdapter(Bounds.of(section, "ACI"), context))
    made.headers["User-Agent"] = f"calipso_nornir/{__version__}"
    made.headers["Accept"] = "application/json"
    made.auth = lambda request: request  # or requests would look for a password in .netrc
    if not section.verify:
        tell_unverified("ACI.verify is false")
    return made


def failure_in(body: object) -> tuple[int, str] | None:
    """Return code and text of an error; None if the body has none. An APIC puts errors into ``imdata``, like objects.

    The code may be one of the APIC's own: 121, 122 and 301, for example, are not those of HTTP.
    """
    rows = body.get("imdata") if isinstance(body, dict) else None
    first = rows[0] if isinstance(rows, list) and len(rows) == 1 else None
    error = first.get("error") if isinstance(first, dict) else None
    told = error.get("attributes") if isinstance(error, dict) else None
    if not isinstance(told, dict):
        return None
    code, text = str(told.get("code", "")), told.get("text")
    said = " ".join(text.split())[:SHOWN] if isinstance(text, str) and text.strip() else "no text"
    return (int(code) if code.isascii() and code.isdecimal() and len(code) < len("10000") else 0), said


def message_of(response: requests.Response) -> str:
    """Return the APIC's text of a failure; if the answer is not an APIC's, its beginning."""
    content = response.content
    try:
        body: Any = json.loads(content) if len(content) <= MAX_MESSAGE_BYTES else None
    except (ValueError, RecursionError):
        said = " ".join(content[:SHOWN].decode("utf-8", "replace").split())
    else:
        failure = failure_in(body)
        said = failure[1] if failure else ""
    return said or response.reason or "no text"
