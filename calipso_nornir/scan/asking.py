# SPDX-License-Identifier: Apache-2.0
"""Runs the fetchings of a scan in rounds, and yields how each of them ended.

A fetching starts as soon as its parent is placed. Each round answers the queries of all live fetchings, equal queries
once. Queries that need no host go first (``SourceKind.order``, and look-ups), until every fetching waits for a host;
only then does each host get one batch. So a host is asked only as often as the longest chain of queries to it (two or
three times), however deep in the tree they arise.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from calipso_nornir.errors import CalipsoError, Fatal, FetcherRaised, LookupCycle, PromiseBroken
from calipso_nornir.metadata.source_kinds import source_kinds
from calipso_nornir.model.answers import Answer
from calipso_nornir.model.queries import Formerly, Lookup
from calipso_nornir.model.quickly_made import quickly_made
from calipso_nornir.scan.conditional import fetching_of
from calipso_nornir.scan.contract import found_of, queries_of
from calipso_nornir.scan.progress_events import RoundBegan
from calipso_nornir.scan.readings import parsed
from calipso_nornir.scan.running_fetching import MAX_TURNS, Task, read_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Reply, Source
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import Witness
    from calipso_nornir.model.source_kinds import Order
    from calipso_nornir.scan.focus import Focus
    from calipso_nornir.scan.plan import Steps

logger = logging.getLogger(__name__)

Kind: TypeAlias = tuple[str, frozenset[str]]
"""A step, and the types that some of its fetchings look up and wait for."""


class FoundObjects(Protocol):
    """What rounds need to know about the objects found so far."""

    def look_up(self, query: Lookup) -> list[InventoryObject]:
        """Answer a look-up."""
        ...

    def formerly(self, task: Task) -> Sequence[InventoryObject]:
        """Return what a fetching had found in earlier scans."""
        ...

    def unplaced(self, type_: str) -> int:
        """Return how many found objects of a type are not placed yet."""
        ...


@quickly_made
@dataclass(frozen=True, slots=True)
class Outcome:
    """How one fetching ended: with what it found, or with the error that stopped it.

    ``task.gaps`` and ``task.blanks`` say what a fetching could not see although it ended without an error.
    """

    task: Task
    found: tuple[Fetched, ...] = ()
    error: CalipsoError | None = None


class Rounds:
    """The live fetchings and the answers so far."""

    def __init__(
        self,
        source: Source,
        *,
        steps: Steps,
        parsers: Mapping[str, Callable[[str], Any]],
        read: Callable[[Callable[[str], Any], str], Any] = parsed,
        picture: FoundObjects,
    ) -> None:
        self._source = source
        self._yields = steps.yields
        self._environment = steps.environment
        self._object_types = steps.object_types
        self._parsers = parsers
        self._read = read
        self._picture = picture
        self._kinds = source_kinds()
        self._live: dict[Task, None] = {}
        self._ended: deque[Outcome] = deque()
        self._started: dict[Witness, set[Focus | None]] = {}
        self._pending: Counter[str] = Counter()
        """Type -> live fetchings that may still lead to objects of that type."""
        self._unsure: dict[tuple[str, str | None], CalipsoError] = {}
        """Type and host (None: no particular host) -> the first reason why some of its objects may be unknown."""
        self._replies: dict[Query, Reply | CalipsoError] = {}
        self._answers: dict[tuple[Query, Query], Answer | CalipsoError] = {}
        """Request and query -> the answer as that query's parser reads it."""
        self._looked_up: dict[Query, Answer] = {}
        self._whole: set[Query] = set()
        """Narrowed requests without an answer: the full request is made instead."""
        self.queries: Counter[str] = Counter()
        self.rounds: Counter[str] = Counter()

    def started(self, witness: Witness) -> AbstractSet[Focus | None]:
        """Return the objects for which a step was started on a parent; empty if it was not, None for all."""
        return self._started.get(witness, set())

    def start(self, step: Step, parent: InventoryObject, focus: Focus | None = None) -> bool:
        """Start a step on a parent, for the objects that a small scan is about; False if it was started before."""
        task = Task(step, parent, focus)
        started = self._started.setdefault(task.witness, set())
        if None in started or focus in started:
            return False
        started.add(focus)
        self._live[task] = None
        self._pending.update(self._yields[step.name])
        self._begin(task)
        return True

    def _begin(self, task: Task) -> None:
        try:
            begun = fetching_of(task.step, task.parent, self._environment)
        except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; it is one fetching's failure
            self._stop(task, error)
            return
        if isinstance(begun, Generator):
            task.generator = begun
            self._advance(task, None)
        else:
            self._finish(task, begun)

    def run(self) -> Iterator[RoundBegan | Outcome]:
        """Yield each round as it begins and each fetching as it ends, until all have ended.

        The consumer must start the steps on the objects of an outcome before it takes the next one. Raises the error of
        a source without which the scan cannot continue.
        """
        yield from self._outcomes()
        while self._live:
            if queries := self._outstanding("before hosts"):
                yield from self._ask(queries)
            elif self._answer_lookups():
                pass
            elif queries := self._outstanding("hosts") or self._outstanding("after hosts"):
                yield from self._ask(queries)
            elif not self._answer_lookups(though_waiting=True):
                for task in self._cycle():
                    self._stop(task, LookupCycle(min(self._missing(task))))
            yield from self._outcomes()

    def _outcomes(self) -> Iterator[Outcome]:
        while self._ended:
            outcome = self._ended.popleft()
            yield outcome
            self._pending.subtract(self._yields[outcome.task.step.name])  # the steps on its objects have begun

    def _cycle(self) -> list[Task]:
        """Return the fetchings that wait only for each other, or for themselves."""
        kinds = dict.fromkeys((task.step.name, self._missing(task)) for task in self._live)
        awaited = {kind: [other for other in kinds if kind[1] & self._yields[other[0]]] for kind in kinds}
        reached = {kind: _closure(kind, awaited) for kind in kinds}
        closed = {kind for kind in kinds if all(kind in reached[other] for other in reached[kind])}
        return [task for task in self._live if (task.step.name, self._missing(task)) in closed]

    def _missing(self, task: Task) -> frozenset[str]:
        """Return the types that a fetching looks up without an answer so far."""
        waiting = (one for one in task.waiting if isinstance(one, Lookup))
        return frozenset(one.type for one in waiting if one not in self._looked_up)

    # --- asking

    def _outstanding(self, order: Order) -> list[Query]:
        """Return the requests of this turn that fetchings wait for and that have not been made yet."""
        own = (Formerly, Lookup)
        live = (pair for task in self._live for pair in self._requests(task) if not isinstance(pair[0], own))
        wanted = (request for query, request in live if request not in self._replies and self._turn_of(query) == order)
        return list(dict.fromkeys(wanted))

    def _requests(self, task: Task) -> Iterable[tuple[Query, Query]]:
        """Return the queries that a fetching waits for, each with the request that is made for it."""
        if not self._whole:
            return task.requests
        return [(query, query.request if request in self._whole else request) for query, request in task.requests]

    def _turn_of(self, query: Query) -> Order:
        """Return when a query is asked; if its kind is not installed, at once, to get the error."""
        kind = self._kinds.get(query.source)
        return "before hosts" if kind is None else kind.turn_of(query)

    def _ask(self, requests: Sequence[Query]) -> Iterator[RoundBegan]:
        for source in dict.fromkeys(request.source for request in requests):
            asked = [request for request in requests if request.source == source]
            self.rounds[source] += 1
            self.queries[source] += len(asked)
            hosts = {request.host for request in asked if request.host}
            yield RoundBegan(source, self.rounds[source], len(asked), len(hosts))
        replies = self._source.answer(requests)
        for request in requests:
            reply = replies.get(request)
            if reply is None:
                reply = FetcherRaised(type(self._source).__name__, f"no answer to {request}")
            if isinstance(reply, CalipsoError) and isinstance(reply, Fatal):
                raise reply
            self._replies[request] = reply
        self._unnarrow(requests)
        self._advance_ready()

    def _unnarrow(self, requests: Sequence[Query]) -> None:
        """Make the full request if a narrowed one failed: a recording lacks it, and an old service may reject it."""
        for task in (one for one in self._live if one.focus is not None):
            for query, request in task.requests:
                narrowed = request != query.request and request in requests
                if narrowed and isinstance(self._replies.get(request), CalipsoError):
                    self._whole.add(request)

    def _answer_lookups(self, *, though_waiting: bool = False) -> bool:
        ready = {
            query
            for task in self._live
            for query in task.waiting
            if isinstance(query, Lookup) and query not in self._looked_up and self._settled(query.type, though_waiting)
        }
        for query in ready:
            self._looked_up[query] = Answer(self._picture.look_up(query), None, self._doubt_about(query))
        self._advance_ready()
        return bool(ready)

    def _settled(self, type_: str, though_waiting: bool) -> bool:  # noqa: FBT001 - passed on by name above
        return self._pending[type_] == 0 and (though_waiting or self._picture.unplaced(type_) == 0)

    # --- advancing

    def _advance_ready(self) -> None:
        for task in list(self._live):
            if task in self._live and self._is_ready(task):
                self._advance(task, self._answers_of(task))

    def _is_ready(self, task: Task) -> bool:
        for query, request in self._requests(task):
            if request not in self._replies and query not in self._looked_up and not isinstance(query, Formerly):
                return False
        return True

    def _answers_of(self, task: Task) -> Answers:
        return task.answers({query: self._answer_to(task, query, request) for query, request in self._requests(task)})

    def _answer_to(self, task: Task, query: Query, request: Query) -> Answer | CalipsoError:
        if isinstance(query, Formerly):
            return Answer(self._picture.formerly(task))
        known = self._answers.get((request, query)) or self._looked_up.get(query)
        if known is None:
            known = read_reply(query, self._replies[request], self._parsers, read=self._read)
            self._answers[request, query] = known
        return known

    def _advance(self, task: Task, answers: Answers | None) -> None:
        assert task.generator is not None  # noqa: S101 - only generators are advanced
        ready = True
        while ready:
            try:
                task.wait_for(self._asked_by(task, answers))
            except StopIteration as stop:
                self._finish(task, stop.value)
                return
            except Exception as error:  # noqa: BLE001 - as in start()
                self._stop(task, error)
                return
            ready = self._is_ready(task)
            if ready:
                answers = self._answers_of(task)

    def _asked_by(self, task: Task, answers: Answers | None) -> tuple[Query, ...]:
        assert task.generator is not None  # noqa: S101 - as its caller
        task.turns += 1
        asked = task.generator.send(answers)  # type: ignore[arg-type]  # None starts a generator
        if task.turns > MAX_TURNS:
            raise RuntimeError(f"it has yielded queries {MAX_TURNS} times without finishing")
        return queries_of(task.step, asked, self._parsers, self._object_types)

    def _finish(self, task: Task, returned: Any) -> None:  # noqa: ANN401 - a plug-in may return anything
        try:
            found = found_of(task.step, returned)
        except PromiseBroken as error:
            self._stop(task, error)
            return
        del self._live[task]
        for gap in task.gaps.values():
            self._doubt(task, gap)
        self._ended.append(Outcome(task, found))

    def _stop(self, task: Task, error: Exception) -> None:
        if not isinstance(error, CalipsoError):
            logger.error("%s raised", task, exc_info=error)
            error = FetcherRaised(str(task), repr(error))
        task.cause = next(
            (query for query, request in self._requests(task) if self._answers.get((request, query)) is error), None
        )
        error.__traceback__ = None  # an error may end thousands of fetchings; a traceback would keep all their frames
        del self._live[task]
        self._doubt(task, error)
        self._ended.append(Outcome(task, error=error))

    def _doubt(self, task: Task, error: CalipsoError) -> None:
        host = task.parent.get("host")
        enriched = {task.parent.type} if task.step.type == task.parent.type else set()  # the object itself was found
        for type_ in self._yields[task.step.name] - enriched:
            self._unsure.setdefault((type_, host), error)

    def _doubt_about(self, query: Lookup) -> CalipsoError | None:
        """Return why a look-up may miss objects; a look-up within a host is not affected by other hosts."""
        hosts = [None, host] if (host := dict(query.equal).get("host")) else None
        return next(
            (e for (t, h), e in self._unsure.items() if t == query.type and (hosts is None or h in hosts)), None
        )


def _closure(start: Kind, following: Mapping[Kind, Sequence[Kind]]) -> set[Kind]:
    """Return everything that can be reached from a start; the start itself only if a path leads back."""
    found: set[Kind] = set()
    todo = [start]
    while todo:
        new = [one for one in following[todo.pop()] if one not in found]
        found.update(new)
        todo += new
    return found
