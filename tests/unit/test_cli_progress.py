# SPDX-License-Identifier: Apache-2.0
"""What a scan shows while it runs, and its result."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest

from calipso_nornir.cli.output import Terminal
from calipso_nornir.cli.scan_progress import LiveLine, PlainLines, showing
from calipso_nornir.cli.summary import print_summary
from calipso_nornir.errors import CommandMissing, HostUnreachable
from calipso_nornir.scan.progress_events import HostAnswered, ObjectsFound, PhaseBegan, RoundBegan, TroubleSeen
from calipso_nornir.scan.report import Changes, ScanReport, Trouble
from tests.fixtures.recorded import AT

EVENTS: list[Any] = [
    PhaseBegan("inventory"),
    RoundBegan("api", 1, 8),
    ObjectsFound("instance", 3, 5),
    ObjectsFound("region", 1, 2),
    RoundBegan("cli", 2, 45, hosts=5),
    HostAnswered("cmp1", ok=True),
    HostAnswered("cmp2", ok=False),
    TroubleSeen(Trouble(HostUnreachable("cmp2\x1b[2J", "cmp2:22", "refused"))),
    TroubleSeen(Trouble(CommandMissing("cmp1", "lldpctl", 127), "notice")),
]


def terminal(**options: Any) -> tuple[Terminal, io.StringIO]:  # noqa: ANN401 - rich's
    screen = Terminal(stderr=True)
    screen.file = io.StringIO()
    for name, value in options.items():
        setattr(screen, name, value)
    return screen, screen.file


def test_plain_lines_where_there_is_no_terminal() -> None:
    screen, text = terminal()
    with showing(screen, "lab") as progress:
        assert isinstance(progress, PlainLines)
        for event in EVENTS:
            progress(event)
    assert text.getvalue().splitlines() == [
        "lab: reading the inventory",
        "lab: asking the API, round 1",
        "lab: asking 5 hosts, round 2",
        "✗ cmp2\\x1b[2J: no SSH session with cmp2:22: refused",
    ]


def test_one_live_line_on_a_terminal() -> None:
    screen, text = terminal(_force_terminal=True, width=160)
    with showing(screen, "lab") as progress:
        assert isinstance(progress, LiveLine)
        for event in EVENTS:
            progress(event)
        screen.print(progress)
    shown = text.getvalue()
    assert "asking 5 hosts, round 2, 2 done" in shown
    assert "4 objects (3 instance)" in shown
    assert "✗ " in shown
    assert "lldpctl" not in shown


def test_the_live_line_is_no_wider_than_the_terminal() -> None:
    screen, text = terminal(width=40)
    progress = LiveLine(screen, "an-environment-of-a-long-name")
    for event in EVENTS[:-2]:
        progress(event)
    screen.print(progress)
    assert max(len(line) for line in text.getvalue().splitlines()) <= 40


def report(**more: Any) -> ScanReport:  # noqa: ANN401 - the report's fields
    return ScanReport(scan_id="1", environment="lab", started_at=AT, ended_at=AT + timedelta(seconds=2.5), **more)


def summary(one: ScanReport, *, everything: bool = False) -> str:
    screen, text = terminal()
    print_summary(screen, one, everything=everything)
    return text.getvalue()


def test_a_summary_of_changes() -> None:
    gone = [{"type": "instance", "id": f"id{n}", "name": f"vm{n:02}"} for n in reversed(range(12))]
    one = report(objects=Changes(new=1, changed=2, unchanged=3, removed=12, kept=4), removed=gone, counts={"host": 2})
    shown = summary(one)
    assert "lab  completed in 2.5 s" in shown
    assert "objects  10   1    2        3          12       4" in shown
    assert shown.index("vm00") < shown.index("vm09")
    assert "vm10" not in shown
    assert "and 2 more" in shown
    assert "vm11" in summary(one, everything=True)


@pytest.mark.parametrize("everything", [False, True])
def test_failures_with_all_they_affected(*, everything: bool) -> None:
    one = report(status="completed_with_errors")
    error = HostUnreachable("cmp2", "cmp2:22", "refused")
    for number in range(9):
        one.note(error, "failure", f"step{number} of host cmp2")
    one.note(CommandMissing("cmp1", "lldpctl", 127), "notice", "x")
    shown = summary(one, everything=everything)
    assert "completed with errors" in shown
    assert "1 failure\n✗ cmp2: no SSH session" in shown
    assert ("step8" in shown) is everything
    assert ("and 6 more" in shown) is not everything
    assert 'notice  cmp1: "lldpctl" ended with 127' in shown


def test_a_failed_scan_says_why_and_counts_nothing() -> None:
    one = report(status="failed")
    one.note(HostUnreachable("cmp2", "a", "b"), "failure", "the scan as a whole")
    shown = summary(one)
    assert shown.startswith("lab  failed in 2.5 s")
    assert "objects" not in shown
