# SPDX-License-Identifier: Apache-2.0
"""One shell script for all commands of a host and round, and the parsing of its output.

Pure functions. The script goes to ``sh -s`` on its standard input, so ``ps`` does not show it and no argument length
limit applies. Around the commands' own output it prints *marks*
on both streams: lines with a random word that the commands cannot know. What is between two marks is one command's
output, byte by byte, with or without a newline at its end.
"""

from __future__ import annotations

import re
import secrets
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHELL = "sh -s"
"""The command of the exec channel; the script is its standard input."""


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """One command as it runs on the host.

    Attributes:
        texts: simple commands, quoted for the shell; the output of several is joined, and the status is that of the
            last one that failed, or 0.
        timeout_s: seconds, for all of ``texts`` together.
        root: with ``sudo -n`` unless the login has uid 0.
    """

    texts: tuple[str, ...]
    timeout_s: int
    root: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The output and status of one command."""

    status: int
    stdout: bytes
    stderr: bytes


def new_mark() -> str:
    """Return a word of 128 random bits: no output can contain it, by chance or on purpose."""
    return f"calipso-{secrets.token_hex(16)}"


def start_of(mark: str) -> bytes:
    """Return what the script prints first, on both streams."""
    return f"\n{mark} start\n".encode()


def end_of(mark: str) -> bytes:
    """Return what the script prints last, on both streams."""
    return f"\n{mark} end\n".encode()


# Everything is one function, so the shell reads the whole script before it runs the first command. This prevents a
# deadlock (the rest of the script against a full output window), and half a script, from a connection that broke, runs
# nothing.
#
# timeout(1) is GNU coreutils or busybox; if it is missing, or too old for ``-k``, commands
# run without it and the reader's own deadline ends the round.
_HEAD = """\
calipso_round() {{
calipso_mark={mark}
export LC_ALL=C LANG=C
export PATH="${{PATH:-/usr/local/bin:/usr/bin:/bin}}:/usr/local/sbin:/usr/sbin:/sbin"
umask 077
unset HISTFILE
if [ "$(id -u)" = 0 ]; then calipso_sudo=; else calipso_sudo='sudo -n -- '; fi
if timeout -k 1 5 true 2>/dev/null; then limit() {{ timeout -k 1 "$@"; }}; else limit() {{ shift; "$@"; }}; fi
say() {{ printf '\\n%s %s\\n' "$calipso_mark" "$1" >&2 && printf '\\n%s %s%s\\n' "$calipso_mark" "$1" "$2" || exit 1; }}
say start
"""

_TAIL = """\
say end
}
calipso_round </dev/null
exit
"""


def script(steps: Sequence[ScriptStep], mark: str) -> str:
    """Return the POSIX shell script that runs the steps in turn.

    Each step is one ``sh -c`` of its own under ``timeout -k 1 N``, with standard input from
    /dev/null, so the text of a step cannot affect the other steps. ``sudo`` runs inside ``timeout``, so that a sudoers
    rule can name the programs themselves; sudo passes the signal on (sudo(8), "Signal handling").
    """
    lines = [f'limit {max(1, step.timeout_s)} sh -c -- {_body(step)}\nsay {n} " $?"\n' for n, step in enumerate(steps)]
    return "".join([_HEAD.format(mark=mark), *lines, _TAIL])


# Standard input stays open while somebody reads the output. When it ends, the script ends the program: closing a
# channel without a terminal sends no signal.
_WATCHING = """\
calipso_watch() {{
export LC_ALL=C LANG=C
export PATH="${{PATH:-/usr/local/bin:/usr/bin:/bin}}:/usr/local/sbin:/usr/sbin:/sbin"
umask 077
unset HISTFILE
if [ "$(id -u)" = 0 ]; then calipso_sudo=; else calipso_sudo='sudo -n -- '; fi
sh -c -- {body} </dev/null 3<&- &
calipso_program=$!
{{ cat <&3 >/dev/null; kill "$calipso_program"; }} 2>/dev/null &
calipso_reader=$!
exec 3<&-
wait "$calipso_program"
calipso_status=$?
kill "$calipso_reader" 2>/dev/null
exit "$calipso_status"
}}
calipso_watch 3<&0 </dev/null
"""


def watching_script(step: ScriptStep) -> str:
    """Return the script that runs a program for as long as its standard input stays open, without a time limit.

    It prints an empty line just before the program starts: on a busy host this may take a while.
    """
    sudo = '"$calipso_sudo"' if step.root else ""
    body = f"'echo; exec '{sudo}{shlex.quote(step.texts[0])}"  # exec: kill then reaches the program
    return _WATCHING.format(body=body)


def _body(step: ScriptStep) -> str:
    """One word for ``sh -c``; the outer shell expands ``$calipso_sudo``, everything else is quoted."""
    sudo = '"$calipso_sudo"' if step.root else ""
    if len(step.texts) == 1:
        # exec: the signal of timeout then reaches sudo itself, with every shell
        return f"'exec '{sudo}{shlex.quote(step.texts[0])}" if step.root else shlex.quote(step.texts[0])
    runs = "".join(f"{sudo}{shlex.quote(text)}' || s=$?; '" for text in step.texts)
    return f"'s=0; '{runs}'exit $s'"


def started(stdout: bytes | bytearray, mark: str) -> bool:
    """Return whether the script began to run at all."""
    return start_of(mark) in stdout


def frames(stdout: bytes | bytearray, stderr: bytes | bytearray, mark: str, count: int) -> list[Frame | None]:
    """Split both streams into one frame per step; None for a step whose end was not received.

    Output of a login shell before the first mark belongs to no command and is left out. The streams are independent: a
    frame whose end on ``stderr`` is missing contains what arrived.
    """
    errors = _pieces(stderr, mark, last=True)
    found: list[Frame | None] = []
    for index, (said, piece) in enumerate(_pieces(stdout, mark)):
        number, _, status = said.partition(b" ")
        if index == count or number != b"%d" % index or not status.isdigit():
            break
        found.append(Frame(int(status), piece, next(errors, (b"", b""))[1]))
    return found + [None] * (count - len(found))


def _pieces(stream: bytes | bytearray, mark: str, *, last: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """Yield (text of the closing mark, bytes before it); with ``last`` also (b"", bytes after the last mark)."""
    since: int | None = None
    whole = memoryview(stream)  # slices are not copies
    for found in re.finditer(rb"\n%s ([0-9a-z ]+)\n" % re.escape(mark.encode()), stream):
        if since is not None:
            yield bytes(found[1]), bytes(whole[since : found.start()])
        elif found[1] != b"start":
            return
        since = found.end()
    if last and since is not None:
        yield b"", bytes(whole[since:])
