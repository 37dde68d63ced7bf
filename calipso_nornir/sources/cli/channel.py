# SPDX-License-Identifier: Apache-2.0
"""One exec channel: a script goes in, both output streams come out, within limits of time and size."""

from __future__ import annotations

import select
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from paramiko.ssh_exception import SSHException

from calipso_nornir.sources.cli.framing import SHELL

if TYPE_CHECKING:
    from collections.abc import Iterator

    import paramiko

    from calipso_nornir.sources.cli.options import Limits

Ending: TypeAlias = Literal["complete", "lost", "late", "too large"]

_CHUNK = 64 * 1024


class ChannelUnavailable(Exception):
    """The transport gave no channel: nothing of the script has run."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of one script.

    Attributes:
        ending: "complete": both streams up to their end mark; "lost": the session ended before;
            "late": the time was up; "too large": the cap was reached and reading stopped.
        cause: why, in words; empty when complete.
    """

    stdout: bytes
    stderr: bytes
    ending: Ending
    cause: str = ""


class _Stream:
    """Bytes of one output stream, and whether its end mark is among them."""

    def __init__(self, end: bytes) -> None:
        self.data = bytearray()
        self.ended = False
        self._end = end

    def add(self, chunk: bytes) -> None:
        since = max(0, len(self.data) - len(self._end))
        self.data += chunk
        self.ended = self.ended or self.data.find(self._end, since) >= 0


def run_script(
    transport: paramiko.Transport, script: bytes, *, end: bytes, limits: Limits, longest_s: float
) -> Received:
    """Run a script with ``sh -s`` and read it to its end mark, or to one of the limits.

    ``longest_s`` is the longest time that one command may take by its own limit: silence for that
    long is no sign of trouble. Raises ChannelUnavailable, nothing else.
    """
    try:
        channel = transport.open_session(timeout=limits.start_timeout_s)
    except (SSHException, EOFError, OSError) as error:
        raise ChannelUnavailable(str(error) or "the connection was closed") from error
    out, err = _Stream(end), _Stream(end)
    try:
        with _closed_after(channel, limits.start_timeout_s):  # neither call has a time limit of its own that holds
            channel.exec_command(SHELL)
            channel.sendall(script)
            channel.shutdown_write()
        ending, cause = _read(channel, out, err, limits=limits, longest_s=longest_s)
    except (SSHException, EOFError, OSError) as error:
        ending, cause = "lost", str(error) or _reason(channel)
    finally:
        _close(channel)
    return Received(bytes(out.data), bytes(err.data), ending, cause)


@contextmanager
def _closed_after(channel: paramiko.Channel, seconds: float) -> Iterator[None]:
    timer = threading.Timer(seconds, _close, (channel,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _close(channel: paramiko.Channel) -> None:
    """Close a channel; closing tells the other side, which may not be there any more."""
    with suppress(SSHException, EOFError, OSError):
        channel.close()


def _read(
    channel: paramiko.Channel, out: _Stream, err: _Stream, *, limits: Limits, longest_s: float
) -> tuple[Ending, str]:
    """Read both streams as they come: who reads one to its end first, waits for ever when the other's window fills."""
    quiet_s = longest_s + limits.quiet_s
    budget_s = max(limits.host_timeout_s, quiet_s)
    ready = select.poll()  # not select(): that ends at descriptor 1023
    ready.register(channel.fileno(), select.POLLIN)
    began = heard = time.monotonic()
    while not (out.ended and err.ended):
        now = time.monotonic()
        if now >= began + budget_s:
            return "late", f"the host's {budget_s:g} s for one round were up"
        if now >= heard + quiet_s:
            return "late", f"nothing came for {quiet_s:g} s"
        ready.poll(1000 * (min(began + budget_s, heard + quiet_s) - now))
        over = channel.closed or channel.eof_received  # asked before the reading: what came until then is still read
        if _drain(channel, out, err):
            heard = time.monotonic()
        elif over and not (out.ended and err.ended):
            return "lost", _reason(channel)
        if len(out.data) + len(err.data) > limits.max_output_bytes:
            return "too large", f"more than {limits.max_output_bytes} bytes"
    return "complete", ""


def _drain(channel: paramiko.Channel, out: _Stream, err: _Stream) -> bool:
    """Take one chunk of each stream that has one; the caller comes back for more, and looks at the limits."""
    heard = False
    if channel.recv_ready():
        out.add(channel.recv(_CHUNK))
        heard = True
    if channel.recv_stderr_ready():
        err.add(channel.recv_stderr(_CHUNK))
        heard = True
    return heard


def _reason(channel: paramiko.Channel) -> str:
    """Say why a channel ended."""
    if channel.exit_status_ready() and channel.exit_status >= 0:
        return f"the remote shell ended with status {channel.exit_status}"
    transport = channel.get_transport()
    error = None if transport is None or transport.is_active() else transport.get_exception()
    if error is not None and str(error):
        return f"the connection broke ({error})"
    return "the connection was closed by the host"
