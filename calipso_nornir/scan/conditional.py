# SPDX-License-Identifier: Apache-2.0
"""Conditions of steps and clique types, evaluated for one object: itself, its host, and that host's agents.

A step waits for the objects that its condition names, as a fetcher does with a look-up. If these are unknown because
their source failed, the step runs: a needless query is better than a missing one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import PromiseBroken
from calipso_nornir.model.queries import Lookup
from calipso_nornir.model.when import (
    AGENTS,
    ENVIRONMENT,
    HOST,
    OBJECT,
    TYPES,
    UNKNOWN,
    about,
    about_objects,
    holds,
    host_of,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.metadata.catalog import Candidate, Catalog, Step
    from calipso_nornir.model.cliques import CliqueType
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.when import Facts, Known
    from calipso_nornir.scan.report import Troubles
    from calipso_nornir.scan.working import Working


def fetching_of(step: Step, parent: InventoryObject, environment: Environment) -> Any:  # noqa: ANN401 - a plug-in may give anything
    """Begin a step on an object: its fetcher's own fetching, or one that first evaluates the condition."""
    return step.fetcher.get(parent) if not step.when else _when(step, parent, environment)


def _when(step: Step, parent: InventoryObject, environment: Environment) -> Fetching:
    host = host_of(parent)
    named = {subject for subject, *_ in told(step.when)} & TYPES.keys()
    lookups = {subject: Lookup.of(TYPES[subject], {"host": host}) for subject in sorted(named)} if host else {}
    facts: dict[str, Known] = {
        ENVIRONMENT: about(environment),
        OBJECT: about_objects([parent]),
        HOST: about_objects([]),
        AGENTS: about_objects([]),
    }
    if lookups:
        answers = yield list(lookups.values())
        for subject, query in lookups.items():
            facts[subject] = about_objects(answers[query]) if answers.whole(query) else UNKNOWN
    if holds(step.when, facts) is False:
        return []
    begun: Any = step.fetcher.get(parent)
    found: Any = (yield from begun) if isinstance(begun, Generator) else begun
    return found  # type: ignore[no-any-return]  # whatever a plug-in returns is checked by the rounds


class CliqueChoice:
    """The clique type of each object, chosen by the environment and by ``when``."""

    def __init__(self, catalog: Catalog, environment: Environment, working: Working, troubles: Troubles) -> None:
        self._candidates = {one: catalog.clique_types_for(environment, one) for one in catalog.focal_types()}
        self._environment = environment
        self._working = working
        self._troubles = troubles

    def possible(self) -> list[CliqueType]:
        """Return every clique type that an object may have."""
        return [one.clique_type for candidates in self._candidates.values() for one in candidates]

    def groups(self) -> Iterator[tuple[CliqueType, list[InventoryObject]]]:
        """Yield clique types, each with the objects to which it applies, ordered by id."""
        for focal_type, candidates in self._candidates.items():
            objects: defaultdict[int, list[InventoryObject]] = defaultdict(list)
            for one in self._working.of_type(focal_type) if candidates else ():
                place = self._place(one, candidates)
                if place is not None:
                    objects[place].append(one)
            for place, candidate in enumerate(candidates):
                if place in objects:
                    yield candidate.clique_type, objects[place]

    def of(self, one: InventoryObject) -> CliqueType | None:
        """Return the clique type of one object, if it has one."""
        candidates = self._candidates.get(one.type, ())
        place = self._place(one, candidates)
        return None if place is None else candidates[place].clique_type

    def _place(self, one: InventoryObject, candidates: Sequence[Candidate]) -> int | None:
        """Return the index of the most specific candidate that matches; without conditions there is only one."""
        if not any(candidate.clique_type.when for candidate in candidates):
            return 0 if candidates else None
        facts = self._facts(one)
        fitting = [place for place, candidate in enumerate(candidates) if holds(candidate.clique_type.when, facts)]
        if not fitting:
            return None
        equal = [candidates[place] for place in fitting if candidates[place].rank == candidates[fitting[0]].rank]
        if len(equal) > 1:
            self._tell([candidate.clique_type for candidate in equal])
        return fitting[0]

    def _facts(self, one: InventoryObject) -> Facts:
        host = host_of(one)
        return {
            ENVIRONMENT: about(self._environment),
            OBJECT: about_objects([one]),
            HOST: about_objects([found] if host and (found := self._working.get(one.sibling("host", host))) else ()),
            AGENTS: about_objects(self._working.look_up(TYPES[AGENTS], {"host": host}) if host else ()),
        }

    def _tell(self, equal: Sequence[CliqueType]) -> None:
        """Report that their order decides which one is used; only once, for any number of objects."""
        first, *others = (f'"{one.name}" ({one.origin})' for one in equal)
        problem = f"fits some objects no better than {' and '.join(others)}; the first is used. Make one more specific"
        self._troubles.fail(PromiseBroken(f"clique type {first}", problem), f"cliques of {equal[0].focal_point_type}")
