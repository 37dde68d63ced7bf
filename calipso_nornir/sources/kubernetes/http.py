# SPDX-License-Identifier: Apache-2.0
"""HTTP to one Kubernetes API server: its TLS, its limits, and what its failures say."""

from __future__ import annotations

import json
import os
import ssl
import tempfile
from typing import TYPE_CHECKING, Any

import requests

from calipso_nornir._version import __version__
from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.sources.bounded_http import BoundedAdapter, Bounds, tell_unverified

if TYPE_CHECKING:
    import urllib3

    from calipso_nornir.metadata.environment_kubernetes import KubernetesSection
    from calipso_nornir.sources.kubernetes.access import Access

MAX_MESSAGE_BYTES = 1 << 20
SHOWN = 300


class _Adapter(BoundedAdapter):
    """Sends requests within limits, with a TLS context of our own: requests knows certificates in files only."""

    def __init__(self, bounds: Bounds, context: ssl.SSLContext, server_name: str | None) -> None:
        self._context = context
        self._server_name = server_name
        super().__init__(bounds)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own
        """Give each connection the context."""
        super().init_poolmanager(*args, **kwargs, **self._tls())

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:  # noqa: ANN401 - as above
        """Give each connection through a proxy the context, too."""
        return super().proxy_manager_for(*args, **kwargs, **self._tls())

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as above
        """Send a request. REQUESTS_CA_BUNDLE, which is for other servers, has no effect."""
        kwargs |= {"verify": self._context.verify_mode == ssl.CERT_REQUIRED, "cert": None}
        return super().send(request, *args, **kwargs)

    def cert_verify(self, *_args: object, **_kwargs: object) -> None:
        """Leave the context as it is: requests would add the authorities of the web to it."""

    def _tls(self) -> dict[str, Any]:
        named = {"assert_hostname": self._server_name, "server_hostname": self._server_name}
        return {"ssl_context": self._context, **(named if self._server_name else {})}


def session(access: Access, section: KubernetesSection) -> requests.Session:
    """Return a session for one server. Raises EnvironmentInvalid for certificates that cannot be used."""
    made = requests.Session()
    bounds = Bounds.of(section, "Kubernetes")
    made.mount("https://", _Adapter(bounds, _context(access), access.server_name))
    made.mount("http://", BoundedAdapter(bounds))
    made.headers["User-Agent"] = f"calipso_nornir/{__version__}"
    made.headers["Accept"] = "application/json"
    made.auth = lambda request: request  # or requests would look for a password in .netrc
    if not access.verify:
        tell_unverified(access.url)
    return made


def _context(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.ca)
    except (ssl.SSLError, ValueError):
        raise EnvironmentInvalid((Fault(access.authority, "holds no certificates in PEM"),)) from None
    if not access.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.certificate is not None and access.key is not None:
        _load(context, access.certificate, access.key, access.told_by)
    return context


def _load(context: ssl.SSLContext, certificate: str, key: str, told_by: str) -> None:
    """Load a client's certificate and key; OpenSSL reads them from a file only, which is removed at once."""
    descriptor, name = tempfile.mkstemp(prefix="calipso-", suffix=".pem")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="ascii", errors="replace") as file:
            file.write(f"{certificate.strip()}\n{key.strip()}\n")
        # A key with a passphrase would ask for it on the terminal.
        context.load_cert_chain(name, password=lambda: b"")
    except (ssl.SSLError, OSError, ValueError):
        problem = "client certificate and key cannot be used: they are not PEM, do not fit, or need a passphrase"
        raise EnvironmentInvalid((Fault(told_by, problem),)) from None
    finally:
        os.unlink(name)  # noqa: PTH108 - as it was made


def message_of(content: bytes, otherwise: str) -> str:
    """Return the text of a failure: the message of a ``Status``, else the beginning of what a proxy said."""
    try:
        body = json.loads(content) if len(content) <= MAX_MESSAGE_BYTES else None
    except (ValueError, RecursionError):
        body = content[:SHOWN].decode("utf-8", "replace")
    said = body.get("message") if isinstance(body, dict) else body
    return " ".join(said.split())[:SHOWN] if isinstance(said, str) and said.strip() else otherwise or "no text"
