# SPDX-License-Identifier: Apache-2.0
"""HTTPS with our own TLS context: requests supports only certificates in files, and adds public authorities."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.sources.bounded_http import BoundedAdapter, Bounds

if TYPE_CHECKING:
    import requests
    import urllib3


class TlsAdapter(BoundedAdapter):
    """Sends requests within limits, with its own TLS context. ``server_name``: the server's name if not in the URL."""

    def __init__(self, bounds: Bounds, context: ssl.SSLContext, server_name: str | None = None) -> None:
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
        """Leave the context as it is: requests would add public authorities to it."""

    def _tls(self) -> dict[str, Any]:
        named = {"assert_hostname": self._server_name, "server_hostname": self._server_name}
        return {"ssl_context": self._context, **(named if self._server_name else {})}


def tls_context(ca: str | None, *, verify: bool, authority: str) -> ssl.SSLContext:
    """Return a context that trusts certificates of authorities (PEM), or those of the system if ``ca`` is None.

    ``authority`` is the place where they are configured. Raises EnvironmentInvalid for a text without certificates.
    """
    try:
        context = ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError):
        raise EnvironmentInvalid((Fault(authority, "contains no certificates in PEM"),)) from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
