# SPDX-License-Identifier: Apache-2.0
"""The installed ``calipso`` as a process: exit status, pipes, signals, terminals, closed and full outputs."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import yaml

from calipso_nornir import resources
from tests.fixtures import needs
from tests.fixtures.cli import program
from tests.fixtures.recorded import bundle, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.chaos

PATIENCE_S = 30
ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(rb"\x1b\[(?:\d+;)*3\dm")


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    """SIGHUP ends programs that these tests start, even if nohup has started the tests: it is ignored then."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("recording") / "ovs.calipso")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, recording: Path) -> Path:
    return filled(tmp_path_factory.mktemp("store") / "s.db", recording)


def environ(**more: str) -> dict[str, str]:
    dropped = ("CALIPSO", "COLUMNS", "NO_COLOR", "TERM", "PYTHONWARNINGS")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    return {**kept, "TERM": "xterm", **more}


def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401 - subprocess's
    command = [program(), *(str(one) for one in arguments)]
    given = {"stdin": subprocess.DEVNULL, "timeout": PATIENCE_S, "env": environ(), **options}
    if "stdout" not in given:
        given |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run(command, check=False, **given)  # noqa: S603 - our own program


def on_terminal(*arguments: str | Path, typed: bytes = b"", **variables: str) -> tuple[int, bytes]:
    """Run on a pseudo terminal, type something when it asks, and return status and all that was shown."""
    ours, theirs = pty.openpty()
    command = [program(), *(str(one) for one in arguments)]
    process = subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ(**variables), start_new_session=True
    )
    os.close(theirs)
    shown, sent, until = b"", False, time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    chunk = os.read(ours, 65536)
                except OSError:  # EIO: the other end is closed (pty(7))
                    break
                shown += chunk
            if typed and not sent and b"[y/N]" in shown:
                os.write(ours, typed)
                sent = True
        return process.wait(PATIENCE_S), shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)


# --- exit status


def test_exit_status(tmp_path: Path, recording: Path, store: Path) -> None:
    partly = bundle(tmp_path / "partly.calipso", whole=False)
    assert run("--store", store, "tree").returncode == 0
    assert run("--store", tmp_path / "a.db", "replay", recording).returncode == 0
    assert run("--store", tmp_path / "b.db", "replay", partly).returncode == 3
    assert run("--store", tmp_path / "c.db", "replay", store).returncode == 1
    assert run("--store", store, "tree", "prod").returncode == 2
    assert run("--store", store, "tree", "--nonesuch").returncode == 2


def test_data_stands_alone_on_standard_output(tmp_path: Path, recording: Path) -> None:
    done = run("--store", tmp_path / "a.db", "replay", recording, "-o", "yaml")
    assert yaml.safe_load(done.stdout)["status"] == "completed"
    assert done.stderr


def test_what_is_suggested_works_when_it_is_pasted(tmp_path: Path, recording: Path) -> None:
    both = filled(tmp_path / "two stores.db", bundle(tmp_path / "lb.calipso", "lb", name="lb"))
    done = run("--store", both, "replay", recording)
    steps = [line.removeprefix("next  ") for line in done.stdout.decode().splitlines() if line.startswith("next  ")]
    shown = run("--store", both, "show", "web-1", "-e", "lab").stdout.decode().splitlines()[-1]
    for step in (*steps, shown.removeprefix("evidence: ")):
        pasted = subprocess.run(step, shell=True, check=False, capture_output=True, env=environ(), timeout=PATIENCE_S)  # noqa: S602 - as a user does
        assert pasted.returncode == 0, (step, pasted.stderr)
    assert len(steps) == 3


# --- outputs that end early


def test_a_broken_pipe_is_silent(store: Path) -> None:
    for arguments in (["tree"], ["export"], ["links", "-o", "json"], ["show", "web-1"]):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = run("--store", store, *arguments, stdout=writing, stderr=subprocess.PIPE)
        finally:
            os.close(writing)
        assert done.stderr == b"", arguments
        assert done.returncode == 141, arguments


def test_head_sees_what_it_wants(store: Path) -> None:
    shell = f"{program()} --store {store} tree | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(  # noqa: S603 - a test's own words
        ["/bin/bash", "-c", shell], check=False, capture_output=True, env=environ(), timeout=PATIENCE_S
    )
    assert done.stdout.decode().splitlines()[0] == "lab  environment"
    assert done.stderr == b""


