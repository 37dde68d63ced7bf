# SPDX-License-Identifier: Apache-2.0
"""Commands side by side: limits of time and output, and what is said of each failure. The programs are real ones."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from calipso_nornir.checks import running
from calipso_nornir.checks.running import Limits, answer, run_all
from calipso_nornir.checks.values import Question

if TYPE_CHECKING:
    from pathlib import Path

QUICK = Limits(command=20, whole=20, parallel=8)


def sh(script: str, *, limit: float = 0, stage: int = 1, codes: tuple[int, ...] = (0,)) -> Question:
    """Make a command of the shell; the probe itself never does."""
    return Question(("sh", "-c", script), str.strip, limit=limit, stage=stage, codes=codes)


def test_a_hung_tool_ends_alone_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hung = sh(f"sleep 321 & echo $! > {pids}; echo $$ >> {pids}; wait", limit=0.3)
    good = sh("echo fine")
    began = time.monotonic()
    answers = run_all([hung, good], QUICK)
    assert time.monotonic() - began < 10
    assert answers[good].value == "fine"
    assert answers[hung].failure == "sh did not end within 0.3 s"
    left = [int(pid) for pid in pids.read_text().split()]
    assert len(left) == 2
    deadline = time.monotonic() + 10  # a killed process ends a moment after the signal was sent
    while still := [pid for pid in left if _runs(pid)]:
        assert time.monotonic() < deadline, still
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_one_that_leaves_a_process_behind_which_holds_its_output() -> None:
    found = run_all([sh("sleep 321 & echo it is out", limit=0.3)], QUICK)
    assert [one.failure for one in found.values()] == ["sh did not end within 0.3 s"]


def test_one_that_closes_its_output_and_goes_on() -> None:
    questions = [sh("exec >&- 2>&-; sleep 0.2; exit 3", codes=(3,)), sh("exec >&- 2>&-; sleep 321", limit=0.3)]
    assert [one.failure for one in run_all(questions, QUICK).values()] == ["", "sh did not end within 0.3 s"]


def test_the_limit_of_the_whole() -> None:
    questions = [sh(f"sleep 321; echo {n}") for n in range(3)]
    answers = run_all(questions, Limits(command=20, whole=0.4, parallel=1))
    failures = sorted(one.failure for one in answers.values())
    assert (
        failures
        == ["sh was ended: all commands together took 0.4 s"] + ["sh was not run: all commands together took 0.4 s"] * 2
    )


def test_each_question_is_asked_once_and_stages_come_in_order(tmp_path: Path) -> None:
    log = tmp_path / "log"
    late, early = sh(f"echo late >> {log}"), sh(f"sleep 0.1; echo early >> {log}", stage=0)
    run_all([late, early, late, late], QUICK)
    assert log.read_text().split() == ["early", "late"]


def test_no_more_at_a_time_than_allowed(tmp_path: Path) -> None:
    script = f"cd {tmp_path}; touch $$; ls | wc -l; sleep 0.05; rm $$ # {{}}"
    answers = run_all([sh(script.format(n)) for n in range(12)], QUICK._replace(parallel=3))
    counts = [int(one.value) for one in answers.values()]
    assert max(counts) <= 3
    assert len(counts) == 12


@pytest.mark.parametrize(
    ("question", "failure"),
    [
        (Question(("calipso-no-such-tool",), str), "calipso-no-such-tool is not installed"),
        (sh("echo 1 >&2; echo 2 >&2; exit 4"), "sh ended with 4: 1"),
        (sh("kill -9 $$"), "sh ended by signal 9"),
        (sh("printf 'a\\033[2Jb' >&2; exit 1"), "sh ended with 1: a?[2Jb"),
        (Question(("echo", "x"), int), "the output of echo has an unknown form"),
        (Question(("echo", "x"), lambda text: {"a": 1}[text]), "the output of echo has an unknown form"),
    ],
)
def test_failures(question: Question, failure: str) -> None:
    assert run_all([question], QUICK)[question].failure == failure


def test_a_tool_that_may_not_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calipso-tool").write_text("#!/nowhere/sh\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (question,) = [Question(("calipso-tool",), str)]
    assert "calipso-tool did not start: Permission denied" in run_all([question], QUICK)[question].failure


def test_too_much_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_OUTPUT", 1 << 20)
    monkeypatch.setattr(running, "MOST_ERRORS", 1 << 10)
    loud, complaining = sh("exec cat /dev/zero"), sh("head -c 3000000 /dev/zero >&2; echo done")
    answers = run_all([loud, complaining], QUICK)
    assert answers[loud].failure == "sh wrote more than 1048576 bytes"
    assert answers[complaining].value == "done", "the rest of its complaints is dropped"


def test_what_needs_root_is_asked_of_sudo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sudo").write_text('#!/bin/sh\necho "$*"\n')
    (tmp_path / "sudo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    root, own = Question(("echo", "a", "b"), str.strip, root=True), Question(("echo", "c"), str.strip)
    for sudo, said in ((True, "-n -- echo a b"), (False, "a b")):
        answers = run_all([root, own], QUICK, sudo=sudo)  # in the order in which the commands end
        assert (answers[root].value, answers[own].value) == (said, "c")


@pytest.mark.parametrize(
    "said",
    ["sudo: a password is required", "sudo: a terminal is required to read", "sudo: x is not in the sudoers file"],
)
def test_sudo_refuses(said: str) -> None:
    question = Question(("ip", "-n", "qdhcp-1", "link"), str, root=True)
    refused = answer(question, 1, b"", said)
    assert refused.failure.startswith("sudo does not allow ip -n qdhcp-1") or "not in the sudoers" in refused.failure
    assert answer(question._replace(root=False), 1, b"", said).failure == f"ip ended with 1: {said}"


def test_tools_get_no_language_and_no_input() -> None:
    questions = [sh("echo $LC_ALL; cat; env | grep -c '^HOME=' || true")]
    assert [one.value for one in run_all(questions, QUICK).values()] == ["C\n0"]
