# SPDX-License-Identifier: Apache-2.0
"""Connected sockets: to a server's port, and through a jump host for libraries with their own SSH."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import asyncssh

from calipso_nornir.errors import HostUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.sources.cli.ssh_servers import SshServer


async def dial(host: str, server: SshServer, *, timeout_s: float) -> socket.socket:
    """Connect to a server's port, at each of its addresses in turn. Raises HostUnreachable."""
    loop = asyncio.get_running_loop()
    error: Exception = OSError("it has no address")
    try:
        found = await loop.getaddrinfo(server.hostname, server.port, type=socket.SOCK_STREAM)
    except (
        OSError,
        UnicodeError,
        ValueError,
        OverflowError,
    ) as problem:  # the last three: no names, no ports
        raise HostUnreachable(host, server.address, _cause(problem, timeout_s)) from problem
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)  # noqa: FBT003 - socket's own signature
            async with asyncio.timeout(timeout_s):
                await loop.sock_connect(sock, address)
        except OSError as problem:
            sock.close()
            error = problem
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise HostUnreachable(host, server.address, _cause(error, timeout_s)) from error


def _cause(error: Exception, timeout_s: float) -> str:
    match error:
        case socket.gaierror() | UnicodeError():
            return "the name does not resolve"
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return f"no answer within {timeout_s:g} s"
        case OSError(strerror=str(said)):
            return said
        case _:
            return str(error) or type(error).__name__


async def joined(
    host: str, way: Sequence[SshServer], jump: asyncssh.SSHClientConnection, *, timeout_s: float
) -> socket.socket:
    """Connect to the last server of a route through the jump host before it (RFC 4254 section 7.2)."""
    ours, theirs = socket.socketpair()
    make: Any = asyncssh.SSHForwarder  # it is also a session, but its types do not say so
    _, near = await asyncio.get_running_loop().create_connection(make, sock=ours)
    try:
        async with asyncio.timeout(timeout_s):
            # In this order: the server speaks first, and what arrives before both ends exist is lost.
            await jump.create_connection(lambda: make(near), way[-1].hostname, way[-1].port)
    except BaseException as error:
        near.close()
        theirs.close()
        if isinstance(error, (asyncssh.Error, OSError)):
            late = f"no answer within {timeout_s:g} s"
            cause = late if isinstance(error, TimeoutError) else str(error) or "closed"
            raise HostUnreachable(host, way[-1].address, via(way, cause)) from error
        raise
    return theirs


def via(way: Sequence[SshServer], cause: str) -> str:
    """Return a cause that names the jump host that could not connect."""
    return f"through {way[-2].user}@{way[-2].address}: {cause}" if len(way) > 1 else cause
