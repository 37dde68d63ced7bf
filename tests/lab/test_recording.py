# SPDX-License-Identifier: Apache-2.0
"""A scan of the lab is recorded and replayed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.fixtures import lab

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.model.environment import Environment

pytestmark = pytest.mark.lab


def test_a_recording_replays_to_the_same_inventory(environment: Environment, tmp_path: Path) -> None:
    bundle = tmp_path / "lab.calipso"
    recorded, replayed = open_store(tmp_path / "recorded.db"), open_store(tmp_path / "replayed.db")
    run_scan(environment, store=recorded, plan=ScanPlan(record=bundle))
    source = ReplaySource(bundle)
    report = run_scan(source.environment, store=replayed, source=source)
    assert report.ok
    assert lab.here().password.encode() not in bundle.read_bytes()
    for kind in ("inventory", "links", "cliques"):
        one, other = ({d["_id"]: d["digest"] for d in s.view("lab").documents(kind)} for s in (recorded, replayed))
        assert one == other
    recorded.close()
    replayed.close()
