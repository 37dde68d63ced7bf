# SPDX-License-Identifier: Apache-2.0
"""OVSDB's protocol (RFC 7047, 4) over TCP or TLS, as far as reading needs it: calls and notifications of one server."""

from __future__ import annotations

import json
import select
import socket
import ssl
from contextlib import closing
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import AnswerTooLarge
from calipso_nornir.sources.bounds import MAX_VALUES, values_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CHUNK = 1 << 18
IDLE_S = 0.02
"""Messages have no length prefix. A message is decoded when nothing has arrived for this long and the last byte may end
it; trying to decode at every chunk would take minutes for the 30 MB of a large cloud."""


class RefusedError(Exception):
    """The server answered a call with an error."""


class Conversation:
    """A connection to one server."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._text = bytearray()
        self._calls = 0
        self.received = 0
        """How many messages the server has sent."""

    def call(self, method: str, params: Sequence[Any]) -> Any:  # noqa: ANN401 - JSON
        """Send a call and return its result. Raises RefusedError; OSError or ValueError when there is no answer."""
        self._calls += 1
        self._send({"method": method, "params": list(params), "id": self._calls})
        while True:
            message = self._message()
            if message.get("method") == "echo":  # the server checks whether the client is alive (4.1.11)
                self._send({"id": message.get("id"), "result": message.get("params"), "error": None})
            elif message.get("id") == self._calls and "method" not in message:
                if message.get("error") is not None:
                    raise RefusedError(json.dumps(message["error"]))
                return message.get("result")

    def told(self) -> tuple[str, list[Any]] | None:
        """Return the next notification, its method and parameters; None when none comes before the socket's time-out.

        Raises OSError or ValueError when the connection is lost.
        """
        try:
            message = self._message()
        except TimeoutError:
            return None
        if message.get("method") == "echo":
            self._send({"id": message.get("id"), "result": message.get("params"), "error": None})
            return None
        if "method" not in message:
            return None  # the answer to our echo
        return str(message["method"]), list(message.get("params") or ())

    def ask_whether_alive(self) -> None:
        """Send an echo (4.1.11): a server that is alive answers it, so ``received`` grows."""
        self._calls += 1
        self._send({"method": "echo", "params": [], "id": self._calls})

    def _send(self, message: Mapping[str, Any]) -> None:
        self._connection.sendall(json.dumps(message).encode())

    def _message(self) -> dict[str, Any]:
        while True:
            ended = False
            if not (self._text.endswith(b"}") and self._is_idle()):
                chunk = self._connection.recv(CHUNK)
                self._text += chunk
                ended = not chunk
                if chunk:
                    continue
            found = self._decoded()
            if found is not None:
                self.received += 1
                return found
            if ended:
                raise ConnectionError("the server ended the connection")
            self._text += self._connection.recv(CHUNK)

    def _is_idle(self) -> bool:
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return False
        return not select.select([self._connection], [], [], IDLE_S)[0]

    def _decoded(self) -> dict[str, Any] | None:
        """Return the first message that has arrived completely; None when there is none."""
        if values_in(bytes(self._text)) > MAX_VALUES:
            raise AnswerTooLarge("OVSDB", f"{MAX_VALUES:,} values")
        try:
            text = self._text.decode()
            found, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            return None
        self._text = bytearray(text[end:].lstrip().encode())
        if not isinstance(found, dict):
            raise ValueError("an answer that is not an object")  # noqa: TRY004 - as for invalid JSON
        return found


def addresses(remotes: str) -> Iterator[tuple[str, str, int]]:
    """Yield protocol, host and port of ``ssl:192.0.2.1:6642,tcp:[2001:db8::1]:6642``. ValueError for anything else."""
    for one in (part.strip() for part in remotes.split(",")):
        protocol, _, rest = one.partition(":")
        host, _, port = rest.rpartition(":")
        if protocol not in ("tcp", "ssl") or not host or not port.isdecimal():
            raise ValueError(f"{one!r} is not tcp:HOST:PORT or ssl:HOST:PORT")
        yield protocol, host.strip("[]"), int(port)


def tls_context(*, ca_cert: str, certificate: str | None, private_key: str | None) -> ssl.SSLContext:
    """Return the TLS context with certificates of both sides; names are not checked: OVSDB's certificates have none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(ca_cert)
    if certificate:
        context.load_cert_chain(certificate, private_key)
    return context


def connected(protocol: str, host: str, port: int, *, timeout_s: float, tls: ssl.SSLContext | None) -> socket.socket:
    """Return a connected socket. Raises OSError."""
    plain = socket.create_connection((host, port), timeout=timeout_s)
    if protocol == "tcp" or tls is None:
        return plain
    try:
        return tls.wrap_socket(plain)
    except BaseException:
        with closing(plain):
            raise
