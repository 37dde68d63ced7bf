# SPDX-License-Identifier: Apache-2.0
"""A shipped recording with a corrupted answer: the scan ends, names the cause and loses nothing; the next is complete.

One store is scanned once with each kind of bad answer, before it is scanned with good answers.
"""

from __future__ import annotations

import shutil
from functools import cache
from itertools import zip_longest
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
from calipso_nornir.model.queries import ApiGet, Command, Select
from calipso_nornir.sources import bundle
from calipso_nornir.sources.bundle import Exchange
from calipso_nornir.sources.cli.host_round import text_of
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from tests.bundles import whole
from tests.bundles.editing import edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.stores import Store
    from calipso_nornir.scan.report import ScanReport
    from tests.fixtures.places import Place

pytest_plugins = ["tests.fixtures.stores"]
pytestmark = pytest.mark.chaos

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


def _alone(source: str) -> list[tuple[str, Query]]:
    return [(variant, query) for variant, query in ALL if query.source == source]


def _on_two_hosts() -> list[tuple[str, tuple[Command, ...]]]:
    """Pair questions to a compute host with questions to the network node: they share a scan, and no answer."""
    found = []
    for variant in whole.VARIANTS:
        asked = [one for of, one in ALL if of == variant and isinstance(one, Command)]
        compute, network = ([one for one in asked if (one.host == "net1") is here] for here in (False, True))
        pairs = zip_longest(compute, network)
        found += [(variant, tuple(one for one in pair if one is not None)) for pair in pairs]
    return found


def _named(value: object) -> str:
    queries = value if isinstance(value, tuple) else (value,)
    return "+".join(str(one)[:40] for one in queries)


class Spoilt(ReplaySource):
    """A recording that gives other answers to some questions, and notes which of them were asked."""

    def __init__(self, variant: str, answers: Mapping[Any, Reply | CalipsoError]) -> None:
        super().__init__(whole.recording(variant))
        self._instead = answers
        self.asked: set[Query] = set()

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer as it was recorded, but for what is spoilt."""
        answers = dict(super().answer(queries))
        for query in answers:
            former = query.former if isinstance(query, Command) else None  # what the recording knows it by
            for request in (query.request, former):
                if request is not None and request in self._instead:
                    self.asked.add(request)
                    answers[query] = self._instead[request]
        return answers


class Known:
    """A store that holds a recording's cloud, before an answer is spoilt and after."""

    def __init__(self, store: Store, variant: str) -> None:
        self._store = store
        self._variant = variant
        self._before = self._documents()

    def scan(self, answers: Mapping[Any, Reply | CalipsoError]) -> ScanReport:
        """Scan with some answers spoilt."""
        source = Spoilt(self._variant, answers)
        report = whole.replay(self._store, whole.recording(self._variant), source=source)
        assert source.asked == answers.keys(), "a question that is not asked proves nothing"
        return report

    def loses_nothing(self, answers: Mapping[Any, Reply | CalipsoError], told: Mapping[Any, str]) -> None:
        """Scan: each is told as a "failure", as a "notice", or not at all where another answer says the same."""
        report = self.scan(answers)
        assert report.status == ("completed_with_errors" if "failure" in told.values() else "completed"), answers
        texts = [(one.severity, str(one.error)) for one in report.troubles]
        for query in answers:
            severities = {severity for severity, text in texts if _says(text, query)}
            assert severities == ({told[query]} if told[query] else set()), (query, answers[query], texts)
        assert all(any(_says(text, query) for query in answers) for _, text in texts), texts
        assert all(one.affected for one in report.troubles)
        assert not any("raised" in text for _, text in texts)
        assert report.removed == []
        assert self._documents() == self._before, answers

    def reads(self, answers: Mapping[Any, Reply | CalipsoError]) -> None:
        """Scan: what can be read is believed; it must be read without a stumble."""
        report = self.scan(answers)
        assert report.status in ("completed", "completed_with_errors")
        assert not [one for one in report.troubles if "raised" in str(one.error)]

    def has_all_objects(self) -> None:
        """Nothing is missing; there may be more."""
        found = whole.exported(self._store, f"demo-{self._variant}")["inventory"]
        assert {one["_id"] for one in found} >= {one["_id"] for one in whole.expected(self._variant)["inventory"]}

    def is_well_again(self) -> None:
        """Scan with good answers: everything is as it was."""
        again = whole.replay(self._store, whole.recording(self._variant))
        assert (again.status, again.troubles, again.objects.kept) == ("completed", [], 0)
        assert self._documents() == self._before
        exported = whole.exported(self._store, f"demo-{self._variant}")
        assert whole.documents(exported) == whole.expected(self._variant)

    def _documents(self) -> dict[str, dict[str, Any]]:
        """Return all documents by kind and ``_id``, without what proves them: another road may have been taken."""
        found = whole.documents(whole.exported(self._store, f"demo-{self._variant}"))
        return {
            kind: {one["_id"]: {key: one[key] for key in one if key not in ("evidence", "found_by")} for one in rows}
            for kind, rows in found.items()
        }


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
def known(request: pytest.FixtureRequest, scanned_bundles: Path, tmp_path: Path) -> Iterator[Known]:
    """A store of the test's own with what was known before."""
    variant = request.node.callspec.params["variant"]
    shutil.copy(scanned_bundles / f"{variant}.db", tmp_path / "known.db")
    opened = open_store(tmp_path / "known.db")
    yield Known(opened, variant)
    opened.close()


