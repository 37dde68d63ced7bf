# SPDX-License-Identifier: Apache-2.0
"""A running fetching: its queries, the answers that it has read, and those that it could not read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError, EndpointMissing, FetcherRaised, ParseError
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.answers import Answer, Answers
from calipso_nornir.model.evidence import Evidence, derived
from calipso_nornir.model.queries import BY_PLATFORM, ApiGet
from calipso_nornir.model.refs import Witness
from calipso_nornir.parsing.by_platform import parser_for
from calipso_nornir.scan.readings import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query
    from calipso_nornir.scan.focus import Focus

logger = logging.getLogger(__name__)

MAX_TURNS = 1000
"""How many times one fetching may yield queries; the shipped ones do so up to five times."""


class Task:
    """One fetching: a step run on a parent."""

    __slots__ = (
        "blanks",
        "cause",
        "focus",
        "gaps",
        "generator",
        "kept",
        "parent",
        "read",
        "requests",
        "step",
        "told",
        "turns",
        "waiting",
        "witness",
    )

    def __init__(self, step: Step, parent: InventoryObject, focus: Focus | None = None) -> None:
        self.step = step
        self.parent = parent
        self.focus = focus
        """Its focus; None: everything that the step finds."""
        self.witness = Witness(step.name, parent.ref)
        self.generator: Generator[Sequence[Query], Answers, list[Fetched]] | None = None
        self.waiting: tuple[Query, ...] = ()
        self.requests: tuple[tuple[Query, Query], ...] = ()
        """The queries that it waits for, each with the request that is really made: a small scan may ask for less."""
        self.turns = 0
        self.cause: Query | None = None
        """The query whose error ended it, if any."""
        self.read: dict[Query, Evidence] = {}
        self.gaps: dict[Query, CalipsoError] = {}
        """Why objects may be missing among those found."""
        self.blanks: dict[Query, CalipsoError] = {}
        """Why attributes may be missing in those found."""
        self.kept: dict[str, CalipsoError] = {}
        """Objects, by id, that it had found before and could not examine now, each with the reason."""
        self.told: dict[CalipsoError, None] = {}
        """Notices, each once."""

    def __str__(self) -> str:
        return f"{self.step.name} of {self.parent.ref}"

    def answers(self, answers: Mapping[Query, Answer | CalipsoError]) -> Answers:
        """Return a round's answers for this fetching, which record what it reads and what it could not read."""

        def read(query: Query, answer: Answer) -> None:
            if answer.evidence is not None:
                self.read[query] = answer.evidence

        return Answers(
            answers,
            on_gap=_noting(self.gaps),
            on_blank=_noting(self.blanks),
            on_read=read,
            on_tell=lambda notice: self.told.update({notice: None}),
            on_keep=lambda ids, why: self.kept.update(dict.fromkeys(ids, why)),
        )

    def wait_for(self, queries: tuple[Query, ...]) -> None:
        """Record what it waits for."""
        self.waiting = queries
        self.requests = tuple([(query, self._request(query)) for query in queries])

    def _request(self, query: Query) -> Query:
        if self.focus is not None and self.focus.narrowing and isinstance(query, ApiGet):
            return query.narrowed(self.focus.ref.type, self.focus.ref.id) or query.request
        return query.request

    def partials(self, found: Sequence[Fetched]) -> list[bool]:
        """Mark objects whose missing attributes are unknown, not absent."""
        if not self.blanks:
            return [one.partial or bool(self.gaps) for one in found]
        named = {query for one in found for query in one.sources}
        of_all = bool(self.gaps) or not self.blanks.keys() <= named
        return [of_all or one.partial or not self.blanks.keys().isdisjoint(one.sources) for one in found]

    def evidence_of(self, fetched: Fetched) -> tuple[Evidence, ...]:
        """Return the evidence for an object: the queries that it names, else all that this fetching read."""
        chosen = [self.read[query] for query in fetched.sources if query in self.read] or list(self.read.values())
        return tuple(chosen) or derived(f"step {self.step.name}")


def read_reply(
    query: Query,
    reply: Reply | CalipsoError,
    parsers: Mapping[str, Callable[[str], Any]],
    *,
    read: Callable[[Callable[[str], Any], str], Any] = parsed,
) -> Answer | CalipsoError:
    """Parse a source's answer with the query's parser; return an error if the parser fails."""
    if isinstance(reply, EndpointMissing) and not reply.required and getattr(query, "needed", False):
        return Answer([], remark=reply)  # the catalogue has no such service, so none of its objects exist
    if isinstance(reply, CalipsoError):
        return reply
    evidence = Evidence(query.source, str(query), query.host, reply.at)
    parser: str | None = getattr(query, "parser", None)
    kind = source_kinds().get(query.source)
    try:
        data, incomplete = (reply.data, None) if kind is None else kind.usable(query, reply.data)
        if parser is None:
            return Answer(data, evidence, reply.gap or incomplete, remark=incomplete if reply.gap else None)
        reads = parser_for(reply.platform, str(query), parsers) if parser == BY_PLATFORM else parsers[parser]
        return Answer(read(reads, data), evidence, reply.gap)
    except ParseError as error:
        return error.asked_by(str(query), query.host)
    except Exception as error:
        reader = f"source {query.source}" if parser is None else f"parser {parser}"
        logger.exception("%s raised on the answer to %s", reader, query)
        return FetcherRaised(reader, repr(error))


def _noting(place: dict[Query, CalipsoError]) -> Callable[[Query, CalipsoError], None]:
    def note(query: Query, error: CalipsoError) -> None:
        place.setdefault(query, error)

    return note
