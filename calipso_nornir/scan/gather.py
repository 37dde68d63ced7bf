# SPDX-License-Identifier: Apache-2.0
"""Gathers the inventory of one scan: starts the steps, places what they find, and keeps what they could not see."""

from __future__ import annotations

import weakref
from collections import Counter
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import CalipsoError, CommandFailed, CommandTimedOut, HostExcluded, SudoRefused
from calipso_nornir.model.objects import root_of
from calipso_nornir.model.queries import ReachableHosts
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.asking import Outcome, Rounds
from calipso_nornir.scan.placing import Origin, Placer
from calipso_nornir.scan.plan import HOST
from calipso_nornir.scan.progress_events import ObjectsFound
from calipso_nornir.scan.readings import parsed
from calipso_nornir.scan.report import StepCount
from calipso_nornir.scan.surroundings import Surroundings
from calipso_nornir.scan.working import Working

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.queries import Lookup, Query
    from calipso_nornir.model.refs import Witness
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.focus import Focus
    from calipso_nornir.scan.placing import Placement
    from calipso_nornir.scan.plan import Steps, Target
    from calipso_nornir.scan.progress_events import Progress
    from calipso_nornir.scan.report import ScanReport, Severity, Troubles
    from calipso_nornir.scan.running_fetching import Task


