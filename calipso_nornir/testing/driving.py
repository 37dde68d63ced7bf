# SPDX-License-Identifier: Apache-2.0
"""Runs one fetcher on canned answers: no engine, no source, no store."""

from __future__ import annotations

import itertools
import json
from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError
from calipso_nornir.model.answers import Answer, Answers
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.protocols import Reply
from calipso_nornir.model.queries import ApiGet, Command, Formerly, Lookup, Select
from calipso_nornir.parsing.registry import load_parsers
from calipso_nornir.scan.contract import parser_problem
from calipso_nornir.scan.running_fetching import read_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Fetcher
    from calipso_nornir.model.queries import Query

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The time of canned answers that have none."""


class Driven(list[Fetched]):
    """The objects that a fetcher found, and how it found them.

    Attributes:
        rounds: the queries of each round, without duplicates; empty for a fetcher that asks nothing.
        gaps: query -> error, for gaps that the fetcher recorded (``answers.or_gap``).
        blanks: query -> error, for answers whose absence leaves only attributes unknown (``answers.or_blank``).
        kept: id -> error, for known objects that the fetcher could not examine (``answers.keep``).
        told: notices that the fetcher put into the report (``answers.tell``).
    """

    def __init__(self) -> None:
        super().__init__()
        self.rounds: list[list[Query]] = []
        self.gaps: dict[str, CalipsoError] = {}
        self.blanks: dict[str, CalipsoError] = {}
        self.kept: dict[str, CalipsoError] = {}
        self.told: list[CalipsoError] = []

    @property
    def asked(self) -> list[list[str]]:
        """The rounds as text."""
        return [[str(query) for query in queries] for queries in self.rounds]

    @property
    def by_id(self) -> dict[str, Fetched]:
        """The objects by id; an id that the fetcher returned twice raises AssertionError."""
        found = {one.id: one for one in self}
        assert len(found) == len(self), f"duplicate ids: {[one.id for one in self]}"  # noqa: S101 - a test's tool
        return found


def drive(
    fetcher: Fetcher,
    parent: InventoryObject,
    answers: Mapping[Any, Any],
    *,
    parsers: Mapping[str, Callable[[str], Any]] | None = None,
) -> Driven:
    """Run a fetcher on one parent and return what it finds.

    >>> from calipso_nornir.fetchers.cli.host_details import HostDetails
    >>> from calipso_nornir.testing import drive, thing
    >>> drive(HostDetails(), thing("host", id="cmp1"), {
    ...     "cat /etc/os-release": 'NAME="Debian GNU/Linux"',
    ...     "uname -m": "x86_64",
    ... })[0].attributes["os"]["name"]
    'Debian GNU/Linux'

    Args:
        fetcher: any object with ``get(parent)``.
        parent: see ``thing``.
        answers: query -> answer. A key is the query itself or its ``str()``. Shorter keys are, for a command,
            ``<host>: <command>`` or ``<command>``; for the API, ``GET <service> <path>``, for any parameters and
            region; for a database, the name of a table that it selects from; for the inventory, the type that is
            looked up. ``formerly`` answers what was found before (by default nothing); ``api``, ``db``, ``cli`` and
            ``inventory`` answer all other queries to that source.

            An answer is text, which the query's parser reads as in a scan (for the API and databases: JSON; of a body
            that has the query's ``key``, the value of that key is taken); a ``Path`` to such text; the value itself; a
            ``Reply``, which may have a gap; or an error. A look-up is answered with a list of objects of the type,
            from which the matching ones are selected.
        parsers: by default those that are installed.

    Raises:
        AssertionError: the fetcher asks a query that has no answer, or does not return what fetchers must return.
        Exception: what the fetcher raises, such as the error of an answer without which it cannot continue.
    """
    driven = Driven()
    fetching = fetcher.get(parent)
    found = _run(fetching, _Canned(answers, parsers), driven) if isinstance(fetching, Generator) else fetching
    _expect(isinstance(found, list), f"a fetcher returns a list of Fetched, not {found!r}")
    for one in found:
        _expect(isinstance(one, Fetched), f"a fetcher returns a list of Fetched, not of {one!r}")
    driven.extend(found)
    return driven


def _run(fetching: Fetching, canned: _Canned, driven: Driven) -> list[Fetched]:
    answers: Answers | None = None
    while True:
        try:
            asked = fetching.send(answers)  # type: ignore[arg-type]  # None starts a generator
        except StopIteration as stop:
            found: list[Fetched] = stop.value
            return found
        _expect(isinstance(asked, Sequence), f"a fetcher yields a sequence of queries, not {asked!r}")
        queries = list(dict.fromkeys(asked))
        for query in queries:
            problem = parser_problem(query, canned.parsers)
            _expect(not problem, problem)
        driven.rounds.append(queries)
        answers = Answers(
            {query: canned.answer(query) for query in queries},
            on_gap=_noting(driven.gaps),
            on_blank=_noting(driven.blanks),
            on_tell=driven.told.append,
            on_keep=lambda ids, why: driven.kept.update(dict.fromkeys(ids, why)),
        )


def _noting(place: dict[str, CalipsoError]) -> Callable[[Query, CalipsoError], None]:
    def note(query: Query, error: CalipsoError) -> None:
        place.setdefault(str(query), error)

    return note


class _Canned:
    def __init__(self, answers: Mapping[Any, Any], parsers: Mapping[str, Callable[[str], Any]] | None) -> None:
        self._answers = answers
        self._parsers = parsers

    @property
    def parsers(self) -> Mapping[str, Callable[[str], Any]]:
        return _installed() if self._parsers is None else self._parsers

    def answer(self, query: Query) -> Answer | CalipsoError:
        told = self._answers.get("formerly", []) if isinstance(query, Formerly) else self._told(query)
        if isinstance(told, Path):
            told = told.read_text(encoding="utf-8")
        if isinstance(told, CalipsoError):
            return told
        reply = told if isinstance(told, Reply) else Reply(told, AT)
        if isinstance(query, Lookup):
            wanted = [one for one in reply.data if all(one.get(key) == value for key, value in query.equal)]
            return Answer(wanted, gap=reply.gap)
        if getattr(query, "parser", None) is not None:
            if not isinstance(reply.data, str):
                return Answer(reply.data, gap=reply.gap)
            return read_reply(query, reply, self.parsers)
        return Answer(value_of(query, reply.data), gap=reply.gap)

    def _told(self, query: Query) -> Any:  # noqa: ANN401 - answers are of any shape
        names = [query, *names_of(query)]
        for name in names:
            if name in self._answers:
                return self._answers[name]
        known = "\n  ".join(sorted(str(key) for key in self._answers))
        raise AssertionError(f"no answer for {query.source}: {query}\nThere are answers for:\n  {known}")


def names_of(query: Query) -> list[str]:
    """Return the keys under which canned answers may answer a query, the most specific first."""
    text = str(query)
    match query:
        case Command():
            texts = [text] if query.formerly is None else [text, query.formerly]
            names = [*(name for each in texts for name in (f"{query.host}: {each}", each)), f"{query.host}:"]
        case ApiGet():
            names = [text, f"GET {query.service} {query.path}"]
        case Select():
            words = query.sql.replace(",", " ").split()
            names = [text, *(name for word, name in itertools.pairwise(words) if word in ("FROM", "JOIN"))]
        case Lookup():
            names = [text, query.type]
        case _:
            names = [text]
    return [*names, query.source]


def value_of(query: Query, data: Any) -> Any:  # noqa: ANN401 - JSON
    """Read a canned answer; for an API or database, JSON or its text, and a whole body or only the value of its key."""
    if not isinstance(query, (ApiGet, Select)):
        return data
    value = json.loads(data) if isinstance(data, str) else data
    if isinstance(query, ApiGet) and isinstance(value, Mapping) and query.key in value:
        return value[query.key]
    return value


@cache
def _installed() -> Mapping[str, Callable[[str], Any]]:
    return load_parsers()


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion that python -O keeps
    if not holds:
        raise AssertionError(otherwise)
