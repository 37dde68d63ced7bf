# SPDX-License-Identifier: Apache-2.0
"""Receives results: a TCP port for handlers of Sensu, and an HTTP port for webhooks.

A handler of Sensu opens a connection for each event, sends one JSON object and reads nothing, so it does not notice
failures. An HTTP sender gets 204 for accepted results, 401 without the token, 404 for another path, 413 for a body that
is too large.
"""

from __future__ import annotations

import hmac
import json
import logging
import socketserver
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.monitoring.back_ends.base import Received
from calipso_nornir.monitoring.back_ends.named_back_ends import back_end
from calipso_nornir.monitoring.results import Refused, read_results

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

MOST_BYTES: Final = 4 * 1024 * 1024
"""Maximum size of one message; an agent of Sensu Go drops events above 2 MiB."""
PATIENCE_S: Final = 30.0
"""Seconds without data after which a sender is disconnected."""
NEUTRAL: Final = "results"
"""Path for results as the probe prints them: a list of JSON objects, or one per line."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens; port 0: any."""

    host: str
    port: int


class Receiver:
    """Both servers, each in threads of its own, until ``close``."""

    def __init__(
        self,
        take: Callable[[Received], None],
        *,
        http: Address | None = None,
        tcp: Address | None = None,
        tcp_back_end: str = "sensu_go",
        token: str = "",
    ) -> None:
        if http is not None and not token and http.host not in ("127.0.0.1", "::1", "localhost"):
            raise InvalidRequest(f"receiver on {http.host}: without a token it listens on 127.0.0.1 only")
        self._servers: list[socketserver.BaseServer] = []
        self._threads: list[threading.Thread] = []
        self.http = self._start(_http_server(http, take, token)) if http is not None else None
        self.tcp = self._start(_tcp_server(tcp, take, tcp_back_end)) if tcp is not None else None

    def close(self) -> None:
        """Receive what has begun to arrive, and stop."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    def _start(self, server: socketserver.TCPServer) -> Address:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        self._servers.append(server)
        self._threads.append(thread)
        host, port = server.server_address[:2]
        logger.info("receiving on %s port %d", host, port)
        return Address(str(host), int(port))


def read_message(path: str, body: bytes) -> Received:
    """Read a message that was sent to the path of a back end; raises InvalidRequest for another path."""
    name = path.strip("/")
    if name == NEUTRAL:
        return _neutral(body)
    system = back_end(name)
    try:
        message = json.loads(body)
    except ValueError as error:
        return Received(refused=(Refused(f"a message of {len(body)} bytes", f"is not JSON: {error}"),))
    return system.receive(message)


def _neutral(body: bytes) -> Received:
    try:
        rows = json.loads(body)
        rows = rows if isinstance(rows, list) else [rows]
    except ValueError:
        rows = []
        for line in body.splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                rows.append(None)
    results, refused = read_results(rows)
    return Received(tuple(results), tuple(refused))


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 1024
    """A back end opens a connection for each event."""


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128


def _tcp_server(address: Address, take: Callable[[Received], None], name: str) -> socketserver.TCPServer:
    back_end(name)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(PATIENCE_S)
            body = bytearray()
            try:
                while len(body) <= MOST_BYTES and (more := self.request.recv(65536)):
                    body += more
            except OSError as error:
                logger.warning("%s: cut off after %d bytes: %s", self.client_address[0], len(body), error)
            if len(body) > MOST_BYTES:
                take(Received(refused=(Refused("an event", f"is larger than {MOST_BYTES} bytes"),)))
            elif body:
                take(read_message(name, bytes(body)))

    return _Tcp((address.host, address.port), Handler)


def _http_server(address: Address, take: Callable[[Received], None], token: str) -> socketserver.TCPServer:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_S
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            given = self.headers.get("Authorization", "")
            if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                self._answer(HTTPStatus.UNAUTHORIZED, "wrong token")
                return
            length = self.headers.get("Content-Length", "")
            if not length.isdigit() or int(length) > MOST_BYTES:
                self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes, and their number first")
                return
            body = self.rfile.read(int(length))
            try:
                take(read_message(self.path, body))
            except InvalidRequest as error:
                self._answer(HTTPStatus.NOT_FOUND, str(error))
            else:
                self._answer(HTTPStatus.NO_CONTENT, "")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's names
            logger.debug(format, *args)

        def _answer(self, status: HTTPStatus, text: str) -> None:
            self.close_connection = True  # an idle connection would hold up the end of the receiver
            self.send_response(status)
            self.send_header("Connection", "close")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    return _Http((address.host, address.port), Handler)
