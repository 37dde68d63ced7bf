# SPDX-License-Identifier: Apache-2.0
"""metadata check, parsers test, doctor, and the command line as a whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from calipso_nornir import __version__
from calipso_nornir.cli.completing import environments, object_types
from calipso_nornir.cli.running import Run
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle, filled

GOLDEN = Path(__file__).parents[1] / "parsers"


def test_the_shipped_metadata_is_well() -> None:
    said = calipso("metadata", "check")
    assert said.status == 0
    assert said.out.startswith("metadata is valid: ")
    assert calipso("metadata", "check", "-o", "json").json["ok"] is True


def test_all_faults_of_metadata_at_once(tmp_path: Path) -> None:
    (tmp_path / "scanners.json").write_text(
        json.dumps({"scanners": {"ScanHost": [{"type": "hosst", "fetcher": "HostPnic"}]}})
    )
    said = calipso("metadata", "check", tmp_path)
    assert (said.status, said.out) == (1, "")
    assert "scanners/ScanHost" in said.err
    assert "Did you mean" in said.err
    found = calipso("metadata", "check", tmp_path, "-o", "json")
    assert found.status == 1
    assert len(found.json["faults"]) >= 2


def test_golden_pairs_are_run() -> None:
    said = calipso("parsers", "test", GOLDEN)
    assert said.status == 0
    assert re.fullmatch(r"\d+ pairs, 0 differ\n", said.out)


def test_a_pair_that_differs(tmp_path: Path) -> None:
    folder = tmp_path / "linux" / "netns"
    folder.mkdir(parents=True)
    (folder / "one.raw").write_text("qdhcp-1 (id: 0)\n")
    (folder / "one.yml").write_text("provenance: made up\nparsed: {linux_ip_netns: []}\n")
    said = calipso("parsers", "test", tmp_path)
    assert said.status == 1
    assert "✗ linux/netns/one" in said.out
    assert "1 pairs, 1 differ" in said.out
    assert calipso("parsers", "test", tmp_path, "-o", "json").json[0]["differences"]
    assert calipso("parsers", "test", tmp_path / "none").status == 2
    (tmp_path / "empty").mkdir()
    assert calipso("parsers", "test", tmp_path / "empty").status == 2


def test_the_doctor_finds_this_machine_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    said = calipso("doctor", store=tmp_path / "s.db")
    assert said.status == 0, said.out
    assert "does not exist yet" in said.out
    assert not (tmp_path / "s.db").exists()
    found = {one["what"]: one["state"] for one in calipso("doctor", "-o", "json", store=tmp_path / "s.db").json}
    assert found["entry points"] == found["metadata"] == found["packages"] == found["Python"] == "ok"
    assert found["ssh agent"] == found["known hosts"] == found["clouds.yaml"] == found["store file"] == "note"


def test_the_doctor_finds_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_bytes(b"Host \xff\n")
    (tmp_path / "s.db").write_text("no store")
    said = calipso("doctor", "-o", "json", store=tmp_path / "s.db")
    assert said.status == 1
    found = {one["what"]: one["state"] for one in said.json}
    assert found["store read"] == "problem"
    assert found["ssh config"] == "problem"


def test_version_and_help() -> None:
    assert calipso("--version").out == f"calipso {__version__}\n"
    shown = calipso("--help")
    assert shown.status == 0
    for name in "scan tree show search links clique explain env export record replay bundle metadata parsers".split():  # noqa: SIM905 - read like the help
        assert re.search(rf"^  {name} ", shown.out, re.MULTILINE), name
    for name in ("doctor", "scans", "demo"):
        assert re.search(rf"^  {name} ", shown.out, re.MULTILINE), name
    assert "--install-completion" in shown.out


def test_mistakes_on_the_command_line_end_with_2() -> None:
    assert calipso("frobnicate").status == 2
    assert calipso("tree", "--nonesuch").status == 2
    assert calipso("tree", "-o", "xml").status == 2
    assert calipso("show").status == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["list", "-o", "xml"], "'xml' is not one of 'table', 'wide', 'name', 'json', 'yaml'"),
        (["scans", "--limit", "x"], "'--limit': must be a number"),
        (["scans", "--limit", "0"], "'--limit': must be 1 or more"),
        (["export", "lab"], "extra argument(s) (lab). The environment is given as -e NAME."),
        (["lst"], "No such command 'lst'. Did you mean 'list', 'listen'?"),
        (["--nonesuch"], "No such option"),
    ],
)
def test_mistakes_are_told_in_words_of_ours(arguments: list[str], told: str) -> None:
    said = calipso(*arguments)
    assert said.status == 2
    assert told in said.err
    for foreign in ("Value error", "Input should", "pydantic"):
        assert foreign not in said.err


class _Context:
    """As much of a command line's context as completion looks at."""

    def __init__(self, store: Path) -> None:
        self.params = {"store": str(store)}
        self.parent = None


def test_completion_knows_the_store(tmp_path: Path) -> None:
    store = filled(tmp_path / "s.db", bundle(tmp_path / "b.calipso"))
    assert environments(_Context(store), "l") == ["lab"]  # type: ignore[arg-type]
    assert environments(_Context(store), "x") == []  # type: ignore[arg-type]
    assert "host_pnic" in object_types(_Context(store), "host")  # type: ignore[arg-type]


def test_completion_makes_no_files_and_no_errors(tmp_path: Path) -> None:
    assert environments(_Context(tmp_path / "none.db"), "") == []  # type: ignore[arg-type]
    (tmp_path / "bad.db").write_text("x")
    assert environments(_Context(tmp_path / "bad.db"), "") == []  # type: ignore[arg-type]
    assert not (tmp_path / "none.db").exists()


def test_a_fault_of_ours_is_told_as_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("x\x1b[31m")

    monkeypatch.setattr(Run, "store", broken)
    said = calipso("tree", store=tmp_path / "s.db")
    assert said.status == 1
    assert "This is a bug in calipso (KeyError)" in said.err
    assert "Traceback" not in said.err
    assert "\x1b[31m" not in said.err