class Gathering:
    """One run through steps; ``working`` is the picture so far.

    A full scan calls ``run``. A small one starts the steps that it needs and calls ``drain``, as often as necessary,
    then ``settle``; other objects join the picture unchanged if something depends on them.
    """

    def __init__(  # noqa: PLR0913 - all parts of a scan are combined here
        self,
        source: Source,
        *,
        steps: Steps,
        parsers: Mapping[str, Callable[[str], Any]],
        before: Before,
        report: ScanReport,
        troubles: Troubles,
        progress: Progress,
        targets: Collection[Target] = (),
        read: Callable[[Callable[[str], Any], str], Any] = parsed,
    ) -> None:
        self.working = Working(before.environment)
        self.ended: list[Task] = []
        """The fetchings that saw everything that they should see."""
        self._steps = steps
        self._before = before
        self._report = report
        self._troubles = troubles
        self._progress = progress
        self._about = frozenset(one.ref for one in targets)
        self._left_alone = frozenset(one.ref for one in targets if not one.itself)
        self._unsure: list[tuple[Task, Collection[str] | None]] = []
        """The fetchings that missed something, each with the ids of objects to keep; None: all that it had found."""
        self._surroundings = Surroundings(self.working, before, self.looked_at) if targets else None
        self._placer = Placer(
            self.working,
            before,
            started_at=report.started_at,
            troubles=troubles,
            object_types=steps.object_types,
            surroundings=self._surroundings,
        )
        # a proxy: a circular reference would keep all answers in memory until the scan has ended
        self._rounds = Rounds(source, steps=steps, parsers=parsers, read=read, picture=weakref.proxy(self))

    def run(self) -> Working:
        """Gather everything; raises only errors that make continuing pointless."""
        root = root_of(self.working.environment)
        self._placer.add_context(root)
        for step in self._steps.root:
            self._rounds.start(step, root)
        self.drain()
        self.settle()
        return self.working

    def start(self, step: Step, known: InventoryObject, focus: Focus | None = None) -> bool:
        """Start a step on a known object, unless this scan examines that object itself: the step then starts later.

        Return whether it starts now.
        """
        if self._surroundings is not None and not self._surroundings.bring(known.ref):
            return False
        parent = self.working.get(known.ref) or known
        return self._rounds.start(step, self._steps.as_parent_of(step, parent), focus)

    def drain(self) -> None:
        """Run until all fetchings have ended."""
        try:
            for event in self._rounds.run():
                if isinstance(event, Outcome):
                    self._take(event)
                else:
                    self._progress(event)
        finally:
            self._report.queries = Counter(self._rounds.queries)
            self._report.rounds = Counter(self._rounds.rounds)
        for task, ids in self._unsure:  # again: other steps may have found such objects after a fetching had failed
            self._keep(task, ids)

    def settle(self) -> None:
        """Mark what is unconfirmed, and report what could not be placed; call it when everything has been found."""
        self._placer.settle()
        for origin, error in self._placer.orphans():
            self._troubles.of(origin.witness, error)

    def bring(self, ref: ObjectRef) -> None:
        """Add an object to the picture that this scan does not examine."""
        if self._surroundings is not None:
            self._surroundings.bring(ref)

    def was_asked(self, witness: Witness, one: InventoryObject) -> bool:
        """Return whether a witness of an object was started for it."""
        started = self._rounds.started(witness)
        return any(focus is None or focus.covers(one, self._before.ancestors) for focus in started)

    def looked_at(self, one: InventoryObject) -> bool:
        """Return whether this scan examines a known object: if it is not found again, it is gone."""
        if one.ref in self._about:
            return one.ref not in self._left_alone
        if any(above.ref in self._about for above in self._before.ancestors(one)):
            return True
        return any(self.was_asked(witness, one) for witness in one.found_by)

    def unplaced(self, type_: str) -> int:
        """Return how many found objects of a type still wait for their parent."""
        return self._placer.waiting_types[type_]

    def waiting(self) -> frozenset[ObjectRef]:
        """Return what was found but still waits for its parent: it does not count as gone."""
        return frozenset(self._placer.unplaced())

    # --- the picture, as rounds see it

    def look_up(self, query: Lookup) -> list[InventoryObject]:
        """Answer a look-up from the picture, completed by what a small scan does not examine."""
        equal = dict(query.equal)
        if self._surroundings is not None:
            self._surroundings.bring_all(query.type, equal)
        return self.working.look_up(query.type, equal)

    def formerly(self, task: Task) -> Sequence[InventoryObject]:
        """Return what a fetching had found in earlier scans, as far as this one concerns it."""
        return self._before.concerning(task.step.type, task.witness, task.focus)

    # --- taking outcomes

    def _take(self, outcome: Outcome) -> None:
        task = outcome.task
        count = self._report.steps.get(task.step.name)
        if count is None:
            count = self._report.steps[task.step.name] = StepCount()
        count.attempted += 1
        for notice in task.told:
            self._troubles.note(notice, "notice", str(task))
        if outcome.error is not None:
            count.failed += 1
            self._troubles.note(outcome.error, _severity(task.cause, outcome.error), str(task))
        else:
            self._place(task, outcome.found, count)
        if outcome.error is not None or task.gaps:
            self._keep_unseen(task)
            return
        if task.kept:
            self._keep_unseen(task, task.kept)
        self.ended.append(task)

    def _place(self, task: Task, objects: Sequence[Fetched], count: StepCount) -> None:
        count.found += len(objects)
        self._report.read_answers |= any(not isinstance(query, ReachableHosts) for query in task.read)
        if task.gaps or task.blanks or task.kept:
            count.incomplete += 1
        else:
            count.ok += 1
        for error in dict.fromkeys(task.kept.values()):
            self._troubles.note(error, "failure", str(task))
        for query, error in [*task.gaps.items(), *task.blanks.items()]:
            self._troubles.note(error, _severity(query, error), str(task))
        objects = [one for one in objects if self._is_about(task, one)]
        new = sum(self.working.get(task.parent.sibling(task.step.type, one.id)) is None for one in objects)
        for fetched, partial in zip(objects, task.partials(objects), strict=True):
            origin = Origin(task.step, task.witness, task.evidence_of(fetched), partial, task.focus)
            alone = self._of_many(task, fetched)
            self._start_below(
                placement for placement in self._placer.place(fetched, origin) if placement[0].ref != alone
            )
        if new:  # a step that only adds to other steps' objects does not count them again
            self._progress(ObjectsFound(task.step.type, new, task.parent.id_path.count("/")))

    def _keep_unseen(self, task: Task, ids: Collection[str] | None = None) -> None:
        self._unsure.append((task, ids))
        self._keep(task, ids)

    def _keep(self, task: Task, ids: Collection[str] | None) -> None:
        for old in self.formerly(task):
            if old.ref not in self._left_alone and (ids is None or old.id in ids):
                self._start_below(self._placer.keep(old, task.step, task.witness))

    def _start_below(self, placements: Iterable[Placement]) -> None:
        for one, step in placements:
            for child in self._steps.below(step):
                self._rounds.start(child, one)
            if self._surroundings is not None:
                self.start_outward(one.type, one.get("host"))

    def start_outward(self, type_: str, host: object) -> None:
        """Start the steps that find what objects of a type are plugged into on a host."""
        steps = self._steps.outward(type_)
        known = self._before.get(ObjectRef(self.working.environment, HOST, str(host))) if steps and host else None
        if known is not None:
            for step in steps:
                if self._steps.runs_on(step, known):
                    self.start(step, known)

    def _is_about(self, task: Task, fetched: Fetched) -> bool:
        if self._left_alone and task.parent.sibling(task.step.type, fetched.id) in self._left_alone:
            return False
        focus = task.focus
        return focus is None or focus.may_cover(fetched.id, fetched.attributes.get(focus.attribute or ""))

    def _of_many(self, task: Task, fetched: Fetched) -> ObjectRef | None:
        """Return a known object below which nothing is examined, because it concerns others, too."""
        if task.focus is None or not task.focus.of_many:
            return None
        known = self._before.get(task.parent.sibling(task.step.type, fetched.id))
        return None if known is None or self._is_about_all_of(known) else known.ref

    def _is_about_all_of(self, one: InventoryObject) -> bool:
        return one.ref in self._about or any(above.ref in self._about for above in self._before.ancestors(one))


def _severity(query: Query | None, error: CalipsoError) -> Severity:
    """Return the severity of an error: an optional program that is missing or reports nothing is only a notice."""
    answered = isinstance(error, CommandFailed) and not isinstance(error, (CommandTimedOut, SudoRefused))
    optional = answered and getattr(query, "optional", False)
    return "notice" if optional or isinstance(error, HostExcluded) else "failure"
