# SPDX-License-Identifier: Apache-2.0
"""Sends one message by HTTP, to nothing but public addresses unless this is allowed.

The name is resolved once, every address is checked, and the connection goes to a checked address, so that a name that
changes in between (DNS rebinding) leads nowhere else. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from calipso_nornir._version import __version__
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from urllib.parse import SplitResult

TIMEOUT_S: Final = 10.0
MOST_ADDRESSES: Final = 3
"""Of one host that are tried."""
_PORTS: Final = {"http": 80, "https": 443}
_PLAIN: Final = re.compile(r"[\x21-\x7e]+")
_OK: Final = range(200, 300)


class NotDelivered(Exception):
    """A message was not taken; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """How messages are sent.

    Attributes:
        to_private: whether loopback, link-local and private addresses may be reached.
        timeout_s: for each address to connect to, for TLS, and for the whole exchange.
    """

    to_private: bool = False
    timeout_s: float = TIMEOUT_S

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Send a message. Raises NotDelivered unless the answer is 2xx."""
        parts = checked_url(url)
        try:
            with closing(self._connected(parts)) as connection, self._limited(connection.sock):
                status = _status(connection, parts, body, headers)
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise NotDelivered(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None
        if status not in _OK:
            more = "; redirects are not followed" if status in range(300, 400) else ""
            raise NotDelivered(f"the answer was {status}{more}")

    def _connected(self, parts: SplitResult) -> http.client.HTTPConnection:
        host = str(parts.hostname)
        port = parts.port or _PORTS[parts.scheme]
        made = self._reached(self._addresses(host, port), port)
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(host, port, timeout=self.timeout_s)
            connection.sock = made = ssl.create_default_context().wrap_socket(
                made, server_hostname=host, do_handshake_on_connect=False
            )
            try:
                with self._limited(made):
                    made.do_handshake()
            except BaseException:
                made.close()
                raise
        else:
            connection = http.client.HTTPConnection(host, port, timeout=self.timeout_s)
            connection.sock = made
        return connection

    def _addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host. Raises NotDelivered if one of them is not public."""
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address in found:
            if not self.to_private and not is_public(address):
                raise NotDelivered(f"{host} is {address}, which is not public: calipso serve --webhooks-to-private")
        return found[:MOST_ADDRESSES]

    def _reached(self, addresses: Sequence[str], port: int) -> socket.socket:
        """Connect to the first address that answers. Raises OSError: that of the last one."""
        for address in addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, port), timeout=self.timeout_s)
        return socket.create_connection((addresses[-1], port), timeout=self.timeout_s)

    @contextmanager
    def _limited(self, sock: socket.socket) -> Iterator[None]:
        """Cut a connection that takes too long; each byte would reset the socket's own timeout. Raises TimeoutError."""
        was_cut = threading.Event()
        watch = threading.Timer(self.timeout_s, _cut, (sock, was_cut))
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()
            if was_cut.is_set():  # what http.client takes for the end of a head may be where it was cut
                raise TimeoutError(f"no answer within {self.timeout_s:g} s")


def _status(connection: http.client.HTTPConnection, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    about = {"Content-Type": "application/json", "User-Agent": f"calipso_nornir/{__version__}"}
    connection.request("POST", path, body=body, headers={**about, **headers})
    return connection.getresponse().status


def checked_url(url: str) -> SplitResult:
    """Return the parts of a URL that messages can be sent to. Raises InvalidRequest."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or not _PLAIN.fullmatch(url):
        raise InvalidRequest("url: expected http:// or https://, a host, a path, and no user or password", "url")
    return parts


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public Internet, also one inside an IPv6 address that stands for IPv4."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and parsed in ipaddress.ip_network("64:ff9b::/96"):  # NAT64, RFC 6052
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast


def _cut(sock: socket.socket, was_cut: threading.Event) -> None:
    was_cut.set()
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
