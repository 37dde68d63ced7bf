# SPDX-License-Identifier: Apache-2.0
"""The router: each query goes to the source of its kind, all kinds at once, and no source affects another's answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, FetcherRaised, HostUnreachable, NoSuchSource, SourceNotConfigured
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, Lookup, Query, Select
from calipso_nornir.sources.query_router import QueryRouter

if TYPE_CHECKING:
    import pytest

NOW = datetime(2026, 11, 22, tzinfo=UTC)
API = ApiGet("network", "/ports", "ports")
DB = Select("nova", "SELECT 1")
CLI = Command("cmp1", "true")
CLI2 = Command("cmp2", "true")
SECRET = "c4n4ry"  # noqa: S105 - of nothing

Answers = Mapping[Query, Reply | CalipsoError]


class Scripted:
    """A source whose answers a function gives."""

    def __init__(self, answer: Callable[[Sequence[Query]], Answers]) -> None:
        self.asked: list[list[Query]] = []
        self.closed = 0
        self._answer = answer

    def answer(self, queries: Sequence[Query]) -> Answers:
        """Answer by the function."""
        self.asked.append(list(queries))
        return self._answer(queries)

    def close(self) -> None:
        """Count."""
        self.closed += 1


def good(queries: Sequence[Query]) -> Answers:
    return {query: Reply(str(query), NOW) for query in queries}


def bad(_queries: Sequence[Query]) -> Answers:
    raise RuntimeError(SECRET)


def test_each_kind_is_asked_once_and_the_order_stays() -> None:
    api, db, cli = Scripted(good), Scripted(good), Scripted(good)
    router = QueryRouter({"api": api, "db": db, "cli": cli})
    queries: list[Query] = [CLI, API, CLI2, DB]
    answers = router.answer(queries)
    assert list(answers) == queries
    assert {query: answer.data for query, answer in answers.items() if isinstance(answer, Reply)} == {
        query: str(query) for query in queries
    }
    assert (api.asked, db.asked, cli.asked) == ([[API]], [[DB]], [[CLI, CLI2]])
    assert router.answer([]) == {}


def test_kinds_are_asked_at_the_same_time() -> None:
    """Each source waits for the others: asked one after the other, none would answer."""
    together = threading.Barrier(3, timeout=10)

    def wait(queries: Sequence[Query]) -> Answers:
        together.wait()
        return good(queries)

    answers = QueryRouter({kind: Scripted(wait) for kind in ("api", "db", "cli")}).answer([API, DB, CLI])
    assert all(isinstance(answer, Reply) for answer in answers.values())


def test_kinds_without_a_source() -> None:
    answers = QueryRouter({"api": Scripted(good)}).answer([API, DB, CLI, Lookup("host")])
    assert isinstance(answers[API], Reply)
    assert answers[DB] == SourceNotConfigured("mysql")
    assert answers[CLI] == SourceNotConfigured("CLI")
    assert answers[Lookup("host")] == NoSuchSource("inventory", tuple(source_kinds()))
    assert "install the distribution that provides it" in str(answers[Lookup("host")])


def test_a_source_that_raises_fails_its_own_queries_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = QueryRouter({"api": Scripted(good), "cli": Scripted(bad)}).answer([API, CLI, CLI2])
    assert isinstance(answers[API], Reply)
    assert answers[CLI] == answers[CLI2] == FetcherRaised("source cli", "RuntimeError")
    assert "test_query_router.py" in caplog.text, "where it happened"
    assert "c4n4ry" not in caplog.text, "nobody knows what a foreign error quotes"


def test_an_error_of_ours_that_is_raised_is_the_answer() -> None:
    def down(_queries: Sequence[Query]) -> Answers:
        raise HostUnreachable("cmp1", "192.0.2.1", "refused")

    assert QueryRouter({"cli": Scripted(down)}).answer([CLI])[CLI] == HostUnreachable("cmp1", "192.0.2.1", "refused")


def test_a_source_that_leaves_a_query_out() -> None:
    answers = QueryRouter({"cli": Scripted(lambda queries: good(queries[:1]))}).answer([CLI, CLI2])
    assert isinstance(answers[CLI], Reply)
    assert isinstance(answers[CLI2], FetcherRaised)


def test_all_are_closed_whatever_one_does() -> None:
    class Stuck(Scripted):
        def close(self) -> None:
            super().close()
            raise OSError("stuck")

    sources = [Stuck(good), Scripted(good), Stuck(good)]
    QueryRouter(dict(zip(("api", "db", "cli"), sources, strict=True))).close()
    assert [source.closed for source in sources] == [1, 1, 1]
