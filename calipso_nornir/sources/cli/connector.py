# SPDX-License-Identifier: Apache-2.0
"""Shared by all connections of one scan: the event loop, jump hosts, private keys, known_hosts and ssh configs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import (
    CalipsoError,
    HostKeyChanged,
    HostKeyUnknown,
    HostUnreachable,
    LoginRefused,
    Retriable,
)
from calipso_nornir.sources.cli import ssh_options
from calipso_nornir.sources.cli.dialling import dial, joined
from calipso_nornir.sources.cli.event_loop import LoopWork
from calipso_nornir.sources.cli.handshake import log_in
from calipso_nornir.sources.cli.host_keys import HostKeys
from calipso_nornir.sources.cli.key_ring import KeyRing
from calipso_nornir.sources.cli.ssh_config import SshConfig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import asyncssh

    from calipso_nornir.sources.cli.key_ring import PrivateKey
    from calipso_nornir.sources.cli.ssh_options import LazySecret, Reach
    from calipso_nornir.sources.cli.ssh_servers import SshServer

HANDSHAKES_PER_JUMP = 8
"""Simultaneous handshakes through one jump host: sshd's MaxStartups refuses from 10 on (sshd_config(5))."""

RETRY_JUMP_AFTER_S = 60
"""Seconds after which a jump host that did not answer is tried again."""


