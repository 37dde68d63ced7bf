# SPDX-License-Identifier: Apache-2.0
"""From a script's result to an answer for each command: every status, every way to end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from calipso_nornir.model.queries import Command
from calipso_nornir.sources.cli.channel import Ending, ScriptResult
from calipso_nornir.sources.cli.framing import Frame, ScriptStep
from calipso_nornir.sources.cli.host_round import Outcome, judge, read, text_of
from calipso_nornir.sources.cli.limits import Limits

MARK = "calipso-00112233445566778899aabbccddeeff"
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def kind(status: int, stderr: str, *, root: bool = False) -> type[CalipsoError]:
    outcome = judge(Command("h", "tool x"), Frame(status, b"", stderr.encode()), root=root, at=NOW)
    assert isinstance(outcome, CommandFailed)
    assert (outcome.host, outcome.command, outcome.status, outcome.stderr) == ("h", "tool x", status, stderr)
    return type(outcome)


# as sudo 1.9.13 to 1.9.16, dash, bash, busybox and docker word it
@pytest.mark.parametrize(
    ("status", "stderr", "expected"),
    [
        (1, "sudo: a password is required\n", SudoRefused),
        (1, "Sorry, user scan is not allowed to execute '/usr/bin/id' as root on cmp1.\n", SudoRefused),
        (1, "Sorry, user scan may not run sudo on cmp1.\nscan is not in the sudoers file.\n", SudoRefused),
        (1, "scan is not in the sudoers file.\nThis incident will be reported.\n", SudoRefused),
        (1, "sudo: sorry, you must have a tty to run sudo\n", SudoRefused),
        (1, "sudo: unable to resolve host x: Name or service not known\nsudo: a password is required\n", SudoRefused),
        (127, "sh: 1: exec: sudo: not found\n", SudoRefused),
        (127, "sh: line 1: exec: sudo: not found\n", SudoRefused),
        (127, "sh: line 1: sudo: command not found\n", SudoRefused),
        (1, "sudo: virsh: command not found\n", CommandMissing),
        (127, "sh: 1: virsh: not found\n", CommandMissing),
        (127, 'OCI runtime exec failed: exec: "x": executable file not found in $PATH: unknown\n', CommandMissing),
        (126, 'OCI runtime exec failed: exec: "x": executable file not found in $PATH: unknown\n', CommandMissing),
        (1, "Error: No such container: nova_libvirt\n", CommandFailed),
        (1, "", CommandFailed),
        (2, "sudo: a password is required\n", CommandFailed),  # a program that speaks of sudo, not sudo
        (124, "", CommandTimedOut),
        (137, "Killed\n", CommandTimedOut),
    ],
)
def test_errors_of_a_command_that_went_through_sudo(status: int, stderr: str, expected: type[CalipsoError]) -> None:
    assert kind(status, stderr, root=True) is expected


def test_without_sudo_nobody_is_refused_by_it() -> None:
    assert kind(1, "sudo: a password is required\n") is CommandFailed
    assert kind(1, "sudo: x: command not found\n") is CommandFailed
    assert kind(127, "sh: 1: tool: not found\n") is CommandMissing


def test_what_a_successful_command_says_on_stderr_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="calipso_nornir")
    frame = Frame(0, b"out\n", b"warning: something\n")
    assert judge(Command("h", "tool"), frame, root=False, at=NOW) == Reply("out\n", NOW)
    assert "warning: something" in caplog.text


@given(st.binary(max_size=50))
def test_bytes_that_are_no_text_stay_visible(output: bytes) -> None:
    outcome = judge(Command("h", "tool"), Frame(0, output, b""), root=False, at=NOW)
    assert isinstance(outcome, Reply)
    outcome.data.encode("utf-8")
    assert outcome.data == text_of(output)


def test_latin_1_is_shown_as_it_came() -> None:
    assert text_of(b"Gr\xfc\xdfe \xe2\x82\xac") == "Gr\\xfc\\xdfe €"


def ended(ending: Ending, cause: str = "because", *, done: int = 1, start: bool = True) -> list[Outcome]:
    """Answer three commands of which some had ended."""
    commands = [Command("h", text) for text in ("first", "second", "third")]
    head = f"\n{MARK} start\n" if start else "motd\n"
    out = head + "".join(f"{n}\n{MARK} {n} 0\n" for n in range(done)) + "half"
    err = head + "".join(f"\n{MARK} {n}\n" for n in range(done))
    received = ScriptResult(out.encode(), err.encode(), ending, cause)
    steps = {command: ScriptStep((command.text,), 30) for command in commands}
    outcomes = read(steps, received, MARK, limits=Limits(max_output_bytes=99), at=NOW)
    assert list(outcomes) == commands
    return list(outcomes.values())


def test_a_session_that_breaks_in_the_middle() -> None:
    first, second, third = ended("lost")
    assert first == Reply("0", NOW)
    assert second == ConnectionLost("h", "second", "because")
    assert third == ConnectionLost("h", "third", "because")


def test_a_host_whose_time_is_up() -> None:
    first, second, third = ended("late")
    assert first == Reply("0", NOW)
    assert isinstance(second, CommandTimedOut)
    assert isinstance(third, ConnectionLost)
    assert '"second"' in third.cause


def test_a_command_that_says_too_much() -> None:
    first, second, third = ended("too large")
    assert first == Reply("0", NOW)
    assert second == third == OutputTooLarge("h", "second", 99)


def test_a_login_shell_that_runs_no_script() -> None:
    for error in ended("lost", "the remote shell ended with status 1", start=False, done=0):
        assert isinstance(error, ConnectionLost)
        assert "the login shell did not run the script" in error.cause
        assert "motd" in error.cause


def test_a_complete_script_without_a_frame_is_lost_all_the_same() -> None:
    assert isinstance(ended("complete", "", done=2)[2], ConnectionLost)
