# SPDX-License-Identifier: Apache-2.0
"""One exec channel: sends a script, and receives both output streams, within limits of time and size."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import asyncssh

from calipso_nornir.sources.cli.framing import SHELL

if TYPE_CHECKING:
    from calipso_nornir.sources.cli.limits import Limits

Ending: TypeAlias = Literal["complete", "lost", "late", "too large", "cancelled"]

CANCELLED = "the scan was cancelled"


class ChannelUnavailable(Exception):
    """The connection opened no channel: no part of the script has run."""


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """The result of one script.

    Attributes:
        ending: "complete": both streams up to their end mark; "lost": the session ended before;
            "late": the time limit was reached; "too large": the size limit was reached and reading stopped;
            "cancelled": the caller stopped it.
        cause: why, in words; empty when complete.
    """

    stdout: bytes | bytearray
    stderr: bytes | bytearray
    ending: Ending
    cause: str = ""


class _Stream:
    """The bytes of one output stream, and the marks found in them."""

    def __init__(self, start: bytes, end: bytes) -> None:
        self.data = bytearray()
        self.started = not start
        self.ended = False
        self._start, self._end = start, end

    def add(self, chunk: bytes) -> None:
        since = max(0, len(self.data) - max(len(self._start), len(self._end)))
        self.data += chunk
        self.started = self.started or self.data.find(self._start, since) >= 0
        self.ended = self.ended or self.data.find(self._end, since) >= 0


class _Session(asyncssh.SSHClientSession[bytes]):
    """Collects output, and stops when it is complete or exceeds a limit."""

    def __init__(self, *, start: bytes, end: bytes, limits: Limits) -> None:
        self.out, self.err = _Stream(start, end), _Stream(start, end)
        self.over: asyncio.Future[tuple[Ending, str]] = asyncio.get_running_loop().create_future()
        self.heard = 0.0
        self.channel: asyncssh.SSHClientChannel[bytes] | None = None
        self._limits = limits
        self._status = ""

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        """Take a chunk, of at most asyncssh's packet size: both limits thus apply as the bytes arrive."""
        self.heard = asyncio.get_running_loop().time()
        (self.err if datatype else self.out).add(data)
        size = len(self.out.data) + len(self.err.data)
        if self.out.ended and self.err.ended:
            self._end("complete", "")
        elif size > self._limits.max_output_bytes:
            self._end("too large", f"more than {self._limits.max_output_bytes} bytes")
        elif not self.out.started and size > self._limits.max_greeting_bytes:
            self._end("too large", f"the login shell printed more than {self._limits.max_greeting_bytes} bytes")

    def exit_status_received(self, status: int) -> None:
        self._status = f"the remote shell ended with status {status}"

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and str(exc):
            self._end("lost", f"the connection broke ({exc})")
        self._end("lost", self._status or "the connection was closed by the host")

    def _end(self, ending: Ending, cause: str) -> None:
        if not self.over.done():
            self.over.set_result((ending, cause))

    def received(self, ending: Ending, cause: str) -> ScriptResult:
        return ScriptResult(self.out.data, self.err.data, ending, cause)


async def run_script(  # noqa: PLR0913 - all that a script takes
    connection: asyncssh.SSHClientConnection,
    script: bytes,
    *,
    start: bytes = b"",
    end: bytes,
    limits: Limits,
    longest_s: float,
) -> ScriptResult:
    """Run a script with ``sh -s`` and read it to its end mark, or to one of the limits.

    ``start`` is the first text that it prints; the output before that has a limit of its own. ``longest_s`` is the
    longest time limit of its commands: silence for that long is normal. Raises only ChannelUnavailable: a cancelled
    task ends with what has arrived so far.
    """
    session = _Session(start=start, end=end, limits=limits)
    try:
        async with asyncio.timeout(limits.start_timeout_s):
            channel, _ = await connection.create_session(lambda: session, SHELL, encoding=None)
        with suppress(BrokenPipeError):  # a login shell that has already ended: its output says why
            channel.write(script)
            channel.write_eof()
        return session.received(*await _ending(session, limits=limits, longest_s=longest_s))
    except asyncio.CancelledError:
        return session.received("cancelled", CANCELLED)
    except (asyncssh.Error, OSError) as error:
        cause = "no answer" if isinstance(error, TimeoutError) else str(error) or "the connection was closed"
        if session.channel is None:
            raise ChannelUnavailable(cause) from error
        return session.received("lost", cause)
    finally:
        if session.channel is not None:
            session.channel.abort()


async def _ending(session: _Session, *, limits: Limits, longest_s: float) -> tuple[Ending, str]:
    """Wait for the end, or for one of the time limits."""
    quiet_s = longest_s + limits.quiet_s
    budget_s = max(limits.host_timeout_s, quiet_s)
    clock = asyncio.get_running_loop().time
    began = session.heard = clock()
    while not session.over.done():
        now = clock()
        if now >= began + budget_s:
            return "late", f"the limit of {budget_s:g} s for one round was reached"
        if now >= session.heard + quiet_s:
            return "late", f"no output for {quiet_s:g} s"
        await asyncio.wait([session.over], timeout=min(began + budget_s, session.heard + quiet_s) - now)
    return session.over.result()
