# SPDX-License-Identifier: Apache-2.0
"""One login, driven by asyncssh: checks the server's key, and provides the next key or password."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, TypeAlias

import asyncssh

from calipso_nornir.errors import CalipsoError
from calipso_nornir.sources.cli.key_ring import agent_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from calipso_nornir.sources.cli.host_keys import HostKeys
    from calipso_nornir.sources.cli.key_ring import KeyRing, PrivateKey
    from calipso_nornir.sources.cli.ssh_servers import SshServer

    Candidate: TypeAlias = tuple[str, PrivateKey | asyncssh.SSHKeyPair]

logger = logging.getLogger(__name__)

Stage: TypeAlias = Literal["connect", "key exchange", "login"]

AUTH_TIMEOUT_S = 30
"""A login gets more time than connecting: the host may wait for a directory service or a reverse DNS look-up."""


class Login(asyncssh.SSHClient):
    """Provides the credentials to asyncssh, and remembers what was tried.

    No secret, and no user name, leaves before the server's key has been checked.

    Attributes:
        clock: measures the time of the current stage.
        error: why the login cannot continue, if the server did not refuse it.
        connection: asyncssh's connection, once there is one: it then owns the socket, and closes it.
        trying: the credential that was tried last.
    """

    def __init__(self, host: str, server: SshServer, *, keys: HostKeys, ring: KeyRing, timeout_s: float) -> None:
        self.clock = asyncio.timeout(timeout_s)
        self.stage: Stage = "connect"
        self.error: CalipsoError | None = None
        self.connection: asyncssh.SSHClientConnection | None = None
        self.trying = ""
        self._host, self._server, self._timeout_s = host, server, timeout_s
        self._keys, self._ring = keys, ring
        self._new_key: asyncssh.SSHKey | None = None
        self._agent: asyncssh.SSHAgentClient | None = None
        self._candidates = self._private_keys()
        self._password_given = False
        self._said: list[str] = []
        self._offered: dict[str, None] = {}

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Allow time for the key exchange."""
        self.connection = conn
        self._wait_for("key exchange", 2 * self._timeout_s)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002 - asyncssh's signature
        """Check the key that the server presents; it has not yet proven that it owns this key."""
        try:
            self._new_key = key if self._keys.is_new(self._host, self._server, key) else None
        except CalipsoError as error:
            self.error = error
            return False
        self._wait_for("login", AUTH_TIMEOUT_S)
        return True

    async def key_proven(self) -> None:
        """Store a new host key, after the key exchange: only that proves that the server owns it."""
        if self._new_key is not None:
            key, self._new_key = self._new_key, None
            await asyncio.to_thread(self._keys.accept, self._host, self._server, key)

    async def public_key_auth_requested(self) -> PrivateKey | asyncssh.SSHKeyPair | None:
        """Return the next key to try."""
        with self._fetching():
            await self.key_proven()
            self._next()
            async for name, key in self._candidates:
                self.trying = name
                return key
        return None

    async def password(self) -> str:
        """Return the password; asyncssh asks for it once, as a password or for a dialogue (RFC 4256)."""
        assert self._server.credentials.password is not None  # noqa: S101 - it is not asked for else
        with self._fetching():
            await self.key_proven()
            self._next("accepted, but not enough")  # after a refused key, asyncssh would have asked for the next key
            self.trying, self._password_given = "password", True
            return await self._ring.reveal(self._server.credentials.password)

    def close(self) -> None:
        """Close the connection to the agent."""
        if self._agent is not None:
            self._agent.close()

    def refusal(self, ending: str = "") -> str:
        """Return what was tried, how the last attempt ended, and what the server would accept."""
        self._next(ending or ("refused" if self._password_given else "accepted, but not enough"))
        login = self._server.credentials
        if login.password is not None and not self._password_given:
            only = f" (only {', '.join(self._offered)})" if self._offered else ""
            self._said.append(f"password is not offered{only}")
        if not (self._offered or self._said) and (login.key or login.agent or self._server.identity_files):
            self._said.append("neither keys nor passwords are accepted")
        told = "; ".join(self._said) or "there is no key, agent or password to try"
        logger.debug("%s: no login to %s as %s: %s", self._host, self._server.address, self._server.user, told)
        return told

    def late(self) -> str:
        """Return what did not arrive in time."""
        if self.stage == "login":
            return f"no answer to the login with {self.trying or 'nothing'}"
        what, seconds = ("answer", 1) if self.stage == "connect" else ("key exchange", 2)
        return f"no {what} within {seconds * self._timeout_s:g} s"

    async def _private_keys(self) -> AsyncIterator[Candidate]:
        login, identities = self._server.credentials, self._server.identity_files
        for path in [login.key] if login.key else []:
            async for found in self._from_file(path):
                yield found
        if login.agent:
            async for one in self._from_agent():
                yield one
        for path in [] if login.key else identities:
            if os.path.exists(path):  # noqa: ASYNC240, PTH110 - looking at a local file does not block
                async for found in self._from_file(path):
                    yield found

    async def _from_file(self, path: str) -> AsyncIterator[Candidate]:
        try:
            yield f"key {path}", await self._ring.load(path, self._server.credentials.passphrase)
        except ValueError as error:
            self._said.append(str(error))

    async def _from_agent(self) -> AsyncIterator[Candidate]:
        try:
            self._agent, keys = await agent_keys()
        except ValueError as error:
            self._said.append(f"agent: {error}")
            return
        if not keys:
            self._said.append("there is no agent with keys (SSH_AUTH_SOCK)")
        for key in keys:
            yield f"agent key {key.get_comment() or key.get_algorithm()}", key

    def _next(self, ending: str = "refused") -> None:
        """Record how the last attempt ended: if another one is requested, it was not sufficient."""
        if self.connection is not None:
            self._offered |= dict.fromkeys(self.connection.get_server_auth_methods())
        if self.trying:
            self._said.append(f"{self.trying}: {ending}")
        self.trying = ""

    def _wait_for(self, stage: Stage, seconds: float | None) -> None:
        self.stage = stage
        with suppress(RuntimeError):  # the clock has stopped: this login is no longer needed
            self.clock.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        """Stop the clock while a key or password is fetched, which may wait for a person; keep errors."""
        self._wait_for("login", None)
        try:
            yield
        except CalipsoError as error:
            self.error = error
            raise
        finally:
            self._wait_for("login", AUTH_TIMEOUT_S)
