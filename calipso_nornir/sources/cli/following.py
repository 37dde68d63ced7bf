# SPDX-License-Identifier: Apache-2.0
"""Runs programs that print continuously (``ip monitor``) on many hosts at once, over one SSH connection for each host.

A program runs in an exec channel. Its script ends it when the channel is closed, because without a terminal no signal
reaches it. The login user cannot end a program that runs as root, so such a program must end by itself from time to
time; it is then started again.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import asyncssh

from calipso_nornir.errors import CalipsoError, HostUnreachable, Retriable
from calipso_nornir.sources.cli.connector import Connector
from calipso_nornir.sources.cli.framing import SHELL, ScriptStep, watching_script
from calipso_nornir.sources.cli.host_sessions import LINUX
from calipso_nornir.sources.cli.ssh import CONNECTION, Destination, find_way
from calipso_nornir.sources.cli.ssh_options import REMEMBERED_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from threading import Event

    from nornir.core.inventory import Host

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
LONG_S: Final = 30.0
"""A program that ran for this long resets the pause between attempts: it did not fail repeatedly."""
BEGINNING_S: Final = 1.0
"""A program that still runs this long after its start counts as listening, although it has printed nothing."""
AT_ONCE: Final = 16
"""Logins at the same time: many hosts may be behind one jump host, and a whole cloud may come back at once."""
MOST_LINE: Final = 256 * 1024
"""Maximum bytes of a line; the rest of a longer line is dropped."""
_MOST_SAID: Final = 2000
_POLL_S: Final = 0.1
_HOSTS_S: Final = 10.0
"""Seconds between two checks for new hosts."""


class OutputReceiver(Protocol):
    """Receives the output and the events of the programs. Its methods are called in the event loop's thread."""

    def begun(self, host: str, program: str) -> None:
        """Note that a program is running and listening, for the first time or again."""

    def line(self, host: str, program: str, line: bytes) -> None:
        """Take a line."""

    def ended(self, host: str, program: str, status: int | None, problem: str) -> None:
        """Note that a program has ended, or did not begin; it is tried again. ``status`` is None without a session."""

    def left(self, host: str) -> None:
        """Note that a host is no longer followed."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How a host is reached, and the programs that run there, by name of the program."""

    host: Host
    steps: Mapping[str, ScriptStep]


