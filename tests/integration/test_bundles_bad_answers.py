# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""A shipped recording with one answer spoilt: the scan ends, names the cause, loses nothing; then all is well again."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    ApiFailed,
    CommandMissing,
    CommandTimedOut,
    SelectFailed,
    SudoRefused,
)
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command
from calipso_nornir.sources import bundle
from calipso_nornir.sources.bundle import Exchange
from calipso_nornir.sources.cli.outcomes import text_of
from calipso_nornir.store import open_store
from tests.bundles import whole
from tests.bundles.editing import edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Store
    from calipso_nornir.model.queries import Query
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]

STRAY = "<<< a shape that nobody knows >>>\n"
OTHER_WAY = {"ip -j netns list": "ip netns list", "bridge -j fdb show": "bridge fdb show"}
"""Questions that are put in two ways at once: one answer that can be read is enough."""
MAY_BE_MISSING = ("ethtool", "lldpctl")
CUT_SHORT_IS_SEEN = ("ip -j -d address", "ovs-vsctl", "lldpctl", "dumpxml", "ethtool")
"""Half a list of lines is a list, too; that an answer came whole is known by its frame (test_framing.py)."""


def _kind(query: Query) -> tuple[str, ...]:
    """Return what makes questions alike: one of each is enough; those to net1 find other things."""
    if not isinstance(query, Command):
        return (query.source, str(query))
    where = "net1" if query.host == "net1" else "compute"
    return (where, *(word for word in query.text.split(" ") if "-" not in word[1:] and not word.startswith("eth")))


@cache
def recorded(variant: str) -> Mapping[Query, Reply]:
    """Return what was asked and answered when a recording was made."""
    exchanges = bundle.Reader(whole.recording(variant))
    return {one.query: one.answer for _, one in exchanges if isinstance(one.answer, Reply)}


def _questions() -> list[tuple[str, Query]]:
    found: dict[tuple[str, ...], tuple[str, Query]] = {}
    for variant in whole.VARIANTS:
        for query in recorded(variant):
            if query.host != "ctl":
                found.setdefault(_kind(query), (variant, query))
    return list(found.values())


ALL = _questions()


def _asked(*sources: str) -> pytest.MarkDecorator:
    chosen = [(variant, query) for variant, query in ALL if query.source in sources]
    ids = [f"{variant}-{query.host or query.source}-{str(query)[:40]}" for variant, query in chosen]
    return pytest.mark.parametrize(("variant", "query"), chosen, ids=ids)


@pytest.fixture(scope="session")
def scanned_bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of each recording, scanned once."""
    folder = tmp_path_factory.mktemp("scanned-bundles")
    for variant in whole.VARIANTS:
        store = open_store(folder / f"{variant}.db")
        assert whole.replay(store, whole.recording(variant)).ok
        store.close()
    return folder


@pytest.fixture
def store(request: pytest.FixtureRequest, scanned_bundles: Path, tmp_path: Path) -> Iterator[Store]:
    """A store of the test's own with what was known before."""
    variant = request.node.callspec.params["variant"]
    shutil.copy(scanned_bundles / f"{variant}.db", tmp_path / "known.db")
    opened = open_store(tmp_path / "known.db")
    yield opened
    opened.close()


def spoilt(folder: Path, variant: str, query: Query, answer: Reply | CalipsoError) -> Path:
    """Write the recording with another answer to one question."""

    def change(one: Exchange) -> Exchange:
        return Exchange(one.query, answer) if one.query == query else one

    return edited(whole.recording(variant), folder / "spoilt.calipso", change)


def known(store: Store, variant: str) -> dict[str, dict[str, Any]]:
    """Return all documents by kind and ``_id``, without what proves them: another road may have been taken."""
    found = whole.documents(whole.exported(store, f"demo-{variant}"))
    return {
        kind: {one["_id"]: {key: one[key] for key in one if key not in ("evidence", "found_by")} for one in rows}
        for kind, rows in found.items()
    }


def nothing_is_lost(store: Store, variant: str, recording: Path, *, query: Query, told: str) -> None:
    """Scan a spoilt recording: ``told`` is "failure", "notice", or "" where another answer says the same."""
    before = known(store, variant)
    report = whole.replay(store, recording)
    assert report.status == ("completed_with_errors" if told == "failure" else "completed")
    severities = {one.severity for one in report.troubles}
    assert severities == ({told} if told else set())
    if told:
        texts = [str(one.error) for one in report.troubles]
        assert any(_says(text, query) for text in texts), texts
        assert all(one.affected for one in report.troubles)
        assert not any("raised" in text for text in texts)
    assert report.removed == []
    assert known(store, variant) == before
    again = whole.replay(store, whole.recording(variant))
    assert (again.status, again.troubles, again.objects.kept) == ("completed", [], 0)
    assert known(store, variant) == before


def _says(text: str, query: Query) -> bool:
    """Tell whether an error names a question, or the one that is put when it was not answered."""
    if isinstance(query, Command):
        fallbacks = [query.text.replace(" -j", ""), "ovs-vsctl show" if "ovs-vsctl" in query.text else query.text]
        return any(one[:60] in text for one in (query.text, *fallbacks))
    return (query.path if isinstance(query, ApiGet) else str(query).partition(": ")[2][:40]) in text


def worth(query: Query, *, optional: str = "failure") -> str:
    """Return how a spoilt answer is told."""
    text = str(query)
    if text in (*OTHER_WAY, *OTHER_WAY.values()):
        return ""
    return optional if text.startswith(MAY_BE_MISSING) else "failure"


