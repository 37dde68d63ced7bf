# SPDX-License-Identifier: Apache-2.0
"""Runs all commands of one round on one Linux host: one script, one channel, an answer for each command."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from calipso_nornir.errors import (
    CalipsoError,
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    ConnectionLost,
    OutputTooLarge,
    SudoRefused,
)
from calipso_nornir.model.protocols import Reply
from calipso_nornir.sources.cli.framing import Frame, end_of, frames, new_mark, script, start_of, started

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.queries import Command
    from calipso_nornir.sources.cli.channel import ScriptResult
    from calipso_nornir.sources.cli.framing import ScriptStep
    from calipso_nornir.sources.cli.limits import Limits
    from calipso_nornir.sources.cli.ssh import SshSession

logger = logging.getLogger(__name__)

Outcome: TypeAlias = "Reply | CalipsoError"

NO_STATUS = -1
"""Stands for the exit status of a command that never ran, or on a platform that has none."""

NOT_FOUND = 127
"""Exit status for a missing program (POSIX sh, timeout(1), docker exec)."""
TIMED_OUT = frozenset({124, 137})
"""Exit statuses of timeout(1): the command was stopped, or killed because it did not stop."""

_GREETING = 1000
"""Bytes of a login shell's output that are searched for the reason why it did not run the script."""

_SUDO_LACKS_PROGRAM = re.compile(r"^sudo: \S.*: command not found$", re.MULTILINE)
_SUDO_REFUSES = re.compile(
    r"^sudo: .*(a password is required|must have a tty|a terminal is required|no valid sudoers|uid is not 0)"
    r"|is not allowed to (execute|run sudo)"
    r"|is not in the sudoers file"
    r"|\bsudo: (command )?not found$"
    r"|'sudo': No such file",
    re.MULTILINE,
)
_CONTAINER_LACKS_PROGRAM = re.compile(r"executable file .*not found in \$PATH|no such file or directory: unknown")


def answer(session: SshSession, steps: Mapping[Command, ScriptStep], *, limits: Limits) -> dict[Command, Outcome]:
    """Run the commands of one host; every one of them is a key of the result.

    Raises ChannelUnavailable if nothing ran because there was no channel.
    """
    outcomes: dict[Command, Outcome] = {c: _unfit(c) for c, step in steps.items() if not _fits(step)}
    asked = [command for command in steps if command not in outcomes]
    if not asked:
        return outcomes
    mark = new_mark()
    longest_s = max(steps[command].timeout_s for command in asked)
    text = script([steps[command] for command in asked], mark)
    received = session.run_script(text, start=start_of(mark), end=end_of(mark), limits=limits, longest_s=longest_s)
    outcomes.update(read({c: steps[c] for c in asked}, received, mark, limits=limits, at=datetime.now(UTC)))
    return outcomes


def read(
    steps: Mapping[Command, ScriptStep], received: ScriptResult, mark: str, *, limits: Limits, at: datetime
) -> dict[Command, Outcome]:
    """Turn the result of a script into an answer for each command."""
    found = frames(received.stdout, received.stderr, mark, len(steps))
    outcomes = {
        command: judge(command, frame, root=step.root, at=at)
        for (command, step), frame in zip(steps.items(), found, strict=True)
        if frame is not None
    }
    missing = list(steps)[len(outcomes) :]
    return outcomes | _unfinished(missing, received, begun=started(received.stdout, mark), limits=limits)


def judge(command: Command, frame: Frame, *, root: bool, at: datetime) -> Outcome:
    """Return the reply of a command that succeeded, or the error that its status and stderr indicate.

    ``root``: it ran with sudo, which ends with 1 if it refuses; without sudo, the shell ends with 127.
    """
    stderr = text_of(frame.stderr)
    if frame.status == 0:
        if stderr:
            logger.debug("%s: %s printed on stderr: %s", command.host, command, stderr)
        return Reply(text_of(frame.stdout), at)
    said = command.host, command.text, frame.status, stderr
    if frame.status in TIMED_OUT:
        return CommandTimedOut(*said)
    if root and frame.status in (1, NOT_FOUND) and _SUDO_REFUSES.search(stderr):
        return SudoRefused(*said)
    if (
        frame.status == NOT_FOUND
        or (root and _SUDO_LACKS_PROGRAM.search(stderr))
        or _CONTAINER_LACKS_PROGRAM.search(stderr)
    ):
        return CommandMissing(*said)
    return CommandFailed(*said)


def text_of(output: bytes) -> str:
    r"""Decode output; bytes that are not UTF-8 stay visible as ``\\xNN``."""
    return output.decode("utf-8", "backslashreplace")


def _unfinished(
    commands: Sequence[Command], received: ScriptResult, *, begun: bool, limits: Limits
) -> dict[Command, Outcome]:
    """Answer for commands without a frame: the first was running at the end, the others had not begun."""
    if not commands:
        return {}
    running, *others = commands
    host, cause = running.host, received.cause
    if received.ending == "cancelled":
        return {command: ConnectionLost(host, command.text, cause) for command in commands}
    if not begun:
        said = " ".join(text_of(bytes(received.stdout[:_GREETING] + received.stderr[:_GREETING])).split())[:200]
        cause = f"the login shell did not run the script: {cause}" + (f" ({said})" if said else "")
        return {command: ConnectionLost(host, command.text, cause) for command in commands}
    if received.ending == "too large":
        return dict.fromkeys(commands, OutputTooLarge(host, running.text, limits.max_output_bytes))
    if received.ending == "late":
        rest = {c: ConnectionLost(host, c.text, f'{cause}, during "{running.text}"') for c in others}
        return {running: CommandTimedOut(host, running.text, NO_STATUS, cause), **rest}
    return {command: ConnectionLost(host, command.text, cause) for command in commands}


def _fits(step: ScriptStep) -> bool:
    """Return whether the texts can be passed to a shell: a NUL byte would be dropped, and change the command."""
    try:
        return all(b"\0" not in text.encode("utf-8", "surrogateescape") for text in step.texts)
    except UnicodeEncodeError:
        return False


def _unfit(command: Command) -> CommandFailed:
    problem = "not run: it contains a NUL character or a lone surrogate, which a command line cannot contain"
    return CommandFailed(command.host, ascii(command.text)[1:-1], NO_STATUS, problem)
