# SPDX-License-Identifier: Apache-2.0
"""Recordings: they are read back as written, damage is reported, and they contain no secrets."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calipso_nornir.errors import (
    ApiFailed,
    BundleInvalid,
    CalipsoError,
    CommandFailed,
    CommandMissing,
    EnvironmentInvalid,
    Fault,
    HostUnreachable,
    NotAuthenticated,
    NotRecorded,
    ParseError,
    RecordingFailed,
    SecretUnavailable,
    ViewRestricted,
)
from calipso_nornir.metadata.environments import read_environment
from calipso_nornir.model.environment import Environment, SecretRef
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, Lookup, Query, Select
from calipso_nornir.sources import bundle
from calipso_nornir.sources.recording import RecordingSource, ReplaySource, bundle_info
from calipso_nornir.sources.secrets import Vault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOW = datetime(2026, 11, 22, 14, 44, 2, 123456, tzinfo=UTC)
CANARY = 'c4n4ry "Xy7"'
ENVIRONMENT = read_environment(
    {
        "name": "lab",
        "mechanism_drivers": ["OVS"],
        "configuration": [
            {"name": "OpenStack", "auth_url": "https://c:5000/v3", "user": "admin", "pwd": "env:OS_PASSWORD"},
            {"name": "CLI", "user": "root", "hosts": {"cmp1": {"pwd": {"file": "/etc/pw"}}}},
        ],
    },
    where="lab.yml",
)
PORTS = ApiGet("network", "/ports", "ports", (("fields", "id"),), region="One")
ROWS = Select("nova", "SELECT host FROM instances WHERE id = %s AND host = %s", (1, "cmp1"))
SHOW = Command("cmp1", "ip -j address", parser="ip_address_json", timeout_s=20, root=True)
MISSING = Command("cmp2", "lldpctl", optional=True)
RESTRICTED = ViewRestricted("u", "p", ("member",), ("admin",))

ANSWERS: dict[Query, Reply | CalipsoError] = {
    PORTS: Reply([{"id": "p1", "binding:profile": {}, "😀": [None, 1.5, True]}], NOW, RESTRICTED),
    ROWS: Reply([], NOW),
    SHOW: Reply("1: lo\n\\xff\x00\ttail", NOW + timedelta(seconds=1)),
    MISSING: CommandMissing("cmp2", "lldpctl", 127, "not found"),
}


class Canned:
    """A source that answers from a mapping."""

    def __init__(self, answers: Mapping[Query, Reply | CalipsoError]) -> None:
        self.answers = dict(answers)
        self.closed = 0

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer from the mapping."""
        return {query: self.answers[query] for query in queries}

    def close(self) -> None:
        """Count."""
        self.closed += 1


def record(
    path: Path,
    answers: Mapping[Query, Reply | CalipsoError] = ANSWERS,
    *,
    vault: Vault | None = None,
    environment: Environment = ENVIRONMENT,
    note: str = "",
) -> None:
    scrub = (vault or Vault()).scrub
    source = RecordingSource(Canned(answers), path, environment=environment, scrub=scrub, note=note)
    for query in answers:
        source.answer([query])
    source.complete()
    source.close()


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def rewrite(path: Path, content: list[Any], *, trailer: bool = True) -> None:
    """Write a bundle with these lines; a right trailer makes only the content strange."""
    raw = b"".join(json.dumps(line).encode() + b"\n" for line in content)
    if trailer:
        end = {"count": len(content) - 1, "sha256": hashlib.sha256(raw).hexdigest()}
        raw += json.dumps(end).encode() + b"\n"
    path.write_bytes(gzip.compress(raw))


