# SPDX-License-Identifier: Apache-2.0
"""HTTP answers within limits of total time, and of size after decompression.

A server that sends a byte from time to time, in head or body, keeps a client waiting forever, as does one that sends
``100 Continue`` without end (RFC 9110, 15.2). And the library requests decompresses an answer before its size can be
checked.
"""

from __future__ import annotations

import logging
import zlib
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
import urllib3
from keystoneauth1.session import TCPKeepAliveAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from calipso_nornir.errors import AnswerTooLarge, AnswerTooSlow, ParseError
from calipso_nornir.sources.bounds import MAX_VALUES, values_in
from calipso_nornir.sources.deadline import Deadline, deadline

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from calipso_nornir.metadata.environment_http import HttpSection

logger = logging.getLogger(__name__)

READ_BYTES = 1 << 16
CONNECT_TIMEOUT_S = 10.0
_ENCODINGS = {"": None, "identity": None, "gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16}
"""Content codings to request, with zlib's window for each. Others may decompress without any limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits of one answer.

    Attributes:
        connect_s, read_s: limits for connecting, and for the wait between two pieces of an answer.
        answer_s: limit for one complete answer, from connecting to the last byte.
        answer_bytes: limit for its body, compressed and decompressed.
        section: the environment's section with ``answer_timeout_s`` and ``max_answer_mib``.
    """

    connect_s: float
    read_s: float
    answer_s: float
    answer_bytes: int
    section: str

    @classmethod
    def of(cls, section: HttpSection, name: str) -> Bounds:
        """Return the limits that a section with this name sets."""
        return cls(
            connect_s=min(CONNECT_TIMEOUT_S, section.timeout_s),
            read_s=section.timeout_s,
            answer_s=section.answer_timeout_s,
            answer_bytes=section.max_answer_mib << 20,
            section=name,
        )


def tell_unverified(where: str) -> None:
    """Log once that certificates are not verified, as urllib3 would for every request."""
    logger.warning("TLS certificates are not verified (%s)", where)
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


class BoundedAdapter(TCPKeepAliveAdapter):
    """Sends requests within limits. Raises AnswerTooSlow, AnswerTooLarge, ParseError, and what requests raises."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own
        """Make connections that a deadline can cut."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> urllib3.ProxyManager:  # noqa: ANN401 - as above
        """Make connections through a proxy that a deadline can cut, too."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - as above
        """Send a request and read the whole answer."""
        bounds = self._bounds
        asked = f"{request.method} {(request.url or '').partition('?')[0]}"
        kwargs |= {"timeout": (bounds.connect_s, bounds.read_s), "stream": True}
        request.headers["Accept-Encoding"] = "gzip"
        with deadline(bounds.answer_s) as limit, _watching(limit):
            try:
                response = super().send(request, *args, **kwargs)
                with _closed_on_error(response):
                    _read(response, asked, bounds)
            except OSError:
                if not limit.passed:
                    raise
            if limit.passed:  # without an error, too: a body that ends with the connection was truncated
                raise AnswerTooSlow(asked, bounds.answer_s, f"{bounds.section}.answer_timeout_s") from None
        return response


@contextmanager
def _closed_on_error(response: requests.Response) -> Iterator[None]:
    try:
        yield
    except BaseException:
        response.close()
        raise


def _read(response: requests.Response, asked: str, bounds: Bounds) -> None:
    """Read the body of an answer into the place where requests expects it; raises the errors that requests raises."""
    parts: list[bytes] = []
    size = 0
    try:
        for part in _unpacked(response.raw, asked, bounds):
            parts.append(part)
            size += len(part)
            if size > bounds.answer_bytes:
                raise _too_large(asked, bounds)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error, request=response.request) from error
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error, request=response.request) from error
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error, request=response.request) from error
    except zlib.error:
        raise ParseError("gzip", "the answer is damaged", query=asked) from None
    content = b"".join(parts)
    if content.lstrip()[:1] in (b"{", b"[") and values_in(content) > MAX_VALUES:
        raise AnswerTooLarge(asked, f"{MAX_VALUES} JSON values")
    response._content = content  # noqa: SLF001 - requests has no other way to be given a body
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001 - as above


def _unpacked(raw: Any, asked: str, bounds: Bounds) -> Iterator[bytes]:  # noqa: ANN401 - urllib3's response
    """Yield the body in small pieces, even if one compressed piece expands to very much."""
    coding = str(raw.headers.get("Content-Encoding", "")).strip().lower()
    if coding not in _ENCODINGS:
        raise ParseError("http", f"it is packed with {coding[:40]!r}, which was not requested", query=asked)
    window = _ENCODINGS[coding]
    packer = None if window is None else zlib.decompressobj(window)
    packed = 0
    whole = True
    # Not raw.stream(): it reads a chunk's size as a line of any length; http.client stops at 64 KiB.
    while piece := raw.read(READ_BYTES, decode_content=False):
        packed += len(piece)
        if packed > bounds.answer_bytes:
            raise _too_large(asked, bounds)
        if packer is None:
            yield piece
            continue
        while piece:
            yield packer.decompress(piece, READ_BYTES)
            piece, whole = packer.unconsumed_tail, packer.eof
            if packer.eof:  # RFC 1952, 2.2: several members may follow each other
                piece, packer = packer.unused_data, zlib.decompressobj(zlib.MAX_WBITS | 16)
    if not whole:
        raise zlib.error


def _too_large(asked: str, bounds: Bounds) -> AnswerTooLarge:
    return AnswerTooLarge(asked, f"{bounds.answer_bytes >> 20} MiB", f"{bounds.section}.max_answer_mib")


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""The deadline of this thread's request, for the connections that urllib3 opens on a much lower level."""


@contextmanager
def _watching(limit: Deadline) -> Iterator[None]:
    token = _current.set(limit)
    try:
        yield
    finally:
        _current.reset(token)


def _watch(connection: socket.socket | None) -> None:
    limit = _current.get()
    if limit is not None:
        limit.watch(connection)


class _Watched(HTTPConnection):
    def _new_conn(self) -> socket.socket:  # before TLS wraps it
        made = super()._new_conn()
        _watch(made)
        return made

    def putrequest(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - http.client's own
        _watch(self.sock)  # the socket of an earlier request, which was kept open
        super().putrequest(*args, **kwargs)


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


_POOLS = {"http": _Pool, "https": _TlsPool}
