# SPDX-License-Identifier: Apache-2.0
"""``calipso new``: what it writes is valid, passes its own tests, and scans a recorded cloud at once."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.resources import data
from calipso_nornir.scan.engine import run_scan
from calipso_nornir.scan.plan import ScanPlan
from calipso_nornir.skeletons.writing import WORDS, kinds
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso

if TYPE_CHECKING:
    from pathlib import Path

NEW = (("object-type", "rack_slot"), ("link-type", "rack_slot-host"), ("event-handler", "racks.slot.moved"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Each kind of skeleton, in a folder of its own."""
    above = tmp_path_factory.mktemp("new")
    made: list[Path] = []
    for kind, name in NEW:
        known = [word for folder in made for word in ("--metadata", folder)]
        said = calipso("new", kind, name, "--dir", above / kind, *known)
        assert (said.status, said.err) == (0, "")
        assert f"calipso metadata check {' '.join(str(one) for one in [*made, above / kind])}" in said.out.replace(
            "'", ""
        )
        made.append(above / kind)
    return made


def test_every_kind_is_tested_here() -> None:
    assert sorted([*(kind for kind, _ in NEW), "source", "check"]) == kinds() == sorted(WORDS)


def test_the_check_finds_nothing(folders: list[Path]) -> None:
    for number, folder in enumerate(folders):
        said = calipso("metadata", "check", *folders[:number], folder)
        assert (said.status, said.err) == (0, ""), folder
    assert {"racks.slot.moved"} <= load_catalog(folders).event_handlers.keys()


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A new source and a new check, with their entry points registered as pip would have."""
    return [_distribution(tmp_path_factory.mktemp(kind), kind) for kind in ("source", "check")]


def _distribution(above: Path, kind: str) -> Path:
    name = f"racks_{kind}"
    folder = above / f"calipso_{name}"
    said = calipso("new", kind, name, "--dir", folder)
    assert (said.status, said.err) == (0, "")
    assert f"pip install -e {folder}" in said.out
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / f"calipso_{name}-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1\n", encoding="utf-8")
    lines: list[str] = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {at}" for name, at in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.mark.long
def test_their_own_tests_pass(folders: list[Path], distributions: list[Path]) -> None:
    """Those of the source scan with it, those of the check pack the probe: all entry points are found."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-W",
            "error",
            *folders,
            *(one / "tests" for one in distributions),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folders[0].parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, distributions))},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "14 passed" in done.stdout


def test_a_recorded_cloud_is_scanned_with_them_at_once(folders: list[Path], tmp_path: Path) -> None:
    source = ReplaySource(data("demo") / "ovs.calipso")
    store = open_store(tmp_path / "calipso.db")
    report = run_scan(source.environment, plan=ScanPlan(metadata=tuple(folders)), store=store, source=source)
    view = store.view(source.environment.name)
    hosts = sorted(one.id for one in view.of_type("host"))
    assert report.status == "completed"
    assert sorted(one["host"] for one in view.of_type("rack_slot")) == hosts
    assert all(one["machine"] for one in view.of_type("rack_slot"))
    assert sorted(link.target.id for link in view.links("rack_slot-host")) == hosts


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("object-type", "Rack"), '"Rack" cannot be an object type: expected lower-case letters, digits and _'),
        (("object-type", "host"), '"host" is an object type already ('),
        (("link-type", "host"), '"host" is not a link type: expected <source type>-<target type>'),
        (("link-type", "hots-port"), '"hots" is not an object type. Did you mean "host"?'),
        (("link-type", "vedge-vnic"), '"vnic-vedge" is a link type already'),
        (("source", "Racks"), '"Racks" cannot be a source: expected lower-case letters'),
        (("source", "api"), '"api" is a source already: the API'),
        (("check", "Racks"), '"Racks" cannot be a check: expected lower-case letters'),
        (("check", "pnic"), '"pnic" is a check already'),
        (("event-handler", "moved"), '"moved" cannot be an event type: expected words with dots'),
        (("event-handler", "port.create.end"), '"port.create.end" has a handler already: PortEvent'),
    ],
)
def test_names_that_it_cannot_have(tmp_path: Path, words: tuple[str, str], expected: str) -> None:
    said = calipso("new", *words, "--dir", tmp_path / "new")
    assert said.status != 0
    assert expected in said.err
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "scanners.json").write_text("{}", encoding="utf-8")
    said = calipso("new", "object-type", "rack", "--dir", tmp_path)
    assert said.status != 0
    assert f"{tmp_path}/scanners.json is there already; nothing was written" in said.err
    assert [one.name for one in tmp_path.iterdir()] == ["scanners.json"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    said = calipso("new", "object-type", "rack", "--dir", tmp_path / "file" / "below")
    assert said.status != 0
    assert "cannot be written" in said.err