def test_a_recording_gives_back_what_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "lab.calipso"
    record(path)
    replay = ReplaySource(path)
    assert replay.answer(list(ANSWERS)) == ANSWERS
    assert replay.answer(list(ANSWERS)) == ANSWERS, "again and again"
    other = Command("cmp1", "ip -j address", parser=None, timeout_s=20, root=True, optional=True)
    assert replay.answer([other])[other] == ANSWERS[SHOW], "who reads the answer does not matter"
    grown = Command("cmp1", "ip -j -d -s address", timeout_s=20, root=True, formerly="ip -j address")
    assert replay.answer([grown])[grown] == ANSWERS[SHOW], "asked for more, and told what there is"
    assert "formerly" not in bundle.query_to_json(grown)
    late = Command("cmp1", "ip -j address", timeout_s=21, root=True)
    assert replay.answer([late])[late] == NotRecorded("ip -j address", str(path))
    replay.close()


def test_the_environment_comes_along_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "b"
    record(path)
    environment = ReplaySource(path).environment
    assert environment.name == "lab"
    assert environment.mechanism_drivers == ("OVS",)
    assert environment.configuration == {}
    assert environment.extra == {"recorded": bundle_info(path).sha256}
    text = gzip.decompress(path.read_bytes()).decode()
    assert "OS_PASSWORD" not in text
    assert "/etc/pw" not in text


ROOT = Path(__file__).parents[2]
OURS = [*ROOT.glob("calipso_nornir/_data/demo/*.calipso"), *ROOT.glob("tests/lab/recorded/*.calipso")]


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_our_own_recordings_say_nothing_of_the_machine_that_made_them(path: Path) -> None:
    header = bundle.Reader(path).header
    assert "configuration" not in header["environment"]
    assert not [text for text in json.dumps(header).split('"') if text.startswith(("/", "~"))]


def test_secrets_are_blotted_out_everywhere(tmp_path: Path) -> None:
    vault = Vault(environ={"PW": CANARY})
    vault.resolve(SecretRef("env", "PW"))
    path = tmp_path / "b"
    answers: dict[Query, Reply | CalipsoError] = {
        Command("cmp1", f"echo {CANARY}"): Reply(f"pw {CANARY}\n", NOW),
        PORTS: Reply([{CANARY: CANARY}], NOW, ViewRestricted(CANARY, "p", (CANARY,), ())),
        SHOW: CommandFailed("cmp1", "x", 1, f"bad {CANARY}"),
    }
    environment = Environment(name="x", extra={"note": CANARY})
    record(path, answers, vault=vault, environment=environment, note=f"note {CANARY}")
    text = gzip.decompress(path.read_bytes()).decode()
    assert "c4n4ry" not in text
    assert text.count("***") == 9
    assert len(ReplaySource(path).answer([PORTS, SHOW])) == 2


def test_a_secret_that_is_a_word_of_the_format_does_not_break_it(tmp_path: Path) -> None:
    vault = Vault()
    for word in ("cli", "api", "query", "reply", "CommandFailed", "host", "data"):
        vault.remember(word)
    path = tmp_path / "b"
    record(path, {PORTS: ANSWERS[PORTS], SHOW: CommandFailed("cmp1", "x", 1, "host")}, vault=vault)
    replayed = ReplaySource(path).answer([PORTS, SHOW])
    assert replayed[PORTS] == ANSWERS[PORTS]
    assert replayed[SHOW] == CommandFailed("cmp1", "x", 1, "***")


def test_lookups_are_the_scans_own_and_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "b"
    lookup = Lookup("host")
    record(path, {lookup: Reply([], NOW), ROWS: ANSWERS[ROWS]})
    assert len(lines(path)) == 3
    assert isinstance(ReplaySource(path).answer([lookup])[lookup], NotRecorded)


