# SPDX-License-Identifier: Apache-2.0
"""scan, record, replay, bundle and scans: from a recording, so the whole engine runs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.store import open_store
from tests.fixtures.cli import calipso
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = {"web-1": "$(reboot)", "gw-1": "[red]x\x1b[31m\u202e🧨/%"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("whole") / "whole.calipso")


@pytest.fixture(scope="module")
def partly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording in which three hosts do not answer."""
    return bundle(tmp_path_factory.mktemp("partly") / "partly.calipso", whole=False)


@pytest.fixture
def store(tmp_path: Path, whole: Path) -> Path:
    return filled(tmp_path / "s.db", whole)


def counts(path: Path, environment: str = "lab") -> dict[str, int]:
    store = open_store(path)
    try:
        return dict(store.view(environment).counts())
    finally:
        store.close()


# --- exit status and output


def test_a_scan_that_saw_everything_ends_with_0(tmp_path: Path, whole: Path) -> None:
    said = calipso("scan", "--replay", whole, store=tmp_path / "s.db")
    assert said.status == 0
    assert "lab  completed in" in said.out
    assert "next  calipso --store" in said.out
    assert "asking 2 hosts, round 2" in said.err  # in the first, the inventory is asked which hosts there are
    assert "building cliques" in said.err


def test_a_scan_with_failures_ends_with_3_and_tells_them_with_their_cause(tmp_path: Path, partly: Path) -> None:
    said = calipso("scan", "--replay", partly, store=tmp_path / "s.db")
    assert said.status == 3
    assert "✗ cmp2: no SSH session with cmp2:22: connection refused" in said.err
    assert "3 failures" in said.out
    assert "not seen: ScanHost/host/HostDetails of host cmp2" in said.out
    assert "and 8 more (-v lists all)" in said.out
    assert "is kept as it was" in said.out
    told = calipso("scan", "--replay", partly, "-v", store=tmp_path / "s.db")
    report = calipso("scan", "--replay", partly, "-o", "json", store=tmp_path / "s.db").json
    assert "and 8 more" not in told.out
    assert told.out.count("not seen: ") == sum(len(one["affected"]) for one in report["failures"])


def test_a_scan_that_cannot_go_on_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "x.calipso").write_bytes(b"not a recording")
    said = calipso("scan", "--replay", tmp_path / "x.calipso", store=tmp_path / "s.db")
    assert (said.status, said.out) == (1, "")
    assert "not a recording" in said.err
    assert "Traceback" not in said.err


def test_the_report_as_data_stands_alone_on_standard_output(tmp_path: Path, whole: Path) -> None:
    said = calipso("scan", "--replay", whole, "-o", "json", store=tmp_path / "s.db")
    assert said.json["status"] == "completed"
    assert said.json["counts"] == counts(tmp_path / "s.db")
    assert said.err != ""


def test_a_recording_brings_its_environment_along(tmp_path: Path, whole: Path) -> None:
    calipso("replay", whole, store=tmp_path / "s.db")
    (row,) = calipso("env", "list", "-o", "json", store=tmp_path / "s.db").json
    assert row["name"] == "lab"
    assert row["mechanism_drivers"] == ["OVS"]
    assert row["last_scanned"]
    again = calipso("replay", whole, store=tmp_path / "s.db")
    assert "note" not in again.err


def test_a_recording_may_answer_for_another_environment(tmp_path: Path, whole: Path) -> None:
    (tmp_path / "prod.yaml").write_text(
        json.dumps(
            {
                "name": "prod",
                "mechanism_drivers": ["OVS"],
                "configuration": [{"name": "OpenStack", "auth_url": "http://a:5000", "user": "u", "pwd": {"env": "X"}}],
            }
        )
    )
    said = calipso("scan", tmp_path / "prod.yaml", "--replay", whole, store=tmp_path / "s.db")
    assert said.status == 0
    assert counts(tmp_path / "s.db", "prod")["instance"] == 2
    unknown = calipso("scan", "-e", "other", "--replay", whole, store=tmp_path / "s.db")
    assert unknown.status == 2


# --- the options of the guide's script


