# SPDX-License-Identifier: Apache-2.0
"""The probe: what it prints, keeps and writes. Loopback is pinged for real; a missing interface is the error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.checks import archive
from calipso_nornir.checks.evaluating import Result
from calipso_nornir.checks.exposition import Texts
from calipso_nornir.checks.objects import read_objects
from calipso_nornir.checks.probe import main
from tests.fixtures import needs

if TYPE_CHECKING:
    from pathlib import Path


def entry(number: int, device: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - members of any shape
    """Make a check of an interface."""
    return {
        "of": f"{number:024x}",
        "kind": "inventory",
        "type": "host_pnic",
        "name": f"host_pnic_{number}",
        "check": "pnic",
        "parameters": {"device": device},
        **more,
    }


class Host:
    """The files of a host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = folder / "objects.json"
        self.state = folder / "state"
        self.state.mkdir()

    def write(self, *entries: dict[str, Any]) -> None:
        """Deploy these checks."""
        document = {"version": 1, "environment": "lab", "host": "cmp1", "checks": list(entries)}
        self.objects.write_text(json.dumps(document))

    def probe(self, *options: str) -> int:
        """Run the probe."""
        return main(["--objects", str(self.objects), "--state", str(self.state), *options])


@pytest.fixture
def host(tmp_path: Path) -> Host:
    needs.program("ip", packages="iproute2")
    made = Host(tmp_path)
    made.write(entry(1, "lo"), entry(2, "nowhere"))
    return made


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_changes_only(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    before = time.time()
    assert host.probe() == 0
    first = lines(capsys)
    assert [(one["of"], one["status"], one["text"]) for one in first] == [
        ("0" * 23 + "1", 0, "lo is up"),
        ("0" * 23 + "2", 2, "there is no interface nowhere"),
    ]
    expected = {"environment", "host", "of", "kind", "type", "name", "check", "status", "text", "checked_at"}
    assert first[0].keys() == expected
    assert before - 1 <= first[0]["checked_at"] <= time.time()
    host.probe()
    assert lines(capsys) == []
    host.write(entry(1, "lo"), entry(2, "lo"))
    host.probe()
    assert [(one["name"], one["status"]) for one in lines(capsys)] == [("host_pnic_2", 0)]
    host.probe("--all")
    assert len(lines(capsys)) == 2
    host.write(entry(1, "lo"))
    host.probe()
    assert lines(capsys) == []
    host.write(entry(1, "lo"), entry(2, "lo"))
    host.probe()
    assert [one["name"] for one in lines(capsys)] == ["host_pnic_2"], "it was away, and is new again"
    host.write(entry(1, "lo"), entry(2, "lo", check="link_up"))
    host.probe()
    assert [one["name"] for one in lines(capsys)] == ["host_pnic_2"], "another check, the same status"
    assert (host.state / "reported.json").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in host.state.iterdir()] == ["reported.json"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"version": 1, "seen": {"a": 7}, "whole_at": 0}', "[" * 100_000])