class Following:
    """Follows programs on hosts until it is stopped."""

    def __init__(
        self, told: OutputReceiver, chosen: Callable[[], Iterable[str]], way: Callable[[str], Followed]
    ) -> None:
        self._told = told
        self._chosen = chosen
        self._way = way
        self._connector = Connector()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def run(self, stop: Event) -> None:
        """Follow until ``stop`` is set; raises what ``chosen`` raises."""
        try:
            self._connector.work.run(self._all(stop))
        finally:
            self._connector.close()

    async def _all(self, stop: Event) -> None:
        logins = asyncio.Semaphore(AT_ONCE)
        looked = -_HOSTS_S
        try:
            while not stop.is_set():
                if time.monotonic() - looked >= _HOSTS_S:
                    looked = time.monotonic()
                    wanted = set(await asyncio.to_thread(lambda: list(self._chosen())))
                    for name in wanted - self._tasks.keys():
                        self._tasks[name] = asyncio.create_task(self._host(name, logins))
                    for name in self._tasks.keys() - wanted:
                        self._tasks.pop(name).cancel()
                        self._told.left(name)
                await asyncio.sleep(_POLL_S)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _host(self, name: str, logins: asyncio.Semaphore) -> None:
        """Follow one host, over one connection after the other."""
        failures = 0
        while True:
            began, longest = time.monotonic(), LONGEST_WAIT_S
            try:
                followed = await asyncio.to_thread(self._way, name)
                async with logins:
                    connection = await self._connected(followed.host)
                try:
                    await self._programs(connection, followed)
                finally:
                    connection.abort()
                problem = "the connection was lost"
            except CalipsoError as error:
                problem = str(error)
                if not isinstance(error, Retriable):  # repeating a refused login is useless, and may lock the account
                    failures, longest = 20, REMEMBERED_S
            except (asyncssh.Error, OSError) as error:
                problem = str(error) or type(error).__name__
            self._told.ended(name, "", None, problem)
            failures = failures + 1 if time.monotonic() - began < LONG_S else 0
            await asyncio.sleep(_wait(failures, longest))

    async def _connected(self, host: Host) -> asyncssh.SSHClientConnection:
        if host.platform not in LINUX:
            raise HostUnreachable(host.name, host.hostname or host.name, f"{host.platform} is not followed, Linux is")
        options = host.get_connection_parameters(CONNECTION)
        to = Destination(
            host=host.name,
            hostname=options.hostname or host.name,
            username=options.username,
            port=options.port,
            password=options.password,
            extras={key: one for key, one in (options.extras or {}).items() if key not in ("connector", "host")},
        )
        reach, way = await asyncio.to_thread(find_way, self._connector, to)
        await asyncio.to_thread(self._connector.host_keys, reach)
        return await self._connector.connection(host.name, way, reach)

    async def _programs(self, connection: asyncssh.SSHClientConnection, followed: Followed) -> None:
        """Run all programs until the connection is lost."""
        name = followed.host.name
        tasks = [asyncio.create_task(self._program(connection, name, *one)) for one in followed.steps.items()]
        try:
            await connection.wait_closed()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _program(
        self, connection: asyncssh.SSHClientConnection, host: str, program: str, step: ScriptStep
    ) -> None:
        """Run one program, again and again."""
        failures = 0
        while not connection.is_closed():
            began = time.monotonic()
            lines = _Lines(lambda line: self._told.line(host, program, line))
            try:
                channel, _ = await connection.create_session(lambda: lines, SHELL, encoding=None)  # noqa: B023 - called at once
            except (asyncssh.Error, OSError) as error:
                self._told.ended(host, program, None, f"no session: {error}")
            else:
                try:
                    channel.write(watching_script(step).encode("utf-8", "surrogateescape"))
                    await asyncio.wait([lines.starting, lines.over], return_when=asyncio.FIRST_COMPLETED)
                    done, _ = await asyncio.wait([lines.over], timeout=BEGINNING_S)
                    if not done:
                        self._told.begun(host, program)
                    await lines.over
                finally:
                    channel.close()
                self._told.ended(host, program, lines.status, lines.said)
            failures = failures + 1 if time.monotonic() - began < LONG_S else 0
            await asyncio.sleep(_wait(failures, LONGEST_WAIT_S) if failures else 0)


class _Lines(asyncssh.SSHClientSession[bytes]):
    """Splits a program's output into lines, after those of the script; keeps the end of its standard error."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.starting: asyncio.Future[None] = loop.create_future()
        """Done when the script has reached the program."""
        self.over: asyncio.Future[None] = loop.create_future()
        self.status: int | None = None
        self._take = take
        self._rest = bytearray()
        self._errors = bytearray()

    @property
    def said(self) -> str:
        """The end of its standard error."""
        return bytes(self._errors).decode(errors="backslashreplace").strip()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if datatype:
            self._errors = (self._errors + data)[-_MOST_SAID:]
            return
        *whole, rest = data.split(b"\n")
        for piece in whole:
            self._rest += piece[: MOST_LINE - len(self._rest)]
            if self.starting.done():
                self._take(bytes(self._rest))
            elif not self._rest:
                self.starting.set_result(None)
            self._rest.clear()
        self._rest += rest[: MOST_LINE - len(self._rest)]

    def exit_status_received(self, status: int) -> None:
        self.status = status

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and not self._errors:
            self._errors += str(exc).encode()
        if not self.over.done():
            self.over.set_result(None)


def _wait(failures: int, longest_s: float) -> float:
    wait: float = min(FIRST_WAIT_S * 2.0 ** min(max(0, failures - 1), 20), longest_s)
    return wait * random.uniform(0.5, 1)  # noqa: S311 - no secret; many shall not come back at once
