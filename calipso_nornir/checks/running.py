# SPDX-License-Identifier: Apache-2.0
"""Runs commands in parallel, with limits of time and output for each, and of time for all.

One loop watches all pipes. No shell is involved. Standard input is empty.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import IO, Any, Dict, List, NamedTuple, Optional, Sequence

from .values import Answer, Question

MOST_OUTPUT = 32 * 1024 * 1024
MOST_ERRORS = 64 * 1024
_PATHS = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_NOT_ALLOWED = ("a password is required", "is not allowed to", "not in the sudoers", "a terminal is required")
_READ = 1 << 16


class Limits(NamedTuple):
    """Seconds for one command and for all, and how many run at a time."""

    command: float = 10
    whole: float = 60
    parallel: int = 32


def run_all(questions: Sequence[Question], limits: Limits, *, sudo: Optional[bool] = None) -> Dict[Question, Answer]:
    """Return the answer to each question; those of stage 0 are asked before the others.

    Args:
        questions: each is asked once, even if it is given several times.
        limits: for them.
        sudo: whether to use sudo for what needs root; None: only if this process does not run as root.
    """
    use_sudo = os.geteuid() != 0 if sudo is None else sudo
    until = time.monotonic() + limits.whole
    answers: Dict[Question, Answer] = {}
    distinct = list(dict.fromkeys(questions))
    for stage in sorted({one.stage for one in distinct}):
        loop = _Loop([one for one in distinct if one.stage == stage], limits, until, sudo=use_sudo)
        answers.update(loop.run())
    return answers


class _Running:
    """One process, and what it has written so far."""

    def __init__(self, question: Question, process: "subprocess.Popen[bytes]", until: float, limit: float) -> None:
        self.question, self.process, self.until, self.limit = question, process, until, limit
        self.written = {"out": bytearray(), "err": bytearray()}
        self.open = 2


class _Loop:
    def __init__(self, questions: List[Question], limits: Limits, until: float, *, sudo: bool) -> None:
        self._waiting, self._limits, self._until, self._sudo = questions[::-1], limits, until, sudo
        self._selector = selectors.DefaultSelector()
        self._running: List[_Running] = []
        self._answers: Dict[Question, Answer] = {}

    def run(self) -> Dict[Question, Answer]:
        """Run until each question has an answer."""
        try:
            while self._waiting or self._running:
                while self._waiting and len(self._running) < self._limits.parallel:
                    self._start(self._waiting.pop())
                self._wait()
        finally:
            for one in list(self._running):
                self._give_up(one, "the probe was stopped")
            self._selector.close()
        return self._answers

    def _start(self, question: Question) -> None:
        now = time.monotonic()
        if now >= self._until:
            failure = f"{question.tool} was not run: all commands together took {self._limits.whole:g} s"
            self._answers[question] = Answer(failure=failure)
            return
        argv = list(question.argv)
        if question.root and self._sudo:
            argv = ["sudo", "-n", "--", *argv]
        environment = {"LC_ALL": "C", "PATH": "{}:{}".format(os.environ.get("PATH", ""), _PATHS).lstrip(":")}
        try:
            process = subprocess.Popen(  # noqa: S603 - an argument list of ours, with validated names; no shell
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,  # so that one signal ends it and all its children
            )
        except FileNotFoundError:
            self._answers[question] = Answer(failure=f"{argv[0]} is not installed")
            return
        except OSError as error:
            self._answers[question] = Answer(failure=f"{argv[0]} did not start: {error.strerror}")
            return
        limit = question.limit or self._limits.command
        one = _Running(question, process, min(now + limit, self._until), limit)
        self._running.append(one)
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            assert pipe is not None  # noqa: S101 - for mypy: both are pipes
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ, (one, name))

    def _wait(self) -> None:
        if not self._running:
            return
        soonest = min(one.until for one in self._running)
        closed = any(not one.open for one in self._running)  # it is about to exit, without another event
        wait = min(soonest - time.monotonic(), 0.01 if closed else 3600)
        for key, _events in self._selector.select(max(0, wait)):
            one, name = key.data
            self._read(one, name, key.fileobj)
        for one in list(self._running):
            if not one.open and one.process.poll() is not None:
                self._end(one)
            elif time.monotonic() >= one.until:
                self._give_up(one, self._overdue(one))

    def _overdue(self, one: _Running) -> str:
        tool = one.question.tool
        if time.monotonic() >= self._until:
            return f"{tool} was ended: all commands together took {self._limits.whole:g} s"
        return f"{tool} did not end within {one.limit:g} s"

    def _read(self, one: _Running, name: str, pipe: Any) -> None:
        if one not in self._running:
            return
        try:
            data = os.read(pipe.fileno(), _READ)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(pipe)
            pipe.close()
            one.open -= 1
            return
        written, most = one.written[name], MOST_OUTPUT if name == "out" else MOST_ERRORS
        if len(written) + len(data) <= most:
            written += data
        elif name == "out":
            self._give_up(one, f"{one.question.tool} wrote more than {most} bytes")

    def _give_up(self, one: _Running, failure: str) -> None:
        """Kill a process. One that sudo runs cannot be killed by us; sudo's command_timeout ends it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(one.process.pid, signal.SIGKILL)
            one.process.wait(1)
        for pipe in (one.process.stdout, one.process.stderr):
            self._close(pipe)
        self._running.remove(one)
        self._answers[one.question] = Answer(failure=failure, err=_line(one.written["err"]))

    def _close(self, pipe: Optional[IO[bytes]]) -> None:
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(KeyError):
                self._selector.unregister(pipe)
            pipe.close()

    def _end(self, one: _Running) -> None:
        self._running.remove(one)
        code, err = one.process.returncode, _line(one.written["err"])
        self._answers[one.question] = answer(one.question, code, bytes(one.written["out"]), err)


def answer(question: Question, code: int, out: bytes, err: str) -> Answer:
    """Return the answer of a command that has ended."""
    if question.root and err.startswith("sudo:") and any(said in err for said in _NOT_ALLOWED):
        return Answer(failure="sudo does not allow {}".format(" ".join(question.argv)[:200]), err=err)
    if code not in question.codes:
        why = f" by signal {-code}" if code < 0 else f" with {code}"
        return Answer(failure="{} ended{}{}".format(question.tool, why, ": " + err if err else ""), code=code, err=err)
    try:
        return Answer(question.read(out.decode("utf-8", "replace")), code=code, err=err)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Answer(failure=f"the output of {question.tool} has an unknown form", code=code, err=err)


def _line(written: bytearray) -> str:
    """Return the first line with content, printable and shortened."""
    lines = [line.strip() for line in written.decode("utf-8", "replace").splitlines()]
    first: str = next((line for line in lines if line), "")
    return "".join(c if c.isprintable() else "?" for c in first)[:200]
