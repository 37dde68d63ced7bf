# SPDX-License-Identifier: Apache-2.0
"""A source that answers from a dictionary and records what it was asked."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ReachableHosts
from calipso_nornir.testing.driving import AT, names_of, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.model.queries import Query


class CannedSource:
    """Answers a whole scan without the real cloud: ``run_scan(…, source=CannedSource({...}))``.

    It answers as ``drive`` does: the keys of ``answers`` are queries or their text ("cmp1: uname -m", "GET network
    /ports", the name of a table), the values are raw text, JSON, ``Reply`` or errors. A query without an answer raises
    AssertionError; that for the hosts of an inventory is answered with none, unless there is an answer to just that.

    Attributes:
        answers: query -> answer; may be changed between scans, and by ``before_round``.
        closed: how often it was closed; scans leave this to their caller.
        rounds: the queries of every round.
        before_round: called with the queries of each round.
    """

    def __init__(self, answers: Mapping[Any, Any]) -> None:
        self.answers = dict(answers)
        self.rounds: list[list[Query]] = []
        self.closed = 0
        self.before_round: Callable[[Sequence[Query]], None] = lambda _queries: None

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        """Answer one round; part of ``Source``."""
        self.before_round(queries)
        self.rounds.append(list(queries))
        return {query: self._answer(query) for query in queries}

    def close(self) -> None:
        """Count the call; part of ``Source``."""
        self.closed += 1

    @property
    def asked(self) -> Counter[str]:
        """How often each query was asked."""
        return Counter(f"{query.host}: {query}" if query.host else str(query) for one in self.rounds for query in one)

    def rounds_of(self, host: str) -> int:
        """Return the number of rounds in which a host was asked something."""
        return sum(any(query.host == host for query in queries) for queries in self.rounds)

    def _answer(self, query: Query) -> Reply | CalipsoError:
        name = next((name for name in [query, *names_of(query)] if name in self.answers), None)
        if isinstance(query, ReachableHosts) and name in (None, query.source):  # a source that answers nothing has none
            return Reply([], AT)
        if name is None:
            raise AssertionError(f"no answer for {query.source}: {query} ({query.host})")
        told = self.answers[name]
        if isinstance(told, Path):
            told = told.read_text(encoding="utf-8")
        if isinstance(told, (Reply, CalipsoError)):
            return told
        return Reply(value_of(query, told), AT)