def test_a_full_disk_is_told(store: Path) -> None:
    for arguments in (["tree"], ["export"]):
        with Path("/dev/full").open("wb") as full:
            done = run("--store", store, *arguments, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 1
        assert done.stderr == b"calipso: No space left on device\n"


@needs.root("only root can mount a small file system")
def test_a_full_disk_below_the_store_is_told(tmp_path: Path) -> None:
    disk, recorded = tmp_path / "disk", resources.data("demo") / "ovs.calipso"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", disk], check=True)  # noqa: S603, S607 - of this test
    try:
        for name in ("s.db", "s.db", "another.db"):
            done = run("--store", disk / name, "replay", recorded)
            assert done.returncode == 1
            assert done.stdout == b""
            last = done.stderr.decode().splitlines()[-1]
            assert last.startswith(f"calipso: store sqlite:///{disk / name} is full")
            assert "Traceback" not in done.stderr.decode()
        subprocess.run(["mount", "-o", "remount,size=100m", disk], check=True)  # noqa: S603, S607 - as above
        assert run("--store", disk / "s.db", "replay", recorded).returncode == 0
    finally:
        subprocess.run(["umount", disk], check=True)  # noqa: S603, S607 - as above


def test_a_closed_output_is_no_crash(store: Path) -> None:
    shell = f"exec {program()} --store {store} tree 1>&-"
    done = subprocess.run(["/bin/sh", "-c", shell], check=False, capture_output=True, env=environ())  # noqa: S603
    assert done.returncode == 0
    assert done.stderr == b""


def test_without_unicode_there_are_escapes(store: Path) -> None:
    done = run("--store", store, "tree", "--depth", "1", env=environ(PYTHONIOENCODING="ascii"))
    assert done.returncode == 0
    assert b"|- Projects" in done.stdout
    exported = run("--store", store, "export", env=environ(PYTHONIOENCODING="ascii"))
    assert yaml.safe_load(exported.stdout)["environment"] == "lab"


# --- terminals


def test_a_terminal_gets_a_live_line_and_colours(tmp_path: Path, recording: Path) -> None:
    status, shown = on_terminal("--store", tmp_path / "s.db", "replay", recording)
    assert status == 0
    assert b"\x1b[?25l" in shown  # DECTCEM: the live line hides the cursor, and gives it back
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")
    assert COLOUR.search(shown)
    assert b"completed" in ESCAPE.sub(b"", shown)


def test_no_color_is_respected(store: Path) -> None:
    assert COLOUR.search(on_terminal("--store", store, "tree")[1])
    assert not COLOUR.search(on_terminal("--store", store, "tree", NO_COLOR="1")[1])
    assert not ESCAPE.search(on_terminal("--store", store, "tree", TERM="dumb")[1])
    assert not ESCAPE.search(run("--store", store, "tree").stdout)


def test_tables_are_folded_to_a_terminal_and_nowhere_else(store: Path) -> None:
    arguments = ("--store", store, "list", "instance", "-o", "wide")
    piped = run(*arguments).stdout.decode().splitlines()
    assert max(map(len, piped)) > 100
    shown = ESCAPE.sub(b"", on_terminal(*arguments, COLUMNS="70")[1]).decode().splitlines()
    assert max(map(len, shown)) <= 70
    assert len(shown) > len(piped)
    ids = [word for word in piped[1].split() if len(word) == 36]
    folded = "".join("".join(line.split()) for line in shown)
    assert ids
    assert "web-1" in folded


def test_a_live_line_without_unicode_is_ascii(tmp_path: Path, recording: Path) -> None:
    arguments = ("--store", tmp_path / "s.db", "replay", recording)
    status, shown = on_terminal(*arguments, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert status == 0
    assert ESCAPE.sub(b"", shown).isascii()
    assert rb"\u28" not in shown  # the braille of a spinner


def test_data_has_no_colours_on_a_terminal_either(store: Path) -> None:
    _, shown = on_terminal("--store", store, "show", "web-1", "-o", "json")
    assert not ESCAPE.search(shown)
    assert yaml.safe_load(shown.decode())["name"] == "web-1"


def test_clear_all_asks(tmp_path: Path, recording: Path) -> None:
    path = filled(tmp_path / "s.db", recording)
    other = bundle(tmp_path / "other.calipso", "lb", name="other")
    arguments = ("--store", path, "scan", "--replay", other, "--clear_all")
    status, shown = on_terminal(*arguments, typed=b"n\n")
    assert status == 2
    assert b"Remove all objects, links and cliques of lab? [y/N]" in ESCAPE.sub(b"", shown)
    assert run("--store", path, "tree", "lab").returncode == 0
    status, shown = on_terminal(*arguments, typed=b"y\n")
    assert status == 0
    assert run("--store", path, "search", "web-1", "-e", "lab").stdout == b""


# --- signals


@contextmanager
def silent_server() -> Iterator[int]:
    """A port that accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def description(path: Path, port: int) -> Path:
    section = {"name": "OpenStack", "auth_url": f"http://127.0.0.1:{port}/v3", "user": "u", "pwd": {"env": "PWD"}}
    path.write_text(yaml.safe_dump({"name": "silent", "mechanism_drivers": ["OVS"], "configuration": [section]}))
    return path


@pytest.mark.parametrize(
    ("command", "number"),
    [("scan", signal.SIGINT), ("twice", signal.SIGINT), ("record", signal.SIGTERM), ("scan", signal.SIGHUP)],
)
def test_a_signal_ends_a_scan_that_waits_and_nothing_is_left(tmp_path: Path, number: int, command: str) -> None:
    """Once it tidies up; a second one, as of who is impatient, ends it at once."""
    for name in ("temporary", "recordings"):
        (tmp_path / name).mkdir()
    recording = tmp_path / "recordings" / "r.calipso"
    recording.write_bytes(b"the one of before")
    with silent_server() as port:
        file, path = description(tmp_path / "silent.yaml", port), tmp_path / "s.db"
        verb = ["record", str(file), str(recording)] if command == "record" else ["scan", str(file)]
        process = subprocess.Popen(  # noqa: S603 - our own program
            [program(), "--store", str(path), *verb],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ(TMPDIR=str(tmp_path / "temporary")),
        )
        try:
            _until_connected(process, port)
            began = time.monotonic()
            for _ in range(2 if command == "twice" else 1):
                process.send_signal(number)
                time.sleep(0.2)
            out, err = process.communicate(timeout=PATIENCE_S)
            took = time.monotonic() - began
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 128 + number
    assert out == b""
    assert b"Traceback" not in err
    assert took < 10  # the server would keep it for ever
    if command == "record":
        assert [one.name for one in (tmp_path / "recordings").iterdir()] == ["r.calipso"]
        assert recording.read_bytes() == b"the one of before"
        assert list((tmp_path / "temporary").iterdir()) == []
    elif command == "scan":
        (noted,) = yaml.safe_load(run("--store", path, "scans", "-o", "yaml").stdout)
        assert noted["status"] == "aborted"
    else:
        assert run("--store", path, "env", "list").returncode == 0  # the store is whole


def test_hanging_up_is_ignored_under_nohup(tmp_path: Path) -> None:
    with silent_server() as port:
        command = [program(), "--store", str(tmp_path / "s.db"), "scan", str(description(tmp_path / "s.yaml", port))]
        process = subprocess.Popen(  # noqa: S603 - our own program
            ["/usr/bin/nohup", *command], stdin=subprocess.DEVNULL, stdout=-1, stderr=-1, env=environ()
        )
        try:
            _until_connected(process, port)
            process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("delay_s", [0.0, 0.2])
def test_an_interrupt_at_the_start_shows_no_traceback(store: Path, delay_s: float) -> None:
    """While modules are imported; what the interpreter itself does before is not ours."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [program(), "--store", str(store), "tree"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ()
    )
    _until_caught(process, signal.SIGTERM)
    time.sleep(delay_s)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode in (0, 130, -signal.SIGINT)
    assert b"Traceback" not in err


def _until_caught(process: subprocess.Popen[bytes], number: int) -> None:
    """Wait until a process handles a signal that Python itself does not (proc_pid_status(5), SigCgt)."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
        (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
        if int(caught, 16) >> (number - 1) & 1:
            return
        time.sleep(0.005)
    pytest.fail("it never handled the signal")


def _until_connected(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if any(one.raddr and one.raddr.port == port for one in psutil.Process(process.pid).net_connections()):
            return
        time.sleep(0.05)
    pytest.fail("the scan never began to ask")


# --- secrets


def test_the_password_of_a_mongo_config_is_in_no_process_list(tmp_path: Path) -> None:
    config = tmp_path / "mongo.conf"
    config.write_text("host 127.0.0.1\nport 1\nuser u\npwd c4n4ry\n")
    config.chmod(0o600)
    process = subprocess.Popen(  # noqa: S603 - our own program
        [program(), "scan", "-m", str(config), "-e", "x"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ()
    )
    try:
        time.sleep(1)
        seen = psutil.Process(process.pid)
        assert "c4n4ry" not in " ".join(seen.cmdline())
        assert "c4n4ry" not in str(seen.environ())
    finally:
        process.kill()
        out, err = process.communicate()
    assert b"c4n4ry" not in out + err