def _says(text: str, query: Query) -> bool:
    """Tell whether an error names a question, or the one that is put when it was not answered."""
    if isinstance(query, Command):
        fallbacks = [query.text.replace(" -j", ""), "ovs-vsctl show" if "ovs-vsctl" in query.text else query.text]
        where = query.host in text or "holds no answer to" in text  # the fallback was not recorded
        return where and any(one[:60] in text for one in (query.text, *fallbacks))
    return (query.path if isinstance(query, ApiGet) else str(query).partition(": ")[2][:40]) in text


def worth(query: Command, *, optional: str = "failure") -> str:
    """Return how a spoilt answer is told."""
    if query.text in (*OTHER_WAY, *OTHER_WAY.values()):
        return ""
    return optional if query.text.startswith(MAY_BE_MISSING) else "failure"


def worth_of_failing(query: Command, *, optional: str) -> str:
    """Return how a command is told that gives no answer."""
    if "ip -j -d" in query.text or "ovs-vsctl" in query.text:
        return "failure"  # the other road was not recorded
    return worth(query, optional=optional)


HOSTS = pytest.mark.parametrize(("variant", "queries"), _on_two_hosts(), ids=_named)


@HOSTS
def test_commands_fail(variant: str, queries: tuple[Command, ...], known: Known) -> None:
    at = {query: recorded(variant)[query].at for query in queries}
    known.loses_nothing({one: Reply(STRAY, at[one]) for one in queries}, {one: worth(one) for one in queries})
    as_failure = {one: worth_of_failing(one, optional="failure") for one in queries}
    known.loses_nothing(
        {one: CommandMissing(one.host, one.text, 127, "sh: 1: not found") for one in queries},
        {one: worth_of_failing(one, optional="notice") for one in queries},
    )
    known.loses_nothing(
        {one: SudoRefused(one.host, one.text, 1, "sudo: a password is required") for one in queries}, as_failure
    )
    known.loses_nothing({one: CommandTimedOut(one.host, one.text, 124) for one in queries}, as_failure)
    known.is_well_again()


@HOSTS
def test_commands_print_half(variant: str, queries: tuple[Command, ...], known: Known) -> None:
    replies = {query: recorded(variant)[query] for query in queries}
    halves = {query: Reply(one.data[: len(one.data) // 2], one.at) for query, one in replies.items()}
    seen = {one: halves[one] for one in queries if any(part in one.text for part in CUT_SHORT_IS_SEEN)}
    if seen:
        known.loses_nothing(seen, {one: worth(one) for one in seen})
    if len(seen) < len(halves):
        known.reads({one: halves[one] for one in queries if one not in seen})
    known.is_well_again()


@HOSTS
def test_commands_print_bytes_that_are_not_utf8(variant: str, queries: tuple[Command, ...], known: Known) -> None:
    replies = {query: recorded(variant)[query] for query in queries}
    known.reads({query: Reply(_damaged(one.data), one.at) for query, one in replies.items()})
    known.has_all_objects()
    known.is_well_again()


def _damaged(text: str) -> str:
    third, raw = len(text.encode()) // 3, text.encode()
    return text_of(raw[:third] + b"\xff\xfe\x00\xc3" + raw[third:])


@pytest.mark.parametrize(("variant", "query"), _alone("api"), ids=_named)
def test_an_api_fails_or_answers_in_another_shape(variant: str, query: ApiGet, known: Known) -> None:
    at = recorded(variant)[query].at
    shapes: list[Any] = [{"unexpected": 1}, "text", None, ["text", 5, None], [{"without": "anything"}], [[]], 7]
    for shape in shapes:
        known.loses_nothing({query: Reply(shape, at)}, {query: "failure"})
    known.loses_nothing({query: ApiFailed(query.service, query.path, 500, "oops")}, {query: "failure"})
    known.is_well_again()


@pytest.mark.parametrize(("variant", "query"), _alone("db"), ids=_named)
def test_the_database_fails_or_answers_in_another_shape(variant: str, query: Select, known: Known) -> None:
    at = recorded(variant)[query].at
    shapes: list[Any] = [{"unexpected": 1}, "text", None, ["text", 5]]
    for shape in shapes:
        known.loses_nothing({query: Reply(shape, at)}, {query: "failure"})
    gone = SelectFailed(query.database, query.sql, "Table 'neutron.x' doesn't exist")
    known.loses_nothing({query: gone}, {query: "failure"})
    known.is_well_again()


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