def test_a_broken_state_is_none(host: Host, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (host.state / "reported.json").write_text(content)
    assert host.probe() == 0
    assert len(lines(capsys)) == 2


def test_everything_is_reported_now_and_then(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    counts = []
    for options in (["--refresh", "0"], ["--refresh", "0"], ["--refresh", "3600"], ["--refresh", "3600"]):
        host.probe(*options)
        counts.append(len(lines(capsys)))
    assert counts == [2, 0, 2, 0]
    kept = json.loads((host.state / "reported.json").read_text())
    for whole_at in (time.time() - 3601, time.time() + 9999):
        (host.state / "reported.json").write_text(json.dumps({**kept, "whole_at": whole_at}))
        host.probe()
        assert len(lines(capsys)) == 2


def test_what_was_not_taken_is_printed_again(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    command = [
        sys.executable,
        "-m",
        "calipso_nornir.checks",
        "--objects",
        str(host.objects),
        "--state",
        str(host.state),
    ]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone:
        ended = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, check=False, text=True)  # noqa: S603 - ours
    assert (ended.returncode, ended.stderr) == (2, "")
    host.probe()
    assert len(lines(capsys)) == 2


@pytest.mark.parametrize("folder", ["missing", "objects.json"])
def test_a_state_that_cannot_be_kept(host: Host, capsys: pytest.CaptureFixture[str], folder: str) -> None:
    assert main(["--objects", str(host.objects), "--state", str(host.folder / folder)]) == 2
    assert re.match(r"calipso-probe: .*: (No such file|Not a directory)", capsys.readouterr().err)


def test_a_bad_file(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.objects.write_text('{"version": 3}')
    assert host.probe() == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"calipso-probe: {host.objects}: version: found 3, expected 1")


def test_one_hung_tool_leaves_the_others(
    host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for tool in ("ovs-vsctl", "sudo"):  # the tool itself for root, else what would run it
        (host.folder / tool).write_text(f"#!/bin/sh\necho x >> {host.folder}/count; exec sleep 321\n")
        (host.folder / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{host.folder}:{os.environ['PATH']}")
    ports = [entry(n, "x", check="vnic_ovs", parameters={"device": f"tap{n}", "bridge": "br-int"}) for n in range(3, 9)]
    host.write(entry(1, "lo"), *ports)
    assert host.probe("--command-timeout", "0.3") == 0
    found = lines(capsys)
    assert [one["status"] for one in found] == [0] + [3] * 6
    assert {one["text"] for one in found[1:]} == {"could not look: ovs-vsctl did not end within 0.3 s"}
    assert (host.folder / "count").read_text() == "x\n", "once for all"


def test_prometheus(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.write(entry(1, "lo", name='a"b\\c'), entry(2, "nowhere"))
    path = host.folder / "calipso.prom"
    assert host.probe("--output", "prometheus", "--textfile", str(path)) == 0
    assert capsys.readouterr().out == ""
    text = path.read_text()
    assert (
        'calipso_check_status{environment="lab",host="cmp1",of="000000000000000000000001",kind="inventory",'
        'type="host_pnic",name="a\\"b\\\\c",check="pnic"} 0\n' in text
    )
    assert 'name="host_pnic_2",check="pnic"} 2\n' in text
    last = re.search(
        r'^calipso_probe_last_run_timestamp_seconds\{environment="lab",host="cmp1"\} (\S+)$', text, re.MULTILINE
    )
    assert last is not None
    assert abs(float(last.group(1)) - time.time()) < 60
    assert path.stat().st_mode & 0o777 == 0o644
    assert sorted(one.name for one in host.folder.iterdir()) == ["calipso.prom", "objects.json", "state"]
    with pytest.raises(SystemExit):
        host.probe("--output", "prometheus")
    assert "--textfile" in capsys.readouterr().err


def test_a_text_that_changes_at_each_run_makes_no_new_series() -> None:
    document = {"version": 1, "environment": "lab", "host": "cmp1", "checks": [entry(1, "lo")]}
    [item] = read_objects(json.dumps(document).encode(), "objects.json").items
    texts = Texts()

    def said(status: int, text: str) -> list[str]:
        return [told for _, told in texts.of([Result("lab", "cmp1", item, status, text, 0.0)])]

    assert said(2, "lost 20 %") == ["lost 20 %"]
    assert said(2, "lost 30 %") == ["lost 20 %"], "as it was when the status began"
    assert said(1, "lost 5 %") == ["lost 5 %"]
    assert said(0, "lost 0 %") == []
    assert said(1, "lost 6 %" + "x" * 500) == ["lost 6 %" + "x" * 192]


def test_one_object_as_a_nagios_plugin(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    for name, code, text in (
        ("host_pnic_1", 0, "OK: lo is up"),
        ("0" * 23 + "2", 2, "Error: there is no interface nowhere"),
        ("other", 3, "Unknown: cmp1 has no check 'other'"),
    ):
        assert host.probe("--object", name) == code
        said, last = capsys.readouterr().out.splitlines()
        assert said == text
        assert json.loads(last)["status"] == code
    host.write(entry(1, "lo"), entry(1, "nowhere", name="second"))
    assert host.probe("--object", f"{1:024x}") == 2
    said, last = capsys.readouterr().out.splitlines()
    assert said == "Error: there is no interface nowhere"
    assert [one["status"] for one in json.loads(last)["results"]] == [0, 2]
    host.objects.write_text("x")
    assert host.probe("--object", "host_pnic_1") == 3
    assert capsys.readouterr().out.startswith("Unknown: ")


def test_it_goes_on_at_an_interval_and_after_a_bad_file(host: Host) -> None:
    """The packed probe, as it runs on a host; it is followed by what it prints."""
    packed = host.folder / archive.NAME
    packed.write_bytes(archive.archive())
    command = [sys.executable, str(packed), "--objects", str(host.objects), "--state", str(host.state)]
    command += ["--interval", "0.05"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        assert process.stderr is not None
        assert [json.loads(process.stdout.readline())["status"] for _ in range(2)] == [0, 2]
        beside = host.folder / "new"
        beside.write_text("no JSON")
        beside.replace(host.objects)
        assert "is no JSON" in process.stderr.readline()
        host.write(entry(3, "lo"))
        assert json.loads(process.stdout.readline())["name"] == "host_pnic_3"
        process.terminate()