@pytest.mark.parametrize(
    "error",
    [
        ApiFailed("network", "/ports", 503, "down"),
        NotAuthenticated("u", "admin", "no"),
        HostUnreachable("cmp1", "192.0.2.1", "refused"),
        ParseError("json", "bad", 3, "line", "query", "host"),
        SecretUnavailable("env:X", "not set"),
        EnvironmentInvalid((Fault("a", "b"), Fault("c", "d"))),
        RESTRICTED,
    ],
)
def test_errors_come_back_as_what_they_were(tmp_path: Path, error: CalipsoError) -> None:
    path = tmp_path / "b"
    record(path, {ROWS: error})
    replayed = ReplaySource(path).answer([ROWS])[ROWS]
    assert type(replayed) is type(error)
    assert replayed == error
    assert str(replayed) == str(error)


def test_the_same_question_again_gets_its_answers_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "b"
    inner = Canned({ROWS: HostUnreachable("c", "a", "x")})
    source = RecordingSource(inner, path, environment=ENVIRONMENT, scrub=Vault().scrub)
    source.answer([ROWS])
    inner.answers[ROWS] = Reply([1], NOW)
    source.answer([ROWS])
    source.complete()
    source.close()
    replay = ReplaySource(path)
    assert isinstance(replay.answer([ROWS])[ROWS], HostUnreachable)
    for _ in range(3):
        assert replay.answer([ROWS])[ROWS] == Reply([1], NOW)


def test_equal_content_gives_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=lambda _zone: NOW)
    monkeypatch.setattr("calipso_nornir.sources.recording.datetime", clock)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        record(tmp_path / name / f"{name}.calipso")
    assert (tmp_path / "one/one.calipso").read_bytes() == (tmp_path / "two/two.calipso").read_bytes()


def test_the_file_appears_when_it_is_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "b"
    path.write_bytes(b"an older one")
    inner = Canned(ANSWERS)
    source = RecordingSource(inner, path, environment=ENVIRONMENT, scrub=Vault().scrub)
    source.answer(list(ANSWERS))
    assert path.read_bytes() == b"an older one"
    source.complete()
    source.close()
    source.close()
    assert bundle_info(path).exchanges == {"api": 1, "cli": 2, "db": 1}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["b"]
    assert inner.closed == 2


@pytest.mark.parametrize("older", [None, b"an older one"])
def test_a_recording_that_was_not_completed_leaves_what_was_there(tmp_path: Path, older: bytes | None) -> None:
    """Whatever ended it: half a recording with a valid trailer would be taken for all of the cloud."""
    path = tmp_path / "b"
    if older is not None:
        path.write_bytes(older)
    inner = Canned(ANSWERS)
    source = RecordingSource(inner, path, environment=ENVIRONMENT, scrub=Vault().scrub)
    source.answer([PORTS])
    source.close()
    assert [one.read_bytes() for one in tmp_path.iterdir()] == ([] if older is None else [older])
    assert inner.closed == 1


def test_it_is_made_final_even_when_the_inner_source_cannot_close(tmp_path: Path) -> None:
    class Stuck(Canned):
        def close(self) -> None:
            raise OSError("stuck")

    source = RecordingSource(Stuck(ANSWERS), tmp_path / "b", environment=ENVIRONMENT, scrub=Vault().scrub)
    source.answer([ROWS])
    source.complete()
    with pytest.raises(OSError, match="stuck"):
        source.close()
    assert bundle_info(tmp_path / "b").errors == 0


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "b", tmp_path / "file" / "b"):
        (tmp_path / "file").touch()
        with pytest.raises(RecordingFailed, match=r"cannot be written: (No such file|Not a directory)"):
            RecordingSource(Canned({}), path, environment=ENVIRONMENT, scrub=Vault().scrub)