@dataclass(slots=True)
class _Jump:
    """One jump host: its connection, or why there is none."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    handshakes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HANDSHAKES_PER_JUMP))
    connection: asyncssh.SSHClientConnection | None = None
    error: CalipsoError | None = None
    tried_at: float = 0.0

    def refusal(self) -> CalipsoError | None:
        """Return the error of the last attempt, as long as trying again is pointless."""
        remembered_s = RETRY_JUMP_AFTER_S if isinstance(self.error, Retriable) else ssh_options.REMEMBERED_S
        return self.error if time.monotonic() < self.tried_at + remembered_s else None


class Connector:
    """Created once per scan and shared by its connections; closing it closes the jump hosts.

    Its methods may be called by any thread except the event loop's.

    Attributes:
        work: runs coroutines in the loop.
    """

    def __init__(self) -> None:
        self.work = LoopWork()
        self._ring = KeyRing()
        self._guard = threading.Lock()
        self._read: dict[object, Any] = {}
        self._jumps: dict[tuple[str, ...], _Jump] = {}  # the loop's thread only

    def host_keys(self, reach: Reach) -> HostKeys:
        """Return the host keys that a host is checked against."""
        with self._guard:
            key = (reach.known_hosts, reach.host_keys)
            if key not in self._read:
                self._read[key] = HostKeys(reach.known_hosts, reach.host_keys)
            keys: HostKeys = self._read[key]
            return keys

    def ssh_config(self, path: str | bool | None) -> SshConfig:  # noqa: FBT001 - False is "none" in the option
        """Return an ssh config; None is the user's own, if there is one. Raises ValueError."""
        own = "~/.ssh/config"
        chosen = path if isinstance(path, str) else own if path is None and Path(own).expanduser().exists() else None
        with self._guard:
            if ("ssh_config", chosen) not in self._read:
                self._read["ssh_config", chosen] = SshConfig(chosen)
            config: SshConfig = self._read["ssh_config", chosen]
            return config

    def read_again(self) -> None:
        """Read the files again: somebody may have corrected them because hosts could not be reached."""
        with self._guard:
            self._read.clear()
        self._ring.forget()

    def connect(self, host: str, way: tuple[SshServer, ...], reach: Reach) -> asyncssh.SSHClientConnection:
        """Return an authenticated connection to the last server of a route."""
        self.host_keys(reach)  # files are read in the caller's thread
        return self.work.run(self._connect(host, way, reach))

    async def connection(self, host: str, way: tuple[SshServer, ...], reach: Reach) -> asyncssh.SSHClientConnection:
        """Return an authenticated connection, in the loop's thread; ``host_keys`` has read the files before."""
        return await self._connect(host, way, reach)

    def private_key(self, path: str, passphrase: LazySecret | None) -> PrivateKey:
        """Return a private key, read and decrypted once per scan. Raises ValueError with the reason if it cannot."""
        return self.work.run(self._ring.load(path, passphrase))

    @contextmanager
    def socket_to(self, host: str, way: tuple[SshServer, ...], reach: Reach) -> Iterator[socket.socket]:
        """Provide a connected socket for one handshake, for a library with its own SSH.

        It is closed if the handshake fails; else it belongs to the client.
        """
        sock, handshake = self.work.run(self._socket_to(host, way, reach))
        try:
            yield sock
        except BaseException:
            sock.close()
            raise
        finally:
            self.work.tidy(handshake.aclose())

    def end(self, connection: asyncssh.SSHClientConnection) -> None:
        """Close a connection that was obtained here."""
        self.work.tidy(_close(connection))

    def close(self) -> None:
        """Abandon everything in progress and close the jump hosts' connections; none is opened again."""
        self.work.close(self._close_jump_hosts())

    async def _connect(self, host: str, way: tuple[SshServer, ...], reach: Reach) -> asyncssh.SSHClientConnection:
        keys, timeout_s = self.host_keys(reach), reach.connect_timeout_s
        async with self._entrance(host, way, reach) as through:
            return await log_in(host, way, through, keys=keys, ring=self._ring, timeout_s=timeout_s)

    async def _socket_to(
        self, host: str, way: tuple[SshServer, ...], reach: Reach
    ) -> tuple[socket.socket, AsyncExitStack]:
        """Return a blocking socket, and what must be closed after the handshake."""
        async with AsyncExitStack() as stack:
            through = await stack.enter_async_context(self._entrance(host, way, reach))
            if not isinstance(through, socket.socket):
                through = await joined(host, way, through, timeout_s=reach.connect_timeout_s)
            through.setblocking(True)  # noqa: FBT003 - socket's own signature
            return through, stack.pop_all()

    @asynccontextmanager
    async def _entrance(
        self, host: str, way: tuple[SshServer, ...], reach: Reach
    ) -> AsyncIterator[socket.socket | asyncssh.SSHClientConnection]:
        """Provide a connected socket, or the jump host's connection, for one handshake."""
        if len(way) == 1:
            yield await dial(host, way[0], timeout_s=reach.connect_timeout_s)
            return
        jump, through = await self._jump_host(host, way[:-1], reach)
        async with jump.handshakes:
            yield through

    async def _jump_host(
        self, host: str, way: tuple[SshServer, ...], reach: Reach
    ) -> tuple[_Jump, asyncssh.SSHClientConnection]:
        jump = self._jumps.setdefault(tuple(f"{server.user}@{server.address}" for server in way), _Jump())
        async with jump.lock:
            if jump.connection is not None and not jump.connection.is_closed():
                return jump, jump.connection
            refusal = jump.refusal()
            if refusal is not None:
                raise _for(host, refusal)
            try:
                jump.connection, jump.error = await self._connect(host, way, reach), None
            except CalipsoError as error:
                jump.error, jump.tried_at = error, time.monotonic()
                raise
            return jump, jump.connection

    async def _close_jump_hosts(self) -> None:
        for _, jump in sorted(self._jumps.items(), key=lambda item: -len(item[0])):  # the farthest first
            if jump.connection is not None:
                await _close(jump.connection)


async def _close(connection: asyncssh.SSHClientConnection) -> None:
    """End a connection immediately, whether the other side answers or not."""
    connection.abort()
    await connection.wait_closed()
    await asyncio.sleep(0)  # the socket is closed one turn of the loop later


def _for(host: str, error: CalipsoError) -> CalipsoError:
    """Return a jump host's error as that of a host behind it; the address remains the jump host's."""
    if isinstance(error, (HostUnreachable, HostKeyUnknown, HostKeyChanged, LoginRefused)):
        return replace(error, host=host)
    return error