@_asked("cli")
def test_a_command_prints_what_nobody_knows(variant: str, query: Command, store: Store, tmp_path: Path) -> None:
    path = spoilt(tmp_path, variant, query, Reply(STRAY, recorded(variant)[query].at))
    nothing_is_lost(store, variant, path, query=query, told=worth(query))


@_asked("cli")
def test_a_command_prints_half(variant: str, query: Command, store: Store, tmp_path: Path) -> None:
    text = recorded(variant)[query].data
    path = spoilt(tmp_path, variant, query, Reply(text[: len(text) // 2], recorded(variant)[query].at))
    if any(one in query.text for one in CUT_SHORT_IS_SEEN):
        nothing_is_lost(store, variant, path, query=query, told=worth(query))
    else:  # what can be read is believed; it must be read without a stumble
        report = whole.replay(store, path)
        assert report.status in ("completed", "completed_with_errors")
        assert not [one for one in report.troubles if "raised" in str(one.error)]
    assert whole.replay(store, whole.recording(variant)).ok


@_asked("cli")
def test_a_command_prints_bytes_that_are_no_utf8(variant: str, query: Command, store: Store, tmp_path: Path) -> None:
    text = recorded(variant)[query].data.encode()
    damaged = text_of(text[: len(text) // 3] + b"\xff\xfe\x00\xc3" + text[len(text) // 3 :])
    path = spoilt(tmp_path, variant, query, Reply(damaged, recorded(variant)[query].at))
    report = whole.replay(store, path)
    assert report.status in ("completed", "completed_with_errors")
    assert not [one for one in report.troubles if "raised" in str(one.error)]
    before = {one["_id"] for one in whole.expected(variant)["inventory"]}
    assert {one["_id"] for one in whole.exported(store, f"demo-{variant}")["inventory"]} >= before
    assert whole.replay(store, whole.recording(variant)).ok
    assert whole.documents(whole.exported(store, f"demo-{variant}")) == whole.expected(variant)


@_asked("cli")
@pytest.mark.parametrize("kind", ["missing", "sudo", "timeout"])
def test_a_command_fails(variant: str, query: Command, kind: str, store: Store, tmp_path: Path) -> None:
    error: CalipsoError
    match kind:
        case "missing":
            error = CommandMissing(query.host, query.text, 127, "sh: 1: not found")
        case "sudo":
            error = SudoRefused(query.host, query.text, 1, "sudo: a password is required")
        case _:
            error = CommandTimedOut(query.host, query.text, 124)
    told = worth(query, optional="notice" if kind == "missing" else "failure")
    if query.text.startswith("ip -j -d") or "ovs-vsctl" in query.text or " ip -j -d" in query.text:
        told = "failure"  # the other road was not recorded
    nothing_is_lost(store, variant, spoilt(tmp_path, variant, query, error), query=query, told=told)


@_asked("api")
@pytest.mark.parametrize(
    "shape", [{"unexpected": 1}, "text", None, ["text", 5, None], [{"without": "anything"}], [[]], 7]
)
def test_an_api_answers_in_another_shape(
    variant: str,
    query: ApiGet,
    shape: Any,
    store: Store,
    tmp_path: Path,
) -> None:
    path = spoilt(tmp_path, variant, query, Reply(shape, recorded(variant)[query].at))
    nothing_is_lost(store, variant, path, query=query, told="failure")


@_asked("api")
def test_an_api_fails(variant: str, query: ApiGet, store: Store, tmp_path: Path) -> None:
    path = spoilt(tmp_path, variant, query, ApiFailed(query.service, query.path, 500, "oops"))
    nothing_is_lost(store, variant, path, query=query, told="failure")


@_asked("db")
@pytest.mark.parametrize("shape", [{"unexpected": 1}, "text", None, ["text", 5], SelectFailed("neutron", "", "gone")])
def test_the_database_answers_in_another_shape(
    variant: str,
    query: Any,
    shape: Any,
    store: Store,
    tmp_path: Path,
) -> None:
    if isinstance(shape, SelectFailed):
        answer: Any = SelectFailed(query.database, query.sql, "Table 'neutron.x' doesn't exist")
    else:
        answer = Reply(shape, recorded(variant)[query].at)
    nothing_is_lost(store, variant, spoilt(tmp_path, variant, query, answer), query=query, told="failure")


@pytest.mark.parametrize("variant", whole.VARIANTS)
def test_mongodb_takes_what_hosts_print(variant: str, mongo_place: Place, tmp_path: Path) -> None:
    """Control characters, half a surrogate pair (only a recording can hold it) and huge numbers are stored, too."""

    def change(one: Exchange) -> Exchange:
        if isinstance(one.query, ApiGet) and one.query.path == "/projects":
            assert isinstance(one.answer, Reply)
            rows = [
                {**row, "description": "\ud800\x00\x1b[31m", "huge": 2**70, "a.b": {"$x": 1}} for row in one.answer.data
            ]
            return Exchange(one.query, Reply(rows, one.answer.at))
        return one

    store = mongo_place.open()
    path = edited(whole.recording(variant), tmp_path / "strange.calipso", change)
    assert whole.replay(store, path).ok
    assert whole.replay(store, whole.recording(variant)).ok
    assert whole.documents(whole.exported(store, f"demo-{variant}")) == whole.expected(variant)
