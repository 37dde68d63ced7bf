# SPDX-License-Identifier: Apache-2.0
"""The demo, from the shipped recordings."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from calipso_nornir import resources
from calipso_nornir.cli.demo import all_replayed, show_around
from calipso_nornir.cli.running import Run
from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_recordings_of_one_environment_go_by_their_files_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundles = [bundle(tmp_path / "ovs.calipso"), bundle(tmp_path / "lb.calipso", "lb")]
    store = open_store(tmp_path / "demo.db")
    run = Run(str(tmp_path / "demo.db"))
    try:
        reports = all_replayed(run, store, bundles)
        assert [report.environment for report in reports] == ["ovs", "lb"]
        assert all(report.ok for report in reports)
        show_around(run, store.view("lb"), store, depth=3)
    finally:
        store.close()
    shown = capsys.readouterr().out
    assert re.search(r"calipso --store \S+ tree --depth 3 -e lb\n", shown)
    assert re.search(r"calipso --store \S+ clique gw-1 -e lb\n", shown)
    assert "path 2 of 2" in shown
    assert "next  calipso --store" in shown


def test_the_shipped_demo(tmp_path: Path) -> None:
    said = calipso("demo", "--dir", tmp_path)
    assert said.status == 0, said.out + said.err
    assert (tmp_path / "calipso-demo.db").exists()
    for path in sorted(resources.data("demo").glob("*.calipso")):
        assert re.search(rf"calipso --store \S+ replay \S*{re.escape(path.name)}\n", said.out)
    assert "path 1 of " in said.out
    for name in ("demo-lb", "demo-ovn", "demo-ovs"):
        described = calipso("env", "show", name, store=tmp_path / "calipso-demo.db").out
        assert "/" not in described, "a path of the machine that it was recorded on"
    again = calipso("demo", "--dir", tmp_path)
    assert again.status == 0


def test_a_plug_in_of_ones_own_scans_the_demo(tmp_path: Path) -> None:
    """What is not in the recordings is told, with the host and the question."""
    store, own = tmp_path / "calipso-demo.db", tmp_path / "rack_slot"
    said = calipso("new", "object-type", "rack_slot", "--dir", own)
    assert f"demo --metadata {own}\n" in said.out
    scanned = calipso("demo", "--dir", tmp_path, "--metadata", own)
    assert scanned.status == 0, scanned.out + scanned.err
    assert f"ovs.calipso --metadata {own}\n" in scanned.out
    found = calipso("list", "rack_slot", "-e", "demo-ovs", "-o", "json", store=store).json
    assert [one["host"] for one in found] == ["cmp1", "cmp2", "cmp3", "ctl", "net1"]
    shown = calipso("list", "rack_slot", "-e", "demo-ovs", store=store).out.splitlines()
    assert shown[1].split() == ["Rack", "slot", "cmp1", "machine", "x86_64"], "what it declares as first"
    other = tmp_path / "changed"
    shutil.copytree(own, other)
    text = (other / "fetchers.py").read_text()
    (other / "fetchers.py").write_text(text.replace('"uname -m", "uname_machine"', '"racks --of x", "lines"'))
    asked = calipso("demo", "--dir", tmp_path, "--metadata", other)
    assert asked.status == 3
    assert "ovs.calipso holds no answer to: racks --of x" in asked.out
