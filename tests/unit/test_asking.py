# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - answers are of any shape
"""Rounds: who is asked what, when and how often; and that no plug-in can end them, whatever it does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from calipso_nornir.errors import (
    CalipsoError,
    CommandFailed,
    DatabaseUnavailable,
    FetcherRaised,
    HostUnreachable,
    LookupCycle,
    NotAuthenticated,
    ParseError,
    PromiseBroken,
)
from calipso_nornir.model.environment import Environment
from calipso_nornir.model.fetching import Fetched, first_of
from calipso_nornir.model.objects import root_of
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, Formerly, Lookup, Select
from calipso_nornir.scan.asking import Rounds
from calipso_nornir.scan.plan import Steps
from calipso_nornir.scan.progress_events import RoundBegan
from calipso_nornir.scan.running_fetching import MAX_TURNS
from calipso_nornir.testing import AT, thing
from tests.fixtures.canned import CannedSource, catalog, step

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.scan.asking import Outcome
    from calipso_nornir.scan.running_fetching import Task

ROOT = root_of("cloud")
API = ApiGet("compute", "/x", "x")
DB = Select("nova", "SELECT 1 FROM t")
FETCHER = "fetcher ScanEnvironment/a (tests.fixtures.canned:Does)"


def on(host: str, text: str = "cmd", **more: Any) -> Command:
    return Command(host, text, **more)


class Watch:
    """Takes the outcomes of rounds: notes what happens, and starts what is to be run on what was found."""

    def __init__(self, answers: Any, *steps: Step, parsers: Any = None) -> None:
        known = Steps(catalog(*steps), Environment(name="cloud"))
        self.source = CannedSource(answers)
        self.rounds = Rounds(self.source, steps=known, parsers=parsers or {}, picture=self)
        self.found_by: dict[str, list[str]] = {}
        self.errors: dict[str, CalipsoError] = {}
        self.tasks: dict[str, Task] = {}
        self.looked_up: list[str] = []
        self.told: list[RoundBegan] = []
        self.waiting = 0
        self.before: list[InventoryObject] = []
        self.inventory: list[InventoryObject] = []
        self._steps = known

    def run(self, *names: str) -> Watch:
        for name in names or [one.name for one in self._steps.root]:
            wanted = self._steps.named(name)
            assert wanted is not None
            self.rounds.start(wanted, ROOT)
        for event in self.rounds.run():
            if isinstance(event, RoundBegan):
                assert event.number == self.rounds.rounds[event.source]
                self.told.append(event)
            else:
                self.take(event)
        return self

    def look_up(self, query: Lookup) -> list[InventoryObject]:
        self.looked_up.append(str(query))
        return [one for one in self.inventory if one.type == query.type]

    def formerly(self, task: Task) -> list[InventoryObject]:
        return [one for one in self.before if one.type == task.step.type]

    def unplaced(self, type_: str) -> int:
        return self.waiting if type_ == "placed" else 0

    def take(self, outcome: Outcome) -> None:
        task = outcome.task
        self.tasks[str(task)] = task
        if outcome.error is not None:
            self.errors[task.step.name] = outcome.error
            return
        self.found_by[str(task)] = [one.id for one in outcome.found]
        for one in outcome.found:
            placed = thing(task.step.type, dict(one.attributes), id=one.id)
            self.inventory.append(placed)
            for child in self._steps.below(task.step):
                self.rounds.start(child, placed)

    @property
    def asked(self) -> list[list[str]]:
        return [[f"{query.host}: {query}" if query.host else str(query) for query in one] for one in self.source.rounds]


def asking(*queries: Query) -> Callable[[InventoryObject], Any]:
    """Return a fetcher that asks all at once and finds one object called by what it was told."""

    def get(_parent: InventoryObject) -> Any:
        answers = yield list(queries)
        return [Fetched(id=f"{len(queries)}-{answers[query]}", name="x") for query in queries[:1]]

    return get


def finding(*ids: str) -> Callable[[InventoryObject], Any]:
    return lambda parent: [Fetched(id=f"{parent.id}|{one}", name=one, attributes={"host": one}) for one in ids]


# --- what is asked, when and how often


def test_what_was_found_before_is_answered_without_a_question() -> None:
    def get(parent: InventoryObject) -> Any:
        known = Formerly()
        answers = yield [known, API]
        assert str(known) == "what was found before"
        return [Fetched(id=f"{parent.id}|{one.id}", name="x") for one in answers[known]]

    watch = Watch({"api": []}, step("a", get))
    watch.before = [thing("a", id="old"), thing("b", id="other")]
    assert list(watch.run().found_by.values()) == [["cloud|old"]]
    assert (watch.asked, watch.looked_up) == ([["GET compute /x"]], [])


def test_equal_questions_are_asked_once_in_a_scan() -> None:
    later = step("b", lambda _: _chain([API], [on("h1")], [API, on("h1", parser="upper")]))
    watch = Watch(
        {"api": ["x"], "cli": "out"}, step("a", asking(API, on("h1"))), later, parsers={"upper": str.upper}
    ).run()
    assert watch.asked == [["GET compute /x"], ["h1: cmd"]]
    assert watch.told == [RoundBegan("api", 1, 1), RoundBegan("cli", 1, 1, hosts=1)]
    assert watch.rounds.queries == {"api": 1, "cli": 1}


def _chain(*rounds: list[Query]) -> Fetching:
    answers: Any = None
    for queries in rounds:
        answers = yield queries
    return [Fetched(id=str(answers[query]).strip("[]'") or "none", name="x") for query in rounds[-1][-1:]]


def test_each_reader_reads_with_its_own_parser() -> None:
    steps = [step(name, asking(on("h1", parser=name))) for name in ("upper", "title")]
    watch = Watch({"cli": "out put"}, *steps, parsers={"upper": str.upper, "title": str.title}).run()
    assert list(watch.found_by.values()) == [["1-OUT PUT"], ["1-Out Put"]]
    assert watch.rounds.queries == {"cli": 1}


def test_an_answer_is_parsed_once_however_many_read_it() -> None:
    calls: list[str] = []

    def count(text: str) -> str:
        calls.append(text)
        return text

    hosts = step("host", finding("h1", "h2", "h3"), children="S")
    read = step("a", lambda _: _chain([on("h0", parser="count")]), scanner="S")
    Watch({"cli": "out"}, hosts, read, parsers={"count": count}).run()
    assert calls == ["out"]


def test_hosts_wait_until_api_database_and_look_ups_have_told_all() -> None:
    """However deep in the tree the questions come up."""
    regions = step("region", asking(API), children="R")
    hosts = step(
        "host", lambda _: _chain([DB], [Lookup.of("region")], [ApiGet("x", "/y", "y")]), scanner="R", children="H"
    )
    early = step("early", asking(on("h1", "early")))
    late = step("late", lambda _: _chain([on("h1", "late")]), scanner="H")
    watch = Watch({"api": ["r"], "db": ["d"], "cli": ""}, early, regions, hosts, late).run()
    assert watch.asked == [["GET compute /x"], ["nova: SELECT 1 FROM t"], ["GET x /y"], ["h1: early", "h1: late"]]
    assert dict(watch.rounds.rounds) == {"api": 2, "db": 1, "cli": 1}


def test_a_hosts_questions_of_all_depths_share_its_rounds() -> None:
    hosts = step("host", finding("h1", "h2"), children="H")
    shallow = step("a", lambda one: _chain([on(one["host"], "1")], [on(one["host"], "2")]), scanner="H", children="D")
    deep = step("b", lambda one: _chain([on(one.id, "3")]), scanner="D")
    watch = Watch({"cli": "h9"}, hosts, shallow, deep).run()
    assert [len(one) for one in watch.source.rounds] == [2, 2, 1]


def test_each_source_is_told_apart_in_a_round() -> None:
    down = DatabaseUnavailable("db", "down")
    watch = Watch({"api": ["x"], "db": down}, step("a", asking(API)), step("b", asking(DB))).run()
    assert watch.asked == [["GET compute /x", "nova: SELECT 1 FROM t"]]
    assert dict(watch.rounds.rounds) == {"api": 1, "db": 1}
    assert watch.told == [RoundBegan("api", 1, 1), RoundBegan("db", 1, 1)]
    assert watch.errors == {"ScanEnvironment/b": down}


def test_a_fetching_runs_once_on_a_parent() -> None:
    watch = Watch({"api": ["x"]}, step("a", asking(API)))
    watch.run("ScanEnvironment/a", "ScanEnvironment/a")
    assert list(watch.found_by) == ["ScanEnvironment/a of environment cloud"]


def test_nothing_to_do_is_done() -> None:
    assert Watch({}).run().asked == []
    assert Watch({}, step("a", lambda _: [])).run().found_by == {"ScanEnvironment/a of environment cloud": []}


# --- look-ups


def test_a_look_up_waits_until_nobody_can_add_objects_of_its_type() -> None:
    hosts = step("host", asking(API), children="H")
    pnics = step("pnic", lambda _: _chain([on("h1", "slow")], [on("h1", "slower")]), scanner="H")
    reader = step("reader", lambda _: _chain([Lookup.of("pnic")], [on("h1", "after")]))
    watch = Watch({"api": ["h1"], "cli": "p1"}, reader, hosts, pnics).run()
    assert watch.asked == [["GET compute /x"], ["h1: slow"], ["h1: slower"], ["h1: after"]]
    assert watch.looked_up == ["every pnic"]


def test_a_look_up_waits_for_objects_that_wait_for_their_place() -> None:
    """Only while something else can still bring the parent."""
    placed = step("placed", lambda _: [Fetched(id="p", name="p")])
    reader = step("reader", lambda _: _chain([Lookup.of("placed")]))
    other = step("other", asking(on("h1")))
    watch = Watch({"cli": ""}, placed, reader, other)
    watch.waiting = 1
    seen: list[list[str]] = []
    watch.source.before_round = lambda _queries: seen.append(list(watch.looked_up))
    watch.run()
    assert (seen, watch.looked_up) == ([[]], ["every placed"])


def test_equal_look_ups_are_answered_once() -> None:
    hosts = step("host", finding("h1", "h2"), children="H")
    reader = step("reader", lambda _: _chain([Lookup.of("host", {"a": "1"}), Lookup.of("host")]), scanner="H")
    assert sorted(Watch({}, hosts, reader).run().looked_up) == ["every host", "host with {'a': '1'}"]


def looking(*types: str) -> Callable[[InventoryObject], Any]:
    def get(_parent: InventoryObject) -> Any:
        answers = yield [Lookup.of(one) for one in types]
        for one in types:
            answers.or_gap(Lookup.of(one))
        return []

    return get


def test_who_waits_for_itself_is_told_so() -> None:
    watch = Watch({}, step("a", looking("a"))).run()
    assert watch.errors == {"ScanEnvironment/a": LookupCycle("a")}


def test_of_those_who_wait_only_the_circle_is_stopped() -> None:
    steps = [
        step("a", looking("b")),
        step("b", looking("a")),
        step("c", looking("a", "free")),
        step("d", looking("c")),
        step("free", finding("x")),
    ]
    watch = Watch({}, *steps).run()
    assert watch.errors == {"ScanEnvironment/a": LookupCycle("b"), "ScanEnvironment/b": LookupCycle("a")}
    waited = watch.tasks["ScanEnvironment/c of environment cloud"]
    assert list(waited.gaps.values()) == [LookupCycle("b")], "what the circle would have found is in doubt"


def test_a_circle_through_children_is_one() -> None:
    hosts = step("host", looking("vnic"), children="H")
    vnics = step("vnic", finding("v"), scanner="H")
    assert Watch({}, hosts, vnics).run().errors == {"ScanEnvironment/host": LookupCycle("vnic")}


# --- doubt


def test_a_look_up_of_what_a_failed_fetching_would_have_found_is_in_doubt() -> None:
    down = DatabaseUnavailable("db", "down")
    reader = step("reader", looking("port", "other"))
    watch = Watch({"db": down}, step("port", asking(DB)), step("other", finding()), reader).run()
    assert watch.tasks["ScanEnvironment/reader of environment cloud"].gaps == {Lookup.of("port"): down}


def test_doubts_about_one_host_are_none_about_another() -> None:
    down = HostUnreachable("h1", "192.0.2.1", "down")
    hosts = step("host", finding("h1", "h2"), children="H")
    pnics = step("pnic", lambda one: _chain([on(one["host"])]), scanner="H")

    def get(one: InventoryObject) -> Any:
        wanted = [Lookup.of("pnic", {"host": one["host"]}), Lookup.of("pnic")]
        answers = yield wanted
        for query in wanted:
            answers.or_gap(query)
        return []

    watch = Watch({"h1: cmd": down, "h2: cmd": "p"}, hosts, pnics, step("reader", get, scanner="H")).run()
    gaps = {one: list(map(str, watch.tasks[f"H/reader of host cloud|{one}"].gaps)) for one in ("h1", "h2")}
    assert gaps == {"h1": ["pnic with {'host': 'h1'}", "every pnic"], "h2": ["every pnic"]}


def test_who_enriches_an_object_leaves_no_doubt_whether_it_is_there() -> None:
    failed = CommandFailed("h1", "cmd", 1)
    hosts = step("host", finding("h1"), children="H")
    details = step("host", lambda _: _chain([on("h1")]), scanner="H", name="H/details")
    watch = Watch({"cli": failed}, hosts, details, step("reader", looking("host"))).run()
    assert watch.errors == {"H/details": failed}
    assert watch.tasks["ScanEnvironment/reader of environment cloud"].gaps == {}


# --- errors as values


@pytest.mark.parametrize("error", [CommandFailed("h1", "cmd", 1), HostUnreachable("h1", "a", "b")], ids=str)
def test_a_failed_answer_ends_the_fetching_that_reads_it(error: CalipsoError) -> None:
    watch = Watch({"h1: cmd": error, "h2: cmd": "x"}, step("a", asking(on("h1"))), step("b", asking(on("h2")))).run()
    assert watch.errors == {"ScanEnvironment/a": error}
    assert watch.tasks["ScanEnvironment/a of environment cloud"].cause == on("h1")
    assert list(watch.found_by) == ["ScanEnvironment/b of environment cloud"]


def test_who_does_not_read_an_error_goes_on() -> None:
    def get(_parent: InventoryObject) -> Any:
        query, value = yield from first_of(on("h1", "json"), on("h1", "text"))
        return [Fetched(id=str(value), name=str(query))]

    watch = Watch({"json": CommandFailed("h1", "json", 1), "text": "old"}, step("a", get)).run()
    assert (watch.errors, list(watch.found_by.values())) == ({}, [["old"]])


def test_an_answer_of_unknown_shape_is_an_error_of_its_readers_only() -> None:
    def refuse(text: str) -> Any:
        raise ParseError("strict", f"no {text}", 3, "bad")

    steps = [step("a", asking(on("h1", parser="strict"))), step("b", asking(on("h1")))]
    watch = Watch({"cli": "x"}, *steps, parsers={"strict": refuse}).run()
    assert watch.errors == {"ScanEnvironment/a": ParseError("strict", "no x", 3, "bad", "cmd", "h1")}
    assert list(watch.found_by) == ["ScanEnvironment/b of environment cloud"]


def test_a_parser_that_is_broken_is_an_error_of_its_readers_only(caplog: Any) -> None:
    parsers = {"bad": lambda text: text.nothing}
    with caplog.at_level(logging.CRITICAL):
        watch = Watch({"cli": "x"}, step("a", asking(on("h1", parser="bad"))), parsers=parsers).run()
    error = watch.errors["ScanEnvironment/a"]
    assert isinstance(error, FetcherRaised)
    assert error.plugin == "parser bad"


def test_a_parser_that_there_is_not_is_told_before_anybody_is_asked() -> None:
    watch = Watch({"cli": "x"}, step("a", asking(on("h1", parser="jsn"))), parsers={"json": str}).run()
    assert watch.errors == {
        "ScanEnvironment/a": PromiseBroken(
            FETCHER, '"cmd" names the parser \'jsn\', which does not exist. Did you mean "json"?'
        )
    }
    assert watch.asked == []


def test_without_a_login_nothing_goes_on() -> None:
    refused = NotAuthenticated("http://k", "admin", "401")
    with pytest.raises(NotAuthenticated):
        Watch({"api": refused, "db": ["x"]}, step("a", asking(API)), step("b", asking(DB))).run()


def test_a_source_that_forgets_a_question_has_failed_it() -> None:
    watch = Watch({"api": ["x"]}, step("a", asking(API)))
    watch.source.answer = lambda queries: dict.fromkeys(queries[1:], Reply("", AT))  # type: ignore[method-assign]
    watch.run()
    assert watch.errors == {"ScanEnvironment/a": FetcherRaised("CannedSource", "no answer to GET compute /x")}


def test_gaps_of_a_reply_come_to_the_fetching() -> None:
    gap = CommandFailed("h1", "x", 1)
    watch = Watch({"api": Reply(["x"], AT, gap)}, step("a", asking(API))).run()
    assert watch.tasks["ScanEnvironment/a of environment cloud"].gaps == {API: gap}


# --- plug-ins that do as they like


def endless(_parent: InventoryObject) -> Any:
    while True:
        yield []


def boom(*_: Any) -> Any:
    raise KeyError("host")


def boom_later(_parent: InventoryObject) -> Any:
    yield [API]
    boom()


def yields(what: Any) -> Callable[[InventoryObject], Any]:
    def get(_parent: InventoryObject) -> Any:
        yield what
        return []

    return get


def returns(what: Any) -> Callable[[InventoryObject], Any]:
    def get(_parent: InventoryObject) -> Any:
        yield [API]
        return what

    return get


@pytest.mark.parametrize(
    ("get", "cause"),
    [
        (boom, "KeyError('host')"),
        (boom_later, "KeyError('host')"),
        (endless, f"RuntimeError('it has yielded queries {MAX_TURNS} times without finishing')"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_a_fetcher_does_is_its_own_failure(get: Any, cause: str, caplog: Any) -> None:
    with caplog.at_level(logging.CRITICAL):
        watch = Watch({"api": ["x"]}, step("a", get), step("b", asking(API))).run()
    assert watch.errors == {"ScanEnvironment/a": FetcherRaised("ScanEnvironment/a of environment cloud", cause)}
    assert list(watch.found_by) == ["ScanEnvironment/b of environment cloud"]


RETURN = "a list of Fetched is expected: return [Fetched(id=…, name=…, attributes={…})]"
QUERIES = "queries are expected (Command, ApiGet, Select, Lookup)"
FOUND = Fetched(id="x", name="x")
LISTS = Lookup("a", (("k", []),))


@pytest.mark.parametrize(
    ("get", "problem"),
    [
        (yields(API), f'yielded ApiGet "{API}"; a list of queries is expected: yield [query]'),
        (yields(None), "yielded None; a list of queries is expected: yield [Command(…)]"),
        (yields("uptime"), "yielded 'uptime'; a list of queries is expected: yield [Command(…)]"),
        (
            yields(FOUND),
            f"yielded {FOUND!r}; a list of queries is expected: what was found is returned, in one list",
        ),
        (yields([FOUND]), f"yielded {FOUND!r} in a list; {QUERIES}: what was found is returned, in one list"),
        (yields(["uptime"]), f"yielded 'uptime' in a list; {QUERIES}"),
        (
            yields([LISTS]),
            (
                f'yielded Lookup "{LISTS}"; a query of values is expected, '
                "tuples in place of lists (unhashable type: 'list')"
            ),
        ),
        (returns(None), f"returned nothing; {RETURN}, or []"),
        (returns({"id": 1}), f"returned a dict of id; {RETURN}"),
        (returns(["x"]), f"returned 'x' at position 0 of a list; {RETURN}"),
        (returns([FOUND, {"id": "1"}]), f"returned a dict of id at position 1 of a list; {RETURN}"),
        (lambda _: None, f"returned nothing; {RETURN}, or []"),
        (lambda _: "text", f"returned 'text'; {RETURN}"),
        (lambda _: ["1" * 300], f"returned '{'1' * 199}… at position 0 of a list; {RETURN}"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_a_fetcher_may_not_give_is_told_with_what_it_may(get: Any, problem: str) -> None:
    watch = Watch({"api": ["x"]}, step("a", get), step("b", asking(API))).run()
    assert watch.errors == {"ScanEnvironment/a": PromiseBroken(FETCHER, problem)}
    assert list(watch.found_by) == ["ScanEnvironment/b of environment cloud"]


def test_a_fetcher_that_raises_is_logged_with_its_traceback(caplog: Any) -> None:
    Watch({}, step("a", boom)).run()
    (record,) = caplog.records
    assert record.exc_info[0] is KeyError
    assert "in boom" in caplog.text


def test_many_rounds_need_no_deep_stack() -> None:
    def patient(_parent: InventoryObject) -> Any:
        for _ in range(MAX_TURNS - 1):
            yield [API]
        return []

    assert Watch({"api": ["x"]}, step("a", patient)).run().errors == {}


def test_a_tuple_is_as_good_as_a_list() -> None:
    watch = Watch({"api": ["x"]}, step("a", lambda _: (Fetched(id="t", name="t"),)), step("b", yields((API,)))).run()
    assert (watch.errors, watch.found_by["ScanEnvironment/a of environment cloud"]) == ({}, ["t"])
