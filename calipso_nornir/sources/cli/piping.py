# SPDX-License-Identifier: Apache-2.0
"""A plain socket for a client that brings an SSH of its own, joined to a channel through a jump host."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import asyncssh

from calipso_nornir.errors import HostUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.sources.cli.ssh_servers import SshServer

_CHUNK = 64 * 1024

_pipes: set[asyncio.Task[None]] = set()
"""asyncio keeps no strong reference to a task (its documentation of create_task)."""


async def piped(
    host: str, way: Sequence[SshServer], through: asyncssh.SSHClientConnection, *, timeout_s: float
) -> socket.socket:
    """Open a TCP connection from the jump host to the last of the way (RFC 4254 section 7.2); return this end of it."""
    server, via = way[-1], way[-2]
    try:
        async with asyncio.timeout(timeout_s):
            far = await through.open_connection(server.hostname, server.port)
    except (asyncssh.Error, OSError) as error:
        late = f"no answer within {timeout_s:g} s"
        cause = late if isinstance(error, TimeoutError) else str(error) or "closed"
        raise HostUnreachable(host, server.address, f"through {via.user}@{via.address}: {cause}") from error
    ours, theirs = socket.socketpair()
    near = await asyncio.open_connection(sock=ours)
    task = asyncio.create_task(_pipe(*near, *far))
    _pipes.add(task)
    task.add_done_callback(_pipes.discard)
    return theirs


async def _pipe(
    near_in: asyncio.StreamReader,
    near_out: asyncio.StreamWriter,
    far_in: asyncssh.SSHReader[bytes],
    far_out: asyncssh.SSHWriter[bytes],
) -> None:
    """Carry bytes both ways until one side ends."""
    ways = {asyncio.create_task(_carry(near_in, far_out)), asyncio.create_task(_carry(far_in, near_out))}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        near_out.close()
        far_out.close()


async def _carry(
    source: asyncio.StreamReader | asyncssh.SSHReader[bytes],
    sink: asyncio.StreamWriter | asyncssh.SSHWriter[bytes],
) -> None:
    with suppress(asyncssh.Error, OSError):
        while chunk := await source.read(_CHUNK):
            sink.write(chunk)
            await sink.drain()
