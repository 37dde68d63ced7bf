# SPDX-License-Identifier: Apache-2.0

"""The developer guide's plug-in, with its import lines changed: it scans beside ours, and its mistakes are told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from calipso_nornir.errors import CommandFailed
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.model.queries import Command
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.testing import drive, thing
from tests.fixtures.scanning import Scanned, content
from tests.fixtures.tiny_cloud import CLOUD, TinyCloud

PLUGIN = Path(__file__).parents[1] / "fixtures" / "guide_plugin" / "guide_plugin"
LSMOD = "Module                  Size  Used by\nvxlan                 155648  0\nbonding               200704  1 x\n"
HOSTS = ("ctl", "net1", "cmp1", "cmp2")


def answers() -> dict[Any, Any]:
    """Return what the tiny cloud answers, and what its hosts say of their modules."""
    return {
        **TinyCloud().answers(),
        "lsmod": LSMOD,
        "modinfo -F version vxlan": "0.1\n",
        "modinfo -F version bonding": "6.1.0\n",
    }


@pytest.fixture
def scanned(tmp_path: Path) -> Scanned:
    return Scanned(tmp_path)


def new(scanned: Scanned) -> list[str]:
    return sorted(one["id"] for name, one in scanned.objects().items() if name.startswith("new_type "))


def test_the_guides_plug_in_scans(scanned: Scanned) -> None:
    report = scanned.scan(answers(), metadata=(PLUGIN,))
    assert (report.status, report.failures) == ("completed", [])
    assert new(scanned) == sorted(f"{host}-{module}" for host in HOSTS for module in ("bonding", "vxlan"))
    one = scanned.objects()["new_type cmp1-vxlan"]
    assert (one["name"], one["version"], one["parent_type"], one["parent_id"]) == ("vxlan", "0.1", "host", "cmp1")
    assert one["name_path"] == "/cloud/Regions/R1/Availability zones/nova/cmp1/vxlan"
    assert {evidence["query"] for evidence in one["evidence"]} == {
        "lsmod",
        "modinfo -F version vxlan",
        "modinfo -F version bonding",
    }
    assert "host-new_type: cmp1 > cmp1-vxlan" in scanned.links()
    cliques = [one for one in scanned.stored()["cliques"].values() if one["focal_point_type"] == "new_type"]
    assert len(cliques) == 8, "one for each"


def test_its_queries_go_out_in_the_same_rounds(scanned: Scanned, tmp_path: Path) -> None:
    alone = Scanned(tmp_path / "alone")
    alone.scan(answers())
    scanned.scan(answers(), metadata=(PLUGIN,))
    first = next(number for number, one in enumerate(scanned.source.rounds) if any(str(q) == "lsmod" for q in one))
    asked = {query.host for query in scanned.source.rounds[first] if str(query) == "lsmod"}
    assert asked == set(HOSTS), "all hosts at the same time"
    assert len(scanned.source.rounds[first]) > len(HOSTS), "beside the questions of others"
    assert scanned.source.rounds_of("cmp1") == max(alone.source.rounds_of("cmp1"), 3), "its longest chain is of three"
    assert set(scanned.source.asked.values()) == {1}, "no question twice"


def test_a_second_scan_changes_nothing_and_a_host_in_silence_loses_nothing(scanned: Scanned) -> None:
    scanned.scan(answers(), metadata=(PLUGIN,))
    before = scanned.stored()
    assert scanned.scan(answers(), metadata=(PLUGIN,)).objects.changed == 0
    assert content(scanned.stored()) == content(before)
    silent = {
        **answers(),
        "cmp1: modinfo -F version bonding": CommandFailed("cmp1", "modinfo -F version bonding", 1, ""),
    }
    report = scanned.scan(silent, metadata=(PLUGIN,))
    assert report.status == "completed_with_errors"
    assert "new_type cmp1-vxlan" in scanned.objects(), "kept: the fetching could not see everything"
    without = {**answers(), "cmp1: lsmod": LSMOD.splitlines()[0]}
    scanned.scan(without, metadata=(PLUGIN,))
    assert "new_type cmp1-vxlan" not in scanned.objects(), "gone: it was looked for"


def test_a_partial_scan_runs_it(scanned: Scanned) -> None:
    scanned.scan(answers(), metadata=(PLUGIN,))
    before = scanned.stored()
    report = scanned.scan(answers(), metadata=(PLUGIN,), object_id="cmp1-vxlan")
    assert (report.status, report.objects.changed, report.objects.removed) == ("completed", 0, 0)
    assert content(scanned.stored()) == content(before)
    assert {query.host for one in scanned.source.rounds for query in one if isinstance(query, Command)} == {"cmp1"}


# --- docs/guide-plugins.md


DOCUMENT = (Path(__file__).parents[2] / "docs" / "guide-plugins.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"^<!-- guide_plugin/(\S+) -->\n```\w*\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_page_shows_the_plug_in_whole() -> None:
    files = {path.name: path.read_text(encoding="utf-8") for path in PLUGIN.glob("*.*") if path.name != "__init__.py"}
    assert {name: text.removeprefix("# SPDX-License-Identifier: Apache-2.0\n") for name, text in files.items()} == dict(
        SHOWN
    )


def test_the_new_form_finds_the_same_in_fewer_rounds() -> None:
    [text] = re.findall(r"^<!-- new form -->\n```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102 - our own document
    guides = load_catalog([PLUGIN]).scanners["NewTypeScanner"][0].fetcher
    told = {key: value for key, value in answers().items() if isinstance(key, str)}
    new, old = (drive(one, thing("host", id="cmp1"), told) for one in (names["KernelModules"](), guides))
    assert [(one.id, one.name, one.attributes) for one in new] == [(one.id, one.name, one.attributes) for one in old]
    assert {query for asked in new.asked for query in asked} == {query for asked in old.asked for query in asked}
    assert (len(new.asked), len(old.asked)) == (2, 3)


# --- recordings


def test_it_is_recorded_and_replayed(scanned: Scanned, tmp_path: Path) -> None:
    bundle = tmp_path / "guide.calipso"
    scanned.scan(answers(), metadata=(PLUGIN,), record=bundle)
    again = Scanned(tmp_path / "again")
    report = run_scan(CLOUD, plan=ScanPlan(metadata=(PLUGIN,)), store=again.store, source=ReplaySource(bundle))
    assert report.status == "completed"
    assert content(again.stored()) == content(scanned.stored())
