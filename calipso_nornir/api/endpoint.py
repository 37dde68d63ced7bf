# SPDX-License-Identifier: Apache-2.0
"""Where the API listens, and whether passwords are safe on the way to it."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from calipso_nornir.api.pauses import short_pauses
from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.addresses import host_port

if TYPE_CHECKING:
    from fastapi import FastAPI

HIGHEST_PORT: Final = 65535
BACKLOG: Final = 2048
GRACEFUL_S: Final = 5
"""Seconds for answers in progress when the process is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An address and a port, with TLS or without.

    Attributes:
        host: an address, or a name of this machine.
        port: 0 to 65535; 0 is any free port.
        certificate: file with the certificate chain (PEM); None for http.
        key: file with its key (PEM).
    """

    host: str
    port: int
    certificate: str | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise InvalidRequest("--tls-cert and --tls-key belong together")

    @classmethod
    def read(cls, bind: str, *, certificate: str | None = None, key: str | None = None) -> Endpoint:
        """Read ``ADDRESS:PORT``, an IPv6 address in brackets. Raises InvalidRequest."""
        host, colon, port = bind.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not host or not port.isdecimal() or int(port) > HIGHEST_PORT:
            raise InvalidRequest(f"--bind {bind}: expected ADDRESS:PORT, e.g. 127.0.0.1:8000 or [::1]:8000")
        return cls(host=host, port=int(port), certificate=certificate, key=key)

    def __str__(self) -> str:
        return f"http{'s' if self.certificate else ''}://{host_port(self.host, self.port)}"

    @property
    def in_clear_text(self) -> bool:
        """Whether passwords cross a network in clear text."""
        return self.certificate is None and not self._is_loopback

    @property
    def _is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def bound(self) -> socket.socket:
        """Return a socket that is bound to the address, for several processes. Raises InvalidRequest."""
        try:
            family, _, _, _, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0]
            return socket.create_server(address[:2], family=family, backlog=BACKLOG)
        except OSError as error:
            raise InvalidRequest(f"{self.host}:{self.port} cannot be listened at: {error.strerror or error}") from error

    def serve(self, app: FastAPI, *, access_log: bool, bound: socket.socket | None = None) -> None:
        """Serve an application until SIGTERM or SIGINT; requests that are being served have some seconds to end.

        Forwarded addresses are not believed: anybody could choose the one that the audit trail names.

        Args:
            app: the application; its streams end when ``app.state.ending()`` is true.
            access_log: whether each request is logged.
            bound: the socket to listen at, if others listen at it, too.
        """
        config = uvicorn.Config(
            app,
            host=self.host,
            port=self.port,
            ssl_certfile=self.certificate,
            ssl_keyfile=self.key,
            log_config=None,
            access_log=access_log,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=GRACEFUL_S,
        )
        server = uvicorn.Server(config)
        app.state.ending = lambda: server.should_exit
        with suppress(KeyboardInterrupt), short_pauses():  # the signal that has ended it
            server.run(sockets=None if bound is None else [bound])
        if not server.started:
            raise InvalidRequest(f"{self} could not be served; the log says why")