def test_a_disk_that_fills_up_stops_the_recording_and_not_the_scan(tmp_path: Path) -> None:
    """In a process of its own, with a limit on the size of files: the system then refuses to write on."""
    path = tmp_path / "b"
    code = (
        "import os, resource, signal, sys\n"
        "from tests.unit.test_recording import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "noise = {Command('h', str(n)): Reply(os.urandom(50_000).hex(), NOW) for n in range(20)}\n"
        "source = RecordingSource(Canned(noise), sys.argv[1], environment=ENVIRONMENT, scrub=Vault().scrub)\n"
        "assert all(source.answer([query]) == {query: reply} for query, reply in noise.items())\n"
        "source.complete()\n"
        "source.close()\n"
        "print(source.failure)\n"
    )
    command = [sys.executable, "-W", "error", "-c", code, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - code of ours
    assert run.returncode == 0, run.stderr
    assert "the recording cannot be written: File too large" in run.stdout
    assert "Exception ignored" not in run.stderr
    assert not list(tmp_path.iterdir()), "no half file is left"


def test_what_a_bundle_says_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "b"
    record(path, note="slow network since Monday")
    info = bundle_info(path)
    assert info.environment == info.description["name"] == "lab"
    assert info.secrets == ()
    assert info.note == "slow network since Monday"
    assert info.exchanges == {"api": 1, "cli": 2, "db": 1}
    assert info.errors == 1
    assert info.hosts == ("cmp1", "cmp2")
    assert info.version == 1
    assert datetime.fromisoformat(info.recorded_at).tzinfo is not None
    assert len(info.sha256) == 64


def problem_of(path: Path) -> str:
    with pytest.raises(BundleInvalid) as caught:
        ReplaySource(path)
    assert caught.value.path == str(path)
    return caught.value.problem


def test_files_that_are_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "b"
    assert problem_of(path) == "cannot be read: No such file or directory"
    assert problem_of(tmp_path) == "cannot be read: Is a directory"
    path.write_bytes(b"")
    assert "is cut short" in problem_of(path)
    path.write_bytes(b"name: lab\n")
    assert problem_of(path) == "is not a recording: it is not a gzip file"
    path.write_bytes(gzip.compress(b"hello\n"))
    assert problem_of(path) == "is not a recording: line 1 is not a JSON object"
    path.write_bytes(gzip.compress(b'{"format": "tar"}\n'))
    assert "does not name the format" in problem_of(path)
    path.write_bytes(gzip.compress(b'{"format": "calipso-bundle", "version": 2}\n'))
    assert problem_of(path) == "is of format version 2, this release reads version 1"


def test_recordings_that_were_damaged_or_changed(tmp_path: Path) -> None:
    path = tmp_path / "b"
    record(path)
    raw, content = path.read_bytes(), lines(path)
    rewrite(path, content[:-1], trailer=False)
    assert "its last line is missing" in problem_of(path)
    rewrite(path, [content[0], *content[2:]], trailer=False)
    assert problem_of(path) == "has 3 exchanges, but its trailer says 4"
    content[3]["reply"] = {"data": "forged"}
    rewrite(path, content, trailer=False)
    assert "was changed after it was recorded" in problem_of(path)
    path.write_bytes(raw + gzip.compress(b'{"x": 1}\n'))
    assert "comes after the trailer" in problem_of(path)
    path.write_bytes(raw[:-12])
    assert "is cut short" in problem_of(path)


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"query": {}},
        {"query": {"source": "snmp"}, "reply": {"data": 1}, "at": "2026-11-22T00:00:00+00:00"},
        {"query": {"source": "db", "database": "nova"}, "reply": {"data": 1}, "at": "2026-11-22T00:00:00+00:00"},
        {"query": {"source": "db", "database": "n", "sql": {}}, "reply": {"data": 1}, "at": "2026-11-22T00:00:00Z"},
        {"query": {"source": "db", "database": "n", "sql": "s"}, "reply": {"data": 1}, "at": "yesterday"},
        {"query": {"source": "db", "database": "n", "sql": "s"}, "reply": {"data": 1}, "at": 5},
        {"query": {"source": "db", "database": "n", "sql": "s"}, "reply": {}, "at": "2026-11-22T00:00:00Z"},
        {"query": {"source": "db", "database": "n", "sql": "s"}, "reply": 1, "at": "0001-01-01T00:00:00+14:00"},
        {"query": {"source": "db", "database": "n", "sql": "s"}, "error": {"error": "SystemExit"}, "at": "x"},
        {
            "query": {"source": "db", "database": "n", "sql": "s"},
            "error": {"error": "StoreFull", "uri": "", "cause": ""},
        },
        {"query": {"source": "db", "database": "n", "sql": "s"}, "error": {"error": "ApiFailed", "x": 1}},
        {"query": {"source": "db", "database": "n", "sql": "s"}, "error": {"error": "MetadataError", "faults": [5]}},
        {
            "query": {"source": "db", "database": "n", "sql": "s"},
            "error": {"error": "CommandFailed", "host": "h", "command": "c", "status": 1, "stderr": 5},
        },
        {"query": {"source": "db", "database": "n", "sql": "s"}, "error": "boom"},
    ],
)
def test_lines_that_this_release_does_not_know(tmp_path: Path, line: Any) -> None:  # noqa: ANN401 - JSON
    path = tmp_path / "b"
    record(path)
    rewrite(path, [lines(path)[0], line])
    assert "line 2 is not an exchange that this release knows" in problem_of(path)