@pytest.mark.parametrize(
    "options",
    [
        ["-i", "web-1", "-f", "name", "-t", "instance"],
        ["--id", "web-1", "--id_field", "name"],
        ["--id", "web-1", "--id-field", "name", "--no-scan_self"],
        ["-i", "web-1", "-f", "name", "-p", "cmp1", "-a", "host"],
        ["-i", "web-1", "-f", "name", "--parent-type", "instances_folder"],
    ],
)
def test_one_object_is_scanned(store: Path, whole: Path, options: list[str]) -> None:
    said = calipso("scan", "lab", "--replay", whole, *options, "-o", "json", store=store)
    assert said.status == 0, said.err
    objects = said.json["objects"]
    everything = sum(counts(store).values())
    assert 3 <= objects["unchanged"] <= everything // 4  # it, its vNIC, and what they hang on
    assert objects["new"] == objects["changed"] == objects["removed"] == 0
    (first, _) = calipso("scans", "-o", "json", store=store).json
    assert first["object_id"] == calipso("show", "web-1", "-o", "json", store=store).json["id"]


def test_the_summary_of_one_object_is_not_taken_for_that_of_the_cloud(store: Path, whole: Path) -> None:
    shown = calipso("scan", "lab", "--replay", whole, "-i", "cmp1", "-t", "host", store=store).out
    assert "SCANNED  NEW" in shown
    assert "1 host, " in shown
    shown = calipso("replay", whole, store=store).out
    assert "NOW  NEW" in shown


