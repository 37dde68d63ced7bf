# SPDX-License-Identifier: Apache-2.0
"""One login, as asyncssh asks for it: is the server's key right, and which key or password comes next."""

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
    from collections.abc import AsyncIterator, Iterator, Sequence

    from calipso_nornir.sources.cli.host_keys import HostKeys
    from calipso_nornir.sources.cli.key_ring import KeyRing, PrivateKey
    from calipso_nornir.sources.cli.ssh_servers import SshServer

logger = logging.getLogger(__name__)

Stage: TypeAlias = Literal["connect", "key exchange", "login"]

AUTH_TIMEOUT_S = 30
"""A login may wait for a directory service or a reverse look-up on the host: longer than a connect."""


class Login(asyncssh.SSHClient):
    """Gives asyncssh what a server is logged in to with, and keeps what was tried.

    No secret, and no user name, leaves before the server's key has been checked.

    Attributes:
        error: why it cannot go on, when that is no refusal of the server's.
        said: what was tried and how it ended, in words; ``trying`` is what the server was last asked to take.
        stage: what is being waited for; ``clock`` measures it.
        connected: asyncssh has taken the socket, and closes it.
    """

    def __init__(
        self,
        host: str,
        server: SshServer,
        *,
        keys: HostKeys,
        ring: KeyRing,
        timeout_s: float,
    ) -> None:
        self.error: CalipsoError | None = None
        self.said: list[str] = []
        self.stage: Stage = "connect"
        self.clock = asyncio.timeout(timeout_s)
        self.connected = False
        self.host, self._server = host, server
        self._keys, self._ring = keys, ring
        self._timeout_s = timeout_s
        self._new_key: asyncssh.SSHKey | None = None
        self._connection: asyncssh.SSHClientConnection | None = None
        self._agent: asyncssh.SSHAgentClient | None = None
        self._candidates = self._private_keys()
        self.trying = ""
        self._password_given = False
        self._offered: dict[str, None] = {}

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        """Allow time for the key exchange."""
        self._connection, self.connected = conn, True
        self._wait_for("key exchange", 2 * self._timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncssh's signature
        """Let go of the agent."""
        self.close()

    def close(self) -> None:
        """Close the connection to the agent."""
        if self._agent is not None:
            self._agent.close()

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:  # noqa: ARG002 - as above
        """Check the key that the server shows; it has not yet proven that it is its own."""
        try:
            self._new_key = key if self._keys.is_new(self.host, self._server, key) else None
        except CalipsoError as error:
            self.error = error
            return False
        self._wait_for("login", AUTH_TIMEOUT_S)
        return True

    async def key_proven(self) -> None:
        """Keep a new host key, now that the exchange has ended: before that anybody could have named it."""
        if self._new_key is not None:
            key, self._new_key = self._new_key, None
            await asyncio.to_thread(self._keys.accept, self.host, self._server, key)

    def auth_completed(self) -> None:
        """Say in the log how it went."""
        server = self._server
        logger.debug("%s: logged in to %s as %s with %s", self.host, server.address, server.user, self.trying)

    async def public_key_auth_requested(self) -> PrivateKey | asyncssh.SSHKeyPair | None:
        """Return the next key to try."""
        with self._fetching():
            await self.key_proven()
            self._refused()
            async for name, key in self._candidates:
                self.trying = name
                return key
        return None

    async def password_auth_requested(self) -> str | None:
        """Return the password, once."""
        with self._fetching():
            await self.key_proven()
            return await self._password()

    async def kbdint_auth_requested(self) -> str | None:
        """Tell whether a dialogue is wanted: for the password, where that has not been refused already."""
        with self._fetching():
            await self.key_proven()
            self._refused()
            return None if self._server.credentials.password is None or self._password_given else ""

    async def kbdint_challenge_received(
        self,
        name: str,  # noqa: ARG002 - asyncssh's signature
        instructions: str,  # noqa: ARG002 - as above
        lang: str,  # noqa: ARG002 - as above
        prompts: Sequence[tuple[str, bool]],
    ) -> list[str] | None:
        """Answer the one question that is for the password; a server may also just say something."""
        if not prompts:
            return []
        with self._fetching():
            password = await self._password() if len(prompts) == 1 else None
            return None if password is None else [password]

    def refusal(self, ending: str = "refused") -> str:
        """Say what was tried, how the last of it ended, and what the server would take."""
        self._refused(ending)
        login = self._server.credentials
        only = f" (only {', '.join(self._offered)})" if self._offered else ""
        if login.password is not None and not self._password_given:
            self.said.append(f"password is not offered{only}")
        if not self._offered and not self.said and (login.key or login.agent or self._server.identity_files):
            self.said.append("neither keys nor passwords are taken")
        told = "; ".join(self.said) or "there is no key, agent or password to try"
        logger.debug("%s: no login to %s as %s: %s", self.host, self._server.address, self._server.user, told)
        return told

    def late(self) -> str:
        """Say what did not come in time."""
        match self.stage:
            case "connect":
                return f"no answer within {self._timeout_s:g} s"
            case "key exchange":
                return f"no key exchange within {2 * self._timeout_s:g} s"
            case _:
                return f"no answer to the login with {self.trying}" if self.trying else "no answer to the login"

    @property
    def greeted(self) -> bool:
        """Whether the server has said that it speaks SSH."""
        return self._connection is not None and bool(self._connection.get_extra_info("server_version"))

    async def _password(self) -> str | None:
        self._refused()
        secret = self._server.credentials.password
        if secret is None or self._password_given:
            return None
        self._password_given, self.trying = True, "password"
        return await self._ring.reveal(secret)

    async def _private_keys(self) -> AsyncIterator[tuple[str, PrivateKey | asyncssh.SSHKeyPair]]:
        login = self._server.credentials
        if login.key is not None:
            async for found in self._from_file(login.key):
                yield found
        if login.agent:
            async for one in self._from_agent():
                yield one
        if login.key is None:
            for path in self._server.identity_files:
                if os.path.exists(path):  # noqa: ASYNC240, PTH110 - a look at a local file is no blocking matter
                    async for found in self._from_file(path):
                        yield found

    async def _from_file(self, path: str) -> AsyncIterator[tuple[str, PrivateKey]]:
        try:
            yield f"key {path}", await self._ring.load(path, self._server.credentials.passphrase)
        except ValueError as error:
            self.said.append(str(error))

    async def _from_agent(self) -> AsyncIterator[tuple[str, asyncssh.SSHKeyPair]]:
        try:
            self._agent, keys = await agent_keys()
        except ValueError as error:
            self.said.append(f"agent: {error}")
            return
        if not keys:
            self.said.append("no agent with keys (SSH_AUTH_SOCK)")
        for key in keys:
            yield f"agent key {key.get_comment() or key.get_algorithm()}", key

    def _refused(self, ending: str = "refused") -> None:
        """Note how the last try ended: that another one is asked for says that it did not suffice."""
        if self._connection is not None:
            offered = self._connection.get_server_auth_methods()
            self._offered |= dict.fromkeys(offered)
        if self.trying:
            self.said.append(f"{self.trying}: {ending}")
            self.trying = ""

    def _wait_for(self, stage: Stage, seconds: float | None) -> None:
        self.stage = stage
        with suppress(RuntimeError):  # the clock has stopped: nobody waits for this login any more
            self.clock.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)

    @contextmanager
    def _fetching(self) -> Iterator[None]:
        """Stop the clock while a key or password is fetched, which may take a person's time; keep what goes wrong."""
        self._wait_for(self.stage, None)
        try:
            yield
        except CalipsoError as error:
            self.error = error
            raise
        finally:
            self._wait_for("login", AUTH_TIMEOUT_S)
