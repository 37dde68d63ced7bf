# SPDX-License-Identifier: Apache-2.0
"""Gathers the inventory of one scan: starts the steps, places what they find, keeps what they could not see."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError, CommandFailed, CommandTimedOut, HostExcluded, SudoRefused
from calipso_nornir.model.objects import root_of
from calipso_nornir.scan.asking import Outcome, Rounds
from calipso_nornir.scan.events import ObjectsFound
from calipso_nornir.scan.placing import Origin, Placer
from calipso_nornir.scan.report import StepCount
from calipso_nornir.scan.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.queries import Lookup, Query
    from calipso_nornir.model.refs import ObjectRef, Witness
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.events import Progress
    from calipso_nornir.scan.live import Task
    from calipso_nornir.scan.placing import Arrival
    from calipso_nornir.scan.plan import Scope, Steps
    from calipso_nornir.scan.report import ScanReport, Severity, Troubles


class Gathering:
    """One run through the steps; ``working`` is the picture afterwards."""

    def __init__(  # noqa: PLR0913 - everything a scan is made of comes together here
        self,
        source: Source,
        *,
        steps: Steps,
        parsers: Mapping[str, Callable[[str], Any]],
        before: Before,
        report: ScanReport,
        troubles: Troubles,
        progress: Progress,
        scope: Scope | None = None,
    ) -> None:
        self.working = Working(before.environment)
        self._steps = steps
        self._before = before
        self._report = report
        self._troubles = troubles
        self._progress = progress
        self._scope = scope
        self._complete_types: set[str] = set()
        self._unsure: list[Task] = []
        self._placer = Placer(
            self.working,
            before,
            started_at=report.started_at,
            scope=scope,
            troubles=troubles,
            object_types=steps.object_types,
        )
        self._rounds = Rounds(source, steps=steps, parsers=parsers, picture=self)

    def run(self) -> Working:
        """Gather; raises only the errors that make going on pointless."""
        try:
            if self._scope is None:
                self._start_all()
            else:
                self._start_scope(self._scope)
            for event in self._rounds.run():
                if isinstance(event, Outcome):
                    self._take(event)
                else:
                    self._progress(event)
        finally:
            self._report.queries.update(self._rounds.queries)
            self._report.rounds.update(self._rounds.rounds)
        for task in self._unsure:  # what was found by others only after a fetching had failed
            self._keep(task)
        self._placer.settle()
        for origin, error in self._placer.orphans():
            self._troubles.of(origin.witness, error)
        return self.working

    def may_be_gone(self, scope: Scope) -> frozenset[str]:
        """Return the ``_id``s of what a partial scan would have found if it were still there."""
        inside = {one.ref for one in self._before.below(scope.ref)} | ({scope.ref} if scope.scan_self else set())
        for ref in self._placer.unplaced():
            inside -= {ref, *(one.ref for one in self._before.below(ref))}
        return frozenset(ref.document_id for ref in inside)

    def complete(self, types: Sequence[str]) -> None:
        """Bring in, as context, all objects of some types that are outside of a partial scan's scope."""
        if self._scope is None:
            return
        for type_ in types:
            if type_ not in self._complete_types:
                self._complete_types.add(type_)
                for one in self._before.of_type(type_):
                    if one.ref not in self._inside:
                        self._placer.add_context(one)

    @cached_property
    def _inside(self) -> frozenset[ObjectRef]:
        """What a partial scan is about, as it was before."""
        if self._scope is None:
            return frozenset()
        return frozenset({self._scope.ref, *(one.ref for one in self._before.below(self._scope.ref))})

    # --- where to begin

    def _start_all(self) -> None:
        root = root_of(self.working.environment)
        self._placer.add_context(root)
        for step in self._steps.root:
            self._rounds.start(step, root)

    def _start_scope(self, scope: Scope) -> None:
        for one in self._ancestors(scope.target):
            self._placer.add_context(one)
        if scope.scan_self:
            for witness in sorted(scope.target.found_by, key=lambda one: (one.step, one.parent)):
                if witness.parent != scope.ref:  # what enriches the target runs on it once it is found
                    self._start_witness(witness)
        # One that was made on demand is not put in: it comes back with the first thing that is found in it.
        if not scope.scan_self or not (scope.target.found_by or scope.target.on_demand):
            self._placer.add_context(scope.target)
            for step in self._steps.of_object_type(scope.target.type):
                if self._steps.runs_on(step, scope.target):
                    self._start(step, scope.target)
        self._start_from_elsewhere(scope)

    def _start_from_elsewhere(self, scope: Scope) -> None:
        for step in self._steps.placing_below(scope.target.type):
            if self._has_placed_there(step, scope.target.type):
                for parent in self._parents_for(step, scope):
                    self._start(step, parent)

    def _has_placed_there(self, step: Step, type_: str) -> bool:
        """Tell whether a step is known to place objects below one of a type; when there is none yet, it may.

        By their types vNICs of services might be those of an instance, as networks are those of a project.
        """
        if not self._steps.may_stay(step):
            return True
        known = [one for one in self._before.of_type(step.type) if step.name in {who.step for who in one.found_by}]
        return not known or any(above.type == type_ for one in known for above in self._ancestors(one))

    def _start_witness(self, witness: Witness) -> None:
        step = self._steps.named(witness.step)
        root = root_of(self.working.environment)
        parent = root if witness.parent == root.ref else self._before.get(witness.parent)
        if step is not None and parent is not None:
            for one in [*self._ancestors(parent), parent]:
                self._placer.add_context(one)
            self._start(step, parent)

    def _start(self, step: Step, known: InventoryObject) -> None:
        self._rounds.start(step, self._steps.as_parent_of(step, known))

    def _parents_for(self, step: Step, scope: Scope) -> list[InventoryObject]:
        types = self._steps.run_on.get(step.name, frozenset())
        above = [one for one in self._ancestors(scope.target) if self._steps.runs_on(step, one)]
        known = (one for type_ in sorted(types) for one in self._before.of_type(type_))
        chosen = above or [one for one in known if self._steps.runs_on(step, one)]
        for one in chosen:
            for context in [*self._ancestors(one), one]:
                self._placer.add_context(context)
        return chosen

    def _ancestors(self, one: InventoryObject) -> list[InventoryObject]:
        above: list[InventoryObject] = []
        parent = one.parent
        root = root_of(self.working.environment)
        while parent is not None:
            known = root if parent == root.ref else self._before.get(parent)
            if known is None:
                break
            above.append(known)
            parent = known.parent
        return list(reversed(above))

    # --- the picture, as rounds see it

    def look_up(self, query: Lookup) -> list[InventoryObject]:
        """Answer a look-up from the picture, completed from the store where the scan is a partial one."""
        self.complete([query.type])
        return self.working.look_up(query.type, dict(query.equal))

    def unplaced(self, type_: str) -> int:
        """Return how many found objects of a type still wait for their parent."""
        return self._placer.waiting_types[type_]

    # --- taking outcomes

    def _take(self, outcome: Outcome) -> None:
        task, count = outcome.task, self._report.steps.setdefault(outcome.task.step.name, StepCount())
        count.attempted += 1
        for notice in task.told:
            self._troubles.note(notice, "notice", str(task))
        if outcome.error is not None:
            count.failed += 1
            self._troubles.note(outcome.error, _severity(task.cause, outcome.error), str(task))
        else:
            self._place(task, outcome.found, count)
        if outcome.error is not None or task.gaps:
            self._unsure.append(task)
            self._keep(task)

    def _place(self, task: Task, objects: Sequence[Fetched], count: StepCount) -> None:
        count.found += len(objects)
        if task.gaps or task.blanks:
            count.incomplete += 1
        else:
            count.ok += 1
        for query, error in [*task.gaps.items(), *task.blanks.items()]:
            self._troubles.note(error, _severity(query, error), str(task))
        new = sum(self.working.get(task.parent.sibling(task.step.type, one.id)) is None for one in objects)
        for fetched, partial in zip(objects, task.partials(objects), strict=True):
            origin = Origin(task.step, task.witness, task.evidence_of(fetched), partial)
            self._start_below(self._placer.place(fetched, origin))
        if new:  # what only adds to objects that others found is not counted twice
            self._progress(ObjectsFound(task.step.type, new, task.parent.id_path.count("/")))

    def _keep(self, task: Task) -> None:
        for old in self._before.found_by(task.step.type, task.witness):
            self._start_below(self._placer.keep(old, task.step, task.witness))

    def _start_below(self, arrivals: Iterable[Arrival]) -> None:
        for one, step in arrivals:
            for child in self._steps.below(step):
                self._rounds.start(child, one)


def _severity(query: Query | None, error: CalipsoError) -> Severity:
    """Tell what an error is worth: a program that may well be missing, or has nothing to say, did at least answer."""
    answered = isinstance(error, CommandFailed) and not isinstance(error, (CommandTimedOut, SudoRefused))
    optional = answered and getattr(query, "optional", False)
    return "notice" if optional or isinstance(error, HostExcluded) else "failure"
