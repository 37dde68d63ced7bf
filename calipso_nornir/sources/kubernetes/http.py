# SPDX-License-Identifier: Apache-2.0
"""HTTP to one Kubernetes API server: TLS, limits, and the messages of failures."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from typing import TYPE_CHECKING

import requests

from calipso_nornir._version import __version__
from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.sources.bounded_http import BoundedAdapter, Bounds, tell_unverified
from calipso_nornir.sources.tls_http import TlsAdapter, tls_context

if TYPE_CHECKING:
    from calipso_nornir.metadata.environment_kubernetes import KubernetesSection
    from calipso_nornir.sources.kubernetes.cluster_access import Access

MAX_MESSAGE_BYTES = 1 << 20
SHOWN = 300


def session(access: Access, section: KubernetesSection) -> requests.Session:
    """Return a session for one server. Raises EnvironmentInvalid for certificates that cannot be used."""
    made = requests.Session()
    bounds = Bounds.of(section, "Kubernetes")
    made.mount("https://", TlsAdapter(bounds, _context(access), access.server_name))
    made.mount("http://", BoundedAdapter(bounds))
    made.headers["User-Agent"] = f"calipso_nornir/{__version__}"
    made.headers["Accept"] = "application/json"
    made.auth = lambda request: request  # otherwise requests would look for a password in .netrc
    if not access.verify:
        tell_unverified(access.url)
    return made


def _context(access: Access) -> ssl.SSLContext:
    context = tls_context(access.ca, verify=access.verify, authority=access.authority)
    if access.certificate is not None and access.key is not None:
        _load(context, access.certificate, access.key, access.told_by)
    return context


def _load(context: ssl.SSLContext, certificate: str, key: str, told_by: str) -> None:
    """Load a client's certificate and key; OpenSSL reads them from a file only, which is removed at once."""
    descriptor, name = tempfile.mkstemp(prefix="calipso-", suffix=".pem")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii", errors="replace") as file:
            file.write(f"{certificate.strip()}\n{key.strip()}\n")
        # OpenSSL would ask for a passphrase on the terminal.
        context.load_cert_chain(name, password=lambda: b"")
    except (ssl.SSLError, OSError, ValueError):
        problem = "client certificate and key cannot be used: they are not PEM, do not match, or need a passphrase"
        raise EnvironmentInvalid((Fault(told_by, problem),)) from None
    finally:
        os.unlink(name)  # noqa: PTH108 - as it was made


def message_of(content: bytes, otherwise: str) -> str:
    """Return the text of a failure: the message of a ``Status``, else the beginning of a proxy's answer."""
    try:
        body = json.loads(content) if len(content) <= MAX_MESSAGE_BYTES else None
    except (ValueError, RecursionError):
        body = content[:SHOWN].decode("utf-8", "replace")
    said = body.get("message") if isinstance(body, dict) else body
    return " ".join(said.split())[:SHOWN] if isinstance(said, str) and said.strip() else otherwise or "no text"
