# SPDX-License-Identifier: Apache-2.0
"""A scan of a few objects: determines which steps examine them again, and what is gone afterwards.

Its scope is a set of (step, parent), each with a focus. For each object these steps run: all its witnesses, which look
for it again; the steps that run on it, place something below it, or find what concerns it; and the steps that find what
it is plugged into on its host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.model.objects import root_of
from calipso_nornir.scan.absence import Absence
from calipso_nornir.scan.focus import Focus
from calipso_nornir.scan.working import ObjectState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.metadata.catalog import Step
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef, Witness
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.gather import Gathering
    from calipso_nornir.scan.plan import Steps, Target


class SmallScan:
    """The gathering of a small scan; ``gone`` are the objects that no longer exist."""

    def __init__(self, gathering: Gathering, *, steps: Steps, before: Before, targets: Iterable[Target]) -> None:
        self.gone: frozenset[ObjectRef] = frozenset()
        self._gathering = gathering
        self._steps = steps
        self._before = before
        self._targets = list(targets)
        self._sought: set[ObjectRef] = set()
        """Objects for which every possible place was searched."""

    def run(self) -> None:
        """Gather; raises only errors that make continuing pointless."""
        for target in self._targets:
            self._begin(target)
        going_on = True
        while going_on:
            self._gathering.drain()
            absence = Absence(self._gathering, steps=self._steps, before=self._before)
            absence.settle()
            going_on = self._seek_missing(absence.gone) or self._ask_others(absence.unasked)
        self._gathering.settle()
        left_alone = {target.ref for target in self._targets if not target.itself}
        self.gone = frozenset(absence.gone - left_alone)

    # --- where to begin

    def _begin(self, target: Target) -> None:
        known = target.known
        if known is None:
            self._seek(target.ref)
        elif not target.itself or not (known.found_by or known.on_demand):
            self._gathering.bring(known.ref)
            for step in self._steps.of_object_type(known.type):
                if self._steps.runs_on(step, known):
                    self._gathering.start(step, known)
        else:
            self._begin_known(known)
        self._start_what_concerns(target)
        if known is not None:
            for type_ in sorted({known.type, *self._found_below(known.type)}):
                self._gathering.start_outward(type_, known.get("host"))

    def _begin_known(self, known: InventoryObject) -> None:
        about = self._before.children(known.ref) if known.on_demand else [known]
        for one in about:
            for witness in sorted(one.found_by, key=lambda who: (who.step, who.parent)):
                if witness.parent != one.ref:  # steps that only add to the object run on it once it is found
                    self._start_witness(witness, Focus(known.ref, None if known.on_demand else "id"))

    def _start_witness(self, witness: Witness, focus: Focus) -> bool:
        step, parent = self._steps.named(witness.step), self._parent(witness.parent)
        if step is None or parent is None:
            return False
        own = (step.asked_by or {}).get(focus.ref.type) == "id" and focus.by_id
        return self._gathering.start(step, parent, Focus(focus.ref, focus.attribute, narrowing=own))

    def _start_what_concerns(self, target: Target) -> None:
        """Start the steps elsewhere whose objects concern the target, or may be below it."""
        concerned = [step for step in self._steps.asked_by(target.ref.type) if self._relation(step, target) != "id"]
        for step in concerned:
            for parent in self._parents_of(step):
                self._gathering.start(step, parent, Focus.related(target.ref, self._relation(step, target)))
        for step in self._steps.placing_below(target.ref.type):
            if step not in concerned:
                for parent in self._parents_placing_below(step, target):
                    self._gathering.start(step, parent, Focus(target.ref, None))

    @staticmethod
    def _relation(step: Step, target: Target) -> str:
        return (step.asked_by or {})[target.ref.type]

    def _parents_placing_below(self, step: Step, target: Target) -> list[InventoryObject]:
        """Return the parents on which a step that does not run on a target may find objects below it.

        These are the target's ancestors, else all parents; none for steps that only find what belongs to their own
        parent, or that are known to place their objects only below other types.
        """
        above = self._before.ancestors(target.known) if target.known is not None else []
        near = [one for one in above if self._steps.runs_on(step, one)]
        if near or step.asked_by == {}:
            return near
        return self._parents_of(step) if self._may_place_there(step, target) else []

    def _may_place_there(self, step: Step, target: Target) -> bool:
        if not self._steps.may_stay(step):
            return True
        known = [one for one in self._before.of_type(step.type) if step.name in {who.step for who in one.found_by}]
        return not known or any(above.type == target.ref.type for one in known for above in self._before.ancestors(one))

    def _parents_of(self, step: Step) -> list[InventoryObject]:
        types = self._steps.run_on.get(step.name, frozenset())
        root = root_of(self._before.environment)
        found = [one for type_ in sorted(types - {root.type}) for one in self._before.of_type(type_)]
        return [one for one in found if self._steps.runs_on(step, one)] + ([root] if root.type in types else [])

    def _parent(self, ref: ObjectRef) -> InventoryObject | None:
        root = root_of(self._before.environment)
        return root if ref == root.ref else self._gathering.working.get(ref) or self._before.get(ref)

    def _found_below(self, type_: str) -> frozenset[str]:
        return frozenset().union(*(self._steps.yields[step.name] for step in self._steps.of_object_type(type_)))

    # --- going on

    def _seek_missing(self, lost: Iterable[ObjectRef]) -> bool:
        """Search for objects that were not found where they had been; return whether any search was started.

        These are targets, and objects that would otherwise count as gone: a detached port no longer concerns its
        server, and a server may have moved to a host that this scan does not examine.
        """
        missing = [one.ref for one in self._targets if one.itself and not self._is_found(one.ref)]
        sought = [self._seek(ref) for ref in dict.fromkeys([*missing, *sorted(lost)]) if ref not in self._sought]
        return any(sought)

    def _is_found(self, ref: ObjectRef) -> bool:
        return self._gathering.working.state(ref) in (ObjectState.FOUND, ObjectState.KEPT)

    def _seek(self, ref: ObjectRef) -> bool:
        """Search for an object everywhere, if its id is enough to ask for it."""
        self._sought.add(ref)
        steps = [step for step in self._steps.finding(ref.type) if (step.asked_by or {}).get(ref.type) == "id"]
        focus = Focus(ref, narrowing=True)
        return any([self._gathering.start(step, one, focus) for step in steps for one in self._parents_of(step)])  # noqa: C419 - each is started

    def _ask_others(self, unasked: Iterable[tuple[Witness, ObjectRef]]) -> bool:
        """Run all other witnesses of an object, because one of them has run; return whether there are any."""
        return any([self._start_witness(witness, Focus(ref)) for witness, ref in unasked])  # noqa: C419 - as above