def test_an_id_alone_is_enough(store: Path, whole: Path) -> None:
    id_ = calipso("show", "gw-1", "-o", "json", store=store).json["id"]
    assert calipso("scan", "--replay", whole, "--id", id_, store=store).status == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["-i", "web-1", "-f", "name", "-p", "net1"], "is not under net1"),
        (["-i", "web-1", "-f", "name", "-a", "network"], "is not under network"),
        (["-i", "vNICs", "-f", "name"], "is ambiguous"),
        (["-i", "nonesuch"], "was not found in environment lab"),
        (["-i", "web-1"], "was not found in environment lab"),
        (["-t", "instance"], "needs --id"),
        (["-p", "cmp1"], "needs --id"),
        (["--inventory_only", "--links_only"], "exclude each other"),
        (["--links-only", "-i", "web-1", "-f", "name"], "is for whole environments"),
        (["--monitoring_setup_only"], "is not available in this release"),
        (["-e", "other"], "contradict each other"),
        (["--clear_all"], "confirm with --yes"),
        (["-f", "mac"], "id_field"),
        (["-l", "loud"], "loglevel"),
        (["-y", "in ventory"], "inventory name"),
        (["--metadata", "/nonexistent"], "metadata cannot be used"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_done(
    store: Path, whole: Path, options: list[str], problem: str
) -> None:
    before = calipso("scans", "-o", "json", store=store).json
    said = calipso("scan", "lab", "--replay", whole, *options, store=store)
    assert said.status == (1 if "--metadata" in options else 2)
    assert said.out == ""
    assert problem in " ".join(said.err.split())
    assert calipso("scans", "-o", "json", store=store).json == before


def test_the_environment_itself_is_a_whole_scan(store: Path, whole: Path) -> None:
    said = calipso("scan", "--replay", whole, "-i", "lab", "-t", "environment", "-o", "json", store=store)
    assert said.status == 0
    assert said.json["objects"]["unchanged"] == sum(counts(store).values())


def test_links_only_and_cliques_only_ask_nobody(store: Path) -> None:
    links = calipso("scan", "lab", "--links_only", "-o", "json", store=store)
    assert links.status == 0, links.err
    assert links.json["queries"] == {}
    assert links.json["links"]["unchanged"] > 0
    cliques = calipso("scan", "lab", "--cliques_only", "-o", "json", store=store).json
    assert cliques["cliques"]["unchanged"] > 0
    assert cliques["links"] == dict.fromkeys(cliques["links"], 0)


def test_an_inventory_without_a_description(store: Path) -> None:
    calipso("env", "remove", "lab", store=store)
    said = calipso("scan", "lab", store=store)
    assert said.status == 2
    assert "no description of lab" in said.err


def test_what_came_with_a_recording_is_scanned_from_one_only(store: Path) -> None:
    for command in (("scan", "lab"), ("env", "check", "lab")):
        said = calipso(*command, store=store)
        assert said.status == 1
        assert "recorded: came with a recording and can only be scanned from one (--replay FILE)" in said.err


def test_inventory_only(tmp_path: Path, whole: Path) -> None:
    said = calipso("scan", "--replay", whole, "--inventory_only", "-o", "json", store=tmp_path / "s.db")
    assert said.json["links"] == dict.fromkeys(said.json["links"], 0)
    assert said.json["objects"]["new"] > 0


def test_clear_takes_nothing_over(store: Path, partly: Path) -> None:
    assert calipso("scan", "--replay", partly, "--replace", store=store).status == 3
    assert "tap" in calipso("search", "tap", "-t", "vnic", store=store).out
    kept = calipso("scan", "--replay", partly, "-o", "json", store=store).json["objects"]
    cleared = calipso("scan", "--replay", partly, "--clear", "-o", "json", store=store).json["objects"]
    assert cleared["kept"] == 0
    assert cleared["unchanged"] + cleared["changed"] + cleared["new"] <= kept["unchanged"] + kept["kept"]


def test_clear_all_clears_every_environment_then_scans(store: Path, tmp_path: Path) -> None:
    other = bundle(tmp_path / "other.calipso", "lb", name="other")
    filled(store, other)
    said = calipso("scan", "--replay", other, "--clear_all", "--yes", store=store)
    assert said.status == 0
    assert counts(store) == {}
    assert counts(store, "other")["instance"] == 2


def test_an_alternative_inventory_is_one_of_its_own(tmp_path: Path, whole: Path) -> None:
    assert calipso("scan", "--replay", whole, "-y", "RDO", store=tmp_path / "s.db").status == 0
    assert calipso("tree", "-y", "RDO", "--depth", "0", store=tmp_path / "s.db").status == 0
    assert calipso("tree", store=tmp_path / "s.db").status == 2


def test_implicit_links(tmp_path: Path, whole: Path) -> None:
    assert calipso("scan", "--replay", whole, "--implicit_links", store=tmp_path / "s.db").status == 0
    rows = calipso("links", "--implicit", "-o", "json", store=tmp_path / "s.db").json
    assert {row["link_type"] for row in rows} == {"instance-network"}
    explained = calipso("explain", rows[0]["_id"], store=tmp_path / "s.db").out
    assert "derived from other links" in explained
    assert "known since     2026-01-02T03:04:05" in explained


def test_every_option_of_the_guide_has_its_own_name() -> None:
    said = calipso("scan", "--help").out
    whole = ("mongo_config", "env", "type", "inventory", "scan_self", "id", "parent_id", "parent_type", "id_field")
    parts = ("inventory_only", "links_only", "cliques_only", "monitoring_setup_only", "clear", "clear_all", "loglevel")
    for name in (*whole, *parts):
        assert f"--{name}" in said, name
    for letter in "metysipafl":
        assert f"-{letter}" in said, letter


def test_the_log_goes_to_standard_error(tmp_path: Path, whole: Path) -> None:
    quiet = calipso("scan", "--replay", whole, "-l", "error", store=tmp_path / "s.db")
    loud = calipso("scan", "--replay", whole, "-l", "DEBUG", "-o", "json", store=tmp_path / "s.db")
    assert loud.status == quiet.status == 0
    assert loud.json["status"] == "completed"


# --- names of strangers


def test_names_do_nothing_but_show(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    recording = bundle(tmp_path / "hostile.calipso", names=HOSTILE)
    said = calipso("replay", recording, store=path)
    assert said.status == 0
    for command in (["tree"], ["search", "x"], ["clique", "$(reboot)"], ["links"], ["explain", "$(reboot)"]):
        shown = calipso(*command, store=path)
        assert shown.status == 0, (command, shown.err)
        assert "\x1b" not in shown.out
        assert "\u202e" not in shown.out
    tree = calipso("tree", store=path).out
    assert "$(reboot)" in tree
    assert "[red]x\\x1b[31m\\u202e🧨/%" in tree
    names = {one["name"] for one in calipso("search", "instance-0", "-o", "json", store=path).json}
    assert set(HOSTILE.values()) <= names
    assert any("'$(reboot)'" in line for line in said.out.splitlines() if line.startswith("next"))


def test_a_name_of_a_stranger_is_found_by_it(tmp_path: Path) -> None:
    path = filled(tmp_path / "s.db", bundle(tmp_path / "hostile.calipso", names=HOSTILE))
    for name in HOSTILE.values():
        assert calipso("show", name, "-o", "json", store=path).json["name"] == name
    assert calipso("scan", "lab", "--links_only", store=path).status == 0


# --- recordings


def test_what_is_in_a_recording(partly: Path) -> None:
    shown = calipso("bundle", partly)
    assert shown.status == 0
    assert "cmp1, cmp2, cmp3, ctl, net1" in shown.out
    info = calipso("bundle", partly, "-o", "json").json
    assert info["environment"] == "lab"
    assert info["errors"] > 0
    assert calipso("bundle", partly.parent / "nonesuch").status == 1


def with_environment(path: Path, recording: Path, **more: Any) -> Path:  # noqa: ANN401 - any JSON
    """Write a recording with other things in its environment, and a digest that fits."""
    first, *rest = gzip.decompress(recording.read_bytes()).splitlines(keepends=True)
    header = json.loads(first)
    header["environment"] |= more
    raw = b"".join([json.dumps(header).encode() + b"\n", *rest[:-1]])
    trailer = {"count": len(rest) - 1, "sha256": hashlib.sha256(raw).hexdigest()}
    path.write_bytes(gzip.compress(raw + json.dumps(trailer).encode() + b"\n"))
    return path


def test_a_strangers_recording_runs_no_command(tmp_path: Path, whole: Path) -> None:
    ran = tmp_path / "ran"
    section = {"name": "OpenStack", "auth_url": "http://a:5000", "user": "u", "pwd": {"command": f"touch {ran}"}}
    evil = with_environment(tmp_path / "evil.calipso", whole, configuration=[section])
    for command in (["replay", evil], ["scan", "--replay", evil], ["scan", "lab"], ["env", "check", "lab"]):
        said = calipso(*command, store=tmp_path / "s.db")
        assert said.status in (1, 2)
    shown = calipso("bundle", evil)
    assert shown.status == 1
    assert f"configuration/OpenStack/pwd/command: touch {ran}" in shown.out
    assert "names secrets (configuration/0/pwd), which no recording made by calipso does" in shown.err
    assert not ran.exists()


def test_what_is_known_is_not_replaced_without_being_asked(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "s.db"
    section = {"name": "OpenStack", "auth_url": "http://mine:5000", "user": "u", "pwd": {"env": "X"}}
    (tmp_path / "lab.yaml").write_text(json.dumps({"name": "lab", "configuration": [section]}))
    assert calipso("env", "add", tmp_path / "lab.yaml", store=store).status == 0
    said = calipso("replay", whole, store=store)
    assert said.status == 2
    assert "already holds an environment lab; the recording would replace it. Confirm with --replace" in said.err
    monkeypatch.setattr("calipso_nornir.cli.meant.sys", SimpleNamespace(stdin=Terminal("n\n")))
    refused = calipso("replay", whole, store=store)
    assert (refused.status, "nothing replaced" in refused.err) == (2, True)
    assert "mine:5000" in calipso("env", "show", "lab", store=store).out
    assert counts(store) == {}
    monkeypatch.setattr("calipso_nornir.cli.meant.sys", SimpleNamespace(stdin=Terminal("yes\n")))
    assert calipso("replay", whole, store=store).status == 0
    assert "mine:5000" not in calipso("env", "show", "lab", store=store).out
    monkeypatch.undo()
    assert calipso("replay", whole, store=store).status == 0, "the same once more replaces nothing"
    other = with_environment(tmp_path / "other.calipso", whole, type_drivers="vxlan")
    assert calipso("replay", other, store=store).status == 2
    assert calipso("replay", other, "--replace", store=store).status == 0


class Terminal(io.StringIO):
    """Standard input at which somebody types."""

    def isatty(self) -> bool:
        return True


def test_record_changes_no_store(store: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    copied = tmp_path / "again.calipso"
    said = calipso("scan", "lab", "--replay", whole, "--record", copied, store=store)
    assert said.status == 0
    first, again = (calipso("bundle", one, "-o", "json").json for one in (whole, copied))
    assert first["exchanges"] == again["exchanges"]
    assert calipso("replay", copied, store=tmp_path / "copy.db").status == 0
    before = calipso("scans", "-o", "json", store=store).json
    failed = calipso("record", "lab", tmp_path / "live.calipso", store=store)
    assert failed.status == 1  # its description lacks the secrets; nothing was asked
    assert calipso("scans", "-o", "json", store=store).json == before
    assert not (tmp_path / "data").exists()


def test_a_recording_that_cannot_be_written(store: Path, whole: Path, tmp_path: Path) -> None:
    said = calipso("scan", "--replay", whole, "--record", tmp_path / "none" / "x.calipso", store=store)
    assert said.status == 1
    assert "the recording cannot be written" in said.err


# --- scans


def test_the_last_scans(store: Path, partly: Path) -> None:
    calipso("scan", "--replay", partly, "--replace", store=store)
    calipso("scan", "lab", "--links_only", store=store)
    rows = calipso("scans", store=store).out.splitlines()
    assert [row.split()[2] for row in rows[1:]] == ["completed", "completed_with_errors", "completed"]
    assert "links_only" in rows[1]
    assert len(calipso("scans", "-e", "lab", "--limit", "1", "-o", "json", store=store).json) == 1
    assert calipso("scans", "-e", "prod", store=store).status == 2
