# SPDX-License-Identifier: Apache-2.0
"""Scans whose process is gone are distinguished from running ones."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.scan import supervising
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.store import open_store
from calipso_nornir.store.environments import save_environment
from calipso_nornir.store.liveness import LOST_AFTER_S, sign_of_life, status_of
from tests.fixtures.canned import CannedSource
from tests.fixtures.cli import calipso
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = {"scan_id": "s", "environment": "cloud", "status": "running", "start_timestamp": "2026-01-01T00:00:00+00:00"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def elsewhere(seconds: float) -> dict[str, Any]:
    """Return the sign of life that a process on another machine gave some seconds ago."""
    alive = (NOW - timedelta(seconds=seconds)).isoformat()
    return {"process": {"id": 1, "machine": "another", "started": "7"}, "alive_timestamp": alive}


def dead() -> dict[str, Any]:
    """Return the sign of life of a process of this machine that has ended."""
    code = "import json; from calipso_nornir.store.liveness import sign_of_life; print(json.dumps(sign_of_life()))"
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603 - ours
    sign: dict[str, Any] = json.loads(said.stdout)
    return sign


@pytest.mark.parametrize(
    ("sign", "status"),
    [
        (elsewhere(LOST_AFTER_S - 1), "running"),
        (elsewhere(LOST_AFTER_S + 1), "lost"),
        (elsewhere(-3600), "running"),
        ({}, "lost"),
        ({"alive_timestamp": "nonsense"}, "lost"),
    ],
    ids=["elsewhere, alive", "elsewhere, silent", "a clock that is ahead", "of an older release", "spoilt"],
)
def test_what_runs_elsewhere_gives_signs_of_life(sign: Any, status: str) -> None:  # noqa: ANN401 - fields of a document
    assert status_of({**RUNNING, **sign}, now=NOW) == status
    assert status_of({**RUNNING, **sign, "status": "completed"}, now=NOW) == "completed"


def test_on_the_same_machine_the_process_itself_counts() -> None:
    assert status_of({**RUNNING, **sign_of_life()}) == "running"
    assert status_of({**RUNNING, **dead()}) == "lost"
    own = sign_of_life()
    reused = {**own, "process": {**own["process"], "started": "1"}}
    assert status_of({**RUNNING, **reused}) == "lost", "the number is another process's now"


def test_lost_scans_are_shown_and_noted(tmp_path: Path) -> None:
    store = open_store(tmp_path / "s.db")
    save_environment(store, CLOUD)
    store.collection("scans").put("s", {**RUNNING, **dead()})
    assert calipso("scans", "-e", "cloud", "-o", "json", store=tmp_path / "s.db").json[0]["status"] == "lost"
    assert "lost" in calipso("scans", "-e", "cloud", store=tmp_path / "s.db").out
    run_scan(CLOUD, store=store, source=CannedSource(TinyCloud().answers()))
    noted = store.collection("scans").get("s")
    assert noted is not None
    assert noted["status"] == "lost"
    store.close()


def test_a_scan_goes_on_giving_signs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "BEAT_S", 0.02)
    store, seen = open_store(tmp_path / "s.db"), set()
    source = CannedSource(TinyCloud().answers())

    def look(_queries: object) -> None:
        for _ in range(5):
            (running,) = store.collection("scans").find({"status": "running"})
            seen.add(running["alive_timestamp"])
            time.sleep(0.03)

    source.before_round = look
    run_scan(CLOUD, store=store, source=source)
    assert len(seen) > 2
    assert store.collection("scans").find({"status": "running"}) == []
    store.close()