@pytest.mark.parametrize("environment", [None, 5, {}, {"name": "a/b"}, {"name": "x", "my_token": {"env": "HOME"}}])
def test_environments_that_cannot_be_one(tmp_path: Path, environment: Any) -> None:  # noqa: ANN401 - JSON
    path = tmp_path / "b"
    record(path)
    rewrite(path, [{**lines(path)[0], "environment": environment}])
    assert "environment" in problem_of(path)


def forged(path: Path, *exchanges: bytes, header: bytes = b"") -> Path:
    """Write a bundle of these lines whose trailer is right."""
    first = header or bundle.line_of({"format": bundle.FORMAT, "version": 1, "environment": {"name": "x"}})
    raw = first + b"".join(exchanges)
    trailer = {"count": len(exchanges), "sha256": hashlib.sha256(raw).hexdigest()}
    path.write_bytes(gzip.compress(raw + bundle.line_of(trailer), compresslevel=1))
    return path


def exchange(data: bytes, sql: str = "s", number: int = 0) -> bytes:
    query = json.dumps({"source": "db", "database": str(number), "sql": sql}).encode()
    return b'{"query":' + query + b',"reply":{"data":' + data + b'},"at":"2026-11-22T00:00:00+00:00"}\n'


@pytest.mark.parametrize(
    ("limits", "bomb"),
    [
        ({"MAX_LINE_BYTES": 1 << 20}, {"exchanges": [exchange(b'"' + b"x" * (2 << 20) + b'"')]}),
        (
            {"MAX_LINE_BYTES": 1 << 20, "MAX_BYTES": 3 << 20},
            {"exchanges": [exchange(b'"' + b"x" * 999999 + b'"')] * 4},
        ),
        ({"MAX_VALUES": 10_000}, {"exchanges": [exchange(b"[" + b"[]," * 5_000 + b"0]")]}),
        ({"MAX_VALUES": 10_000}, {"exchanges": [exchange(b"[" * 10_000 + b"]" * 10_000)]}),
        ({"MAX_VALUES": 10_000}, {"exchanges": [exchange(b'[{"a":' * 5_000 + b"0" + b"}]" * 5_000)]}),
        ({"MAX_HEADER_BYTES": 1 << 20}, {"header": b'{"note":"' + b"x" * (2 << 20) + b'"}\n', "exchanges": []}),
    ],
)
def test_a_small_file_that_would_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, int], bomb: dict[str, Any]
) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(bundle, name, value)
    path = forged(tmp_path / "b", *bomb["exchanges"], header=bomb.get("header", b""))
    assert path.stat().st_size < 50_000
    assert "exceeds the maximum size of a recording" in problem_of(path)


