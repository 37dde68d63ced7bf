# SPDX-License-Identifier: Apache-2.0
"""The commands of the scan manager: requests, schedules, and the process itself."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from tests.fixtures.cli import calipso, program
from tests.fixtures.tiny_cloud import CLOUD

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.model.stores import Document


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "s.db"
    store = open_store(path)
    save_environment(store, CLOUD)
    store.close()
    return path


def scan(path: Path, scan_id: str) -> Document:
    shown = calipso("scans", "show", scan_id, "-o", "json", store=path).json
    assert isinstance(shown, dict)
    return shown


def test_a_request_is_submitted_run_and_read(path: Path) -> None:
    scan_id = calipso("scans", "submit", "--links-only", "--loglevel", "debug", "--untested", store=path).out.strip()
    assert scan(path, scan_id)["status"] == "pending"
    assert "pending" in calipso("scans", store=path).out
    said = calipso("scan-manager", "--until-empty", "--interval", "0.1", store=path)
    assert said.status == 0, said.err
    assert scan(path, scan_id)["status"] == "completed"
    log = calipso("scans", "log", scan_id, store=path).out
    assert "phase links began" in log
    assert "scan completed: 0 objects" in log
    messages = calipso("scans", "log", scan_id[:8], "-o", "json", store=path).json
    assert [one["level"] for one in messages] == ["info"] * len(messages)


def test_a_draft_is_released_and_cancelled(path: Path) -> None:
    scan_id = calipso("scans", "submit", "cloud", "--draft", store=path).out.strip()
    assert scan(path, scan_id)["status"] == "draft"
    assert f"scan {scan_id} of cloud: pending" in calipso("scans", "release", scan_id[:6], store=path).err
    assert f"scan {scan_id} of cloud: aborted" in calipso("scans", "cancel", scan_id, store=path).err
    again = calipso("scans", "cancel", scan_id, store=path)
    assert (again.status, f"scan {scan_id} has ended: aborted" in again.err) == (2, True)
    assert "no messages" in calipso("scans", "log", scan_id, store=path).err


def test_a_schedule_is_added_paused_resumed_removed(path: Path) -> None:
    assert "no schedules yet" in calipso("schedules", store=path).err
    add = ("schedules", "add", "--cron", "30 2 * * 1-5", "--time-zone", "Europe/Berlin")
    id_ = calipso(*add, store=path).out.strip()
    (listed,) = calipso("schedules", "-o", "json", store=path).json
    assert (listed["id"], listed["freq"], listed["status"]) == (id_, "CRON", "upcoming")
    assert "30 2 * * 1-5 (Europe/Berlin)" in calipso("schedules", store=path).out
    assert "is paused" in calipso("schedules", "pause", id_, store=path).err
    assert "paused" in calipso("schedules", store=path).out
    assert f"schedule {id_} is due at 2" in calipso("schedules", "resume", id_, store=path).err
    assert "is removed" in calipso("schedules", "remove", id_, store=path).err
    gone = calipso("schedules", "pause", id_, store=path)
    assert (gone.status, "there is no schedule" in gone.err) == (2, True)


def test_the_first_time_of_a_schedule_is_one_step_from_now_or_as_given(path: Path) -> None:
    calipso("schedules", "add", "--every", "daily", store=path)
    calipso("schedules", "add", "--every", "once", "--start", "2126-01-01T00:00:00+00:00", store=path)
    due = [one["scheduled_timestamp"] for one in calipso("schedules", "-o", "json", store=path).json]
    tomorrow = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + 86400))
    assert abs(int(due[0][14:16]) - int(tomorrow[14:16])) % 59 <= 1
    assert due[0][:10] == tomorrow[:10]
    assert due[1] == "2126-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("schedules", "add"), "give either --every or --cron"),
        (("schedules", "add", "--every", "daily", "--cron", "* * * * *"), "give either --every or --cron"),
        (("schedules", "add", "--every", "once"), "--every once needs --start TIME"),
        (("schedules", "add", "--every", "once", "--start", "2020-01-01"), "due once at"),
        (("schedules", "add", "--cron", "nonsense"), "cron expression 'nonsense'"),
        (("schedules", "add", "--every", "daily", "--time-zone", "Mars"), "time zone Mars is unknown"),
        (("scans", "submit", "nosuch"), "nosuch"),
        (("scans", "submit", "--links-only", "--cliques-only"), "exclude each other"),
        (("scans", "submit", "--time-limit", "0"), "time_limit is 0.0; expected a number of seconds above 0"),
        (("scans", "cancel", "nosuch"), "no scan"),
        (("scan-manager", "--interval", "0.01"), "expected at least 0.1 s"),
        (("scan-manager", "--parallel", "0"), "expected at least 1 scan at a time"),
    ],
)
def test_what_cannot_be_is_refused(path: Path, words: tuple[str, ...], said: str) -> None:
    result = calipso(*words, store=path)
    assert result.status == 2
    assert said in " ".join(result.err.split())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_well(path: Path, number: signal.Signals) -> None:
    command = [program(), "--store", str(path), "scan-manager"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stderr is not None
        assert "works on" in process.stderr.readline()
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "has stopped" in said
