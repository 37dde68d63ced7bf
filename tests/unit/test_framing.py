# SPDX-License-Identifier: Apache-2.0
"""The framed script: split for any possible output, and run by the shells that are installed."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calipso_nornir.sources.cli.framing import Frame, ScriptStep, end_of, frames, new_mark, script, started

MARK = "calipso-00112233445566778899aabbccddeeff"
OTHER = "calipso-ffeeddccbbaa99887766554433221100"
SHELLS = [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)]

# bytes that look like the frames themselves, of another round, or cut short
NASTY = [
    b"\n",
    b"\n\n",
    f"\n{OTHER} 0 0\n".encode(),
    f"\n{OTHER} end\n".encode(),
    b"\x00",
    b"\xff\xfe",
    MARK[:-1].encode(),
]
OUTPUT = st.one_of(
    st.binary(max_size=200), st.lists(st.one_of(st.binary(max_size=9), st.sampled_from(NASTY))).map(b"".join)
)
FRAMES = st.lists(st.builds(Frame, st.integers(0, 255), OUTPUT, OUTPUT), max_size=8)


def streams(done: list[Frame], *, noise: bytes = b"", end: bool = True) -> tuple[bytes, bytes]:
    """Return what a host sends that ran these."""
    out = [noise, f"\n{MARK} start\n".encode()]
    err = [noise, f"\n{MARK} start\n".encode()]
    for index, frame in enumerate(done):
        out += [frame.stdout, f"\n{MARK} {index} {frame.status}\n".encode()]
        err += [frame.stderr, f"\n{MARK} {index}\n".encode()]
    if end:
        out.append(end_of(MARK))
        err.append(end_of(MARK))
    return b"".join(out), b"".join(err)


def run(shell: str, text: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(shutil.which(shell)), "-s"]
    env = {"PATH": "/usr/bin:/bin", **environment}
    return subprocess.run(command, input=text.encode(), capture_output=True, check=False, timeout=60, env=env)  # noqa: S603 - a shell of ours


@given(FRAMES, st.binary(max_size=40))
def test_any_output_comes_back_byte_by_byte(done: list[Frame], noise: bytes) -> None:
    stdout, stderr = streams(done, noise=noise)
    assert frames(stdout, stderr, MARK, len(done)) == done


@given(FRAMES, st.data())
def test_a_stream_cut_anywhere_gives_whole_frames_and_nothing_else(done: list[Frame], data: st.DataObject) -> None:
    stdout, stderr = streams(done)
    cut = data.draw(st.integers(0, len(stdout)))
    found = frames(stdout[:cut], stderr, MARK, len(done))
    whole = sum(frame is not None for frame in found)
    assert found == done[:whole] + [None] * (len(done) - whole)
    # as many as have their mark in what was received
    assert whole == sum(f"\n{MARK} {n} {f.status}\n".encode() in stdout[:cut] for n, f in enumerate(done))


@given(FRAMES)
def test_stderr_that_broke_off_loses_no_stdout(done: list[Frame]) -> None:
    stdout, _ = streams(done)
    found = frames(stdout, b"", MARK, len(done))
    assert found == [Frame(frame.status, frame.stdout, b"") for frame in done]


@given(st.binary(max_size=100), st.integers(0, 5))
def test_output_without_any_mark_is_no_frame(noise: bytes, count: int) -> None:
    assert frames(noise, noise, MARK, count) == [None] * count
    assert not started(noise, MARK)


def test_marks_are_128_random_bits() -> None:
    marks = {new_mark() for _ in range(100)}
    assert len(marks) == 100
    assert all(len(mark.removeprefix("calipso-")) == 32 for mark in marks)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15, deadline=None)
@given(done=st.lists(st.builds(Frame, st.sampled_from([0, 1, 2, 3, 77, 125, 255]), OUTPUT, OUTPUT), max_size=5))
def test_a_real_shell_delivers_any_output(shell: str, done: list[Frame]) -> None:
    with TemporaryDirectory() as folder:
        steps = []
        for index, frame in enumerate(done):
            out, err = Path(folder, f"{index} out"), Path(folder, f"{index}'err")
            out.write_bytes(frame.stdout)
            err.write_bytes(frame.stderr)
            text = f"cat {shlex.quote(str(out))}; cat {shlex.quote(str(err))} >&2; exit {frame.status}"
            steps.append(ScriptStep((text,), 20))
        ended = run(shell, script(steps, MARK))
    assert frames(ended.stdout, ended.stderr, MARK, len(done)) == done
    assert ended.stdout.endswith(end_of(MARK))
    assert ended.stderr.endswith(end_of(MARK))


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_text_holds_cannot_reach_beyond_it(shell: str) -> None:
    texts = [
        "echo 'open",
        "exit 9",
        ") ; }",
        "-c",
        "kill -9 $$",
        "cat",
        "exec 1>&2; echo moved",
        'echo "$calipso_mark"',
        "true\nexit 4",
    ]
    ended = run(shell, script([ScriptStep((text,), 10) for text in [*texts, "echo still here"]], MARK))
    found = frames(ended.stdout, ended.stderr, MARK, len(texts) + 1)
    assert all(found)
    by_text = dict(zip([*texts, "last"], found, strict=True))
    statuses = {text: frame.status for text, frame in by_text.items() if frame is not None}
    assert statuses["exit 9"] == 9
    assert statuses["echo 'open"] == 2
    assert statuses["-c"] == 127
    assert statuses["kill -9 $$"] == 137
    assert statuses["true\nexit 4"] == 4
    assert by_text["cat"] == Frame(0, b"", b"")  # standard input is /dev/null, not the script
    assert by_text["exec 1>&2; echo moved"] == Frame(0, b"", b"moved\n")
    assert by_text['echo "$calipso_mark"'] == Frame(0, b"\n", b"")  # the mark is not for the commands
    assert by_text["last"] == Frame(0, b"still here\n", b"")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_hanging_command_is_stopped_and_the_next_one_runs(shell: str) -> None:
    steps = [
        ScriptStep(("echo before; sleep 60",), 1),
        ScriptStep(("trap '' TERM; sleep 60; sleep 60",), 1),
        ScriptStep(("echo next",), 5),
    ]
    ended = run(shell, script(steps, MARK))
    first, stubborn, following = frames(ended.stdout, ended.stderr, MARK, 3)
    assert first == Frame(124, b"before\n", b"")
    assert stubborn is not None
    assert stubborn.status == 137
    assert following == Frame(0, b"next\n", b"")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_environment_is_the_same_on_every_host(shell: str) -> None:
    text = 'echo "$LC_ALL $LANG"; echo "$PATH"; umask; pwd'
    ended = run(shell, script([ScriptStep((text,), 5)], MARK), LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8")
    (frame,) = frames(ended.stdout, ended.stderr, MARK, 1)
    assert frame is not None
    locale, path, umask, _ = frame.stdout.decode().splitlines()
    assert locale == "C C"
    assert path == "/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"  # what was there goes first
    assert umask == "0077"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_host_without_timeout_still_answers(shell: str, tmp_path: Path) -> None:
    for name in ("sh", "id", "cat", "true"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    text = script([ScriptStep(("cat /etc/hostname; exit 3",), 5), ScriptStep(("timeout 1 true",), 5)], MARK)
    text = text.replace(":/usr/local/sbin:/usr/sbin:/sbin", "")  # where a merged /usr has timeout as well
    ended = run(shell, text, PATH=str(tmp_path))
    first, second = frames(ended.stdout, ended.stderr, MARK, 2)
    assert first == Frame(3, Path("/etc/hostname").read_bytes(), b"")
    assert second is not None
    assert second.status == 127  # it is really missing


def test_half_a_script_runs_nothing(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    text = script([ScriptStep((f"touch {witness}",), 5), ScriptStep(("true",), 5)], MARK)
    for cut in range(0, text.index("calipso_round </dev/null"), 7):
        run("sh", text[:cut])
    assert not witness.exists()
    run("sh", text)
    assert witness.exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_several_texts_of_one_step_are_joined(shell: str) -> None:
    steps = [ScriptStep(("echo 'a b'", "sh -c 'exit 7'", "echo c"), 5), ScriptStep(("echo a", "echo b"), 5)]
    ended = run(shell, script(steps, MARK))
    assert frames(ended.stdout, ended.stderr, MARK, 2) == [Frame(7, b"a b\nc\n", b""), Frame(0, b"a\nb\n", b"")]


def test_a_command_that_never_ends_its_line_and_one_that_says_nothing() -> None:
    ended = run(
        "sh", script([ScriptStep(("printf x",), 5), ScriptStep(("true",), 5), ScriptStep(("printf '\\n'",), 5)], MARK)
    )
    assert frames(ended.stdout, ended.stderr, MARK, 3) == [
        Frame(0, b"x", b""),
        Frame(0, b"", b""),
        Frame(0, b"\n", b""),
    ]


def test_a_script_longer_than_any_argument_may_be() -> None:
    steps = [ScriptStep((f"echo {n} {'x' * 300}",), 5) for n in range(400)]
    text = script(steps, MARK)
    assert len(text) > 128 * 1024  # MAX_ARG_STRLEN of execve(2)
    ended = run("sh", text)
    found = frames(ended.stdout, ended.stderr, MARK, 400)
    assert [frame and int(frame.stdout.split()[0]) for frame in found] == list(range(400))


def test_no_mark_shows_in_the_process_list() -> None:
    ended = run("sh", script([ScriptStep(("ps -eo args",), 5)], MARK))
    (frame,) = frames(ended.stdout, ended.stderr, MARK, 1)
    assert frame is not None
    assert b"ps -eo args" in frame.stdout
    assert MARK.encode() not in frame.stdout