def test_more_exchanges_or_longer_questions_than_a_recording_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "MAX_EXCHANGES", 5)
    monkeypatch.setattr(bundle, "MAX_QUERY_CHARS", 100)
    assert "more than 5 exchanges" in problem_of(forged(tmp_path / "b", *[exchange(b"1")] * 6))
    assert "more than 100 characters" in problem_of(forged(tmp_path / "b", exchange(b"1", "x" * 101)))
    source = RecordingSource(Canned(ANSWERS), tmp_path / "c", environment=ENVIRONMENT, scrub=Vault().scrub)
    for _ in range(6):
        source.answer([ROWS])
    assert "more than 5 queries" in str(source.failure)
    source.close()
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


def test_what_no_reader_would_take_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MAX_LINE_BYTES", 1000)
    path = tmp_path / "b"
    record(path, {ROWS: Reply("x" * 1000, NOW), SHOW: ANSWERS[SHOW]})
    replayed = ReplaySource(path).answer([ROWS, SHOW])
    assert replayed == {ROWS: NotRecorded(str(ROWS), str(path)), SHOW: ANSWERS[SHOW]}


@pytest.mark.long
def test_one_exchange_at_a_time_is_in_memory(tmp_path: Path) -> None:
    """Eight answers of 16 MB: 128 MB unpacked. A process of its own may have 100 MB more than it began with."""
    path = forged(tmp_path / "b", *(exchange(b'"' + b"x" * (16 << 20) + b'"', number=one) for one in range(8)))
    code = (
        "import resource, sys\n"
        "from calipso_nornir.model.queries import Select\n"
        "from calipso_nornir.sources.recording import ReplaySource, bundle_info\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "before = peak()\n"
        "assert bundle_info(sys.argv[1]).exchanges == {'db': 8}\n"
        "replay = ReplaySource(sys.argv[1])\n"
        "[reply] = replay.answer([Select('7', 's')]).values()\n"
        "assert len(reply.data) == 16 << 20\n"
        "print(peak() - before)\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - code of ours
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 100


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
queries = st.one_of(
    st.builds(
        Command,
        st.text(),
        st.text(),
        parser=st.none() | st.text(),
        timeout_s=st.integers(),
        root=st.booleans(),
        optional=st.booleans(),
    ),
    st.builds(
        ApiGet,
        st.text(),
        st.text(),
        st.text(),
        st.lists(st.tuples(st.text(), st.text()), max_size=2).map(tuple),
        region=st.none() | st.text(),
        cloud_wide=st.booleans(),
    ),
    st.builds(Select, st.text(), st.text(), st.lists(st.text() | st.integers(), max_size=2).map(tuple)),
)
replies = st.builds(
    Reply, json_values, st.datetimes(timezones=st.just(UTC)), st.none() | st.just(RESTRICTED)
) | st.builds(ApiFailed, st.text(), st.text(), st.integers(), st.text())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.dictionaries(queries, replies, max_size=4))
def test_whatever_goes_in_comes_out(tmp_path: Path, answers: dict[Query, Reply | CalipsoError]) -> None:
    path = tmp_path / "b"
    unique = {query.request: answer for query, answer in answers.items()}
    record(path, unique)
    assert ReplaySource(path).answer(list(unique)) == unique


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(min_value=0), change=st.integers(min_value=1, max_value=255), cut=st.integers(0, 400))
def test_no_damage_passes_unseen(tmp_path: Path, place: int, change: int, cut: int) -> None:
    path = tmp_path / "b"
    record(path)
    raw = bytearray(path.read_bytes())
    whole = ReplaySource(path).answer(list(ANSWERS))
    raw[place % len(raw)] ^= change
    path.write_bytes(raw[: len(raw) - cut])
    try:
        replayed = ReplaySource(path)
    except BundleInvalid as error:
        outcome: object = error.problem
    else:
        outcome = replayed.answer(list(ANSWERS)) == whole
    assert outcome, "a byte of gzip's own header may change without effect"
