# SPDX-License-Identifier: Apache-2.0
"""Decides which objects are gone: a small scan did not find them again, though every step that had found them ran."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calipso_nornir.model.refs import Witness
from calipso_nornir.scan.working import ObjectState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.gather import Gathering
    from calipso_nornir.scan.plan import Steps


class Absence:
    """Determines what is gone.

    Attributes:
        gone: objects that no longer exist: no step finds them, or their parent is gone.
        unasked: other witnesses of objects that one witness found again or missed; they have to run, too.
    """

    def __init__(self, gathering: Gathering, *, steps: Steps, before: Before) -> None:
        self.gone: set[ObjectRef] = set()
        self.unasked: list[tuple[Witness, ObjectRef]] = []
        self._gathering = gathering
        self._working = gathering.working
        self._waiting = gathering.waiting()
        self._steps = steps
        self._before = before

    def settle(self) -> None:
        """Determine ``gone`` and ``unasked``."""
        moved: set[ObjectRef] = set()
        for one in self._missed():
            self._miss(one)
        for one in list(self._working.in_state(ObjectState.FOUND)):
            old = self._before.get(one.ref)
            if old is None:
                continue
            unasked = self._not_asked(old)
            lost = old.found_by - one.found_by - frozenset(unasked)  # they did not find it, or are gone themselves
            if unasked and not lost and _says_the_same(one, old):
                self._working.put(replace(old, scanned_at=one.scanned_at), ObjectState.FOUND)
            else:
                self.unasked += [(who, one.ref) for who in unasked]
            if old.parent is not None and old.parent != one.parent:
                moved.add(old.parent)
        self._empty(moved)

    def _missed(self) -> Iterator[InventoryObject]:
        for task in self._gathering.ended:
            yield from self._before.concerning(task.step.type, task.witness, task.focus)

    def _miss(self, one: InventoryObject) -> None:
        """Treat an object that a step did not find again as gone, unless another step may still find it."""
        if one.ref in self.gone or one.ref in self._waiting or self._is_there(one.ref):
            return
        unasked = self._not_asked(one)
        if unasked:
            self.unasked += [(who, one.ref) for who in unasked]
        else:
            self._lose(one)

    def _lose(self, one: InventoryObject) -> None:
        """Record that an object and all below it are gone, and examine what the steps on it had found elsewhere."""
        self.gone.add(one.ref)
        for child in self._before.children(one.ref):
            if child.ref not in self.gone and child.ref not in self._waiting and not self._is_there(child.ref):
                self._lose(child)
        for step in self._steps.of_object_type(one.type):
            for found in self._before.found_by(step.type, Witness(step.name, one.ref)):
                self._miss(found)
        if one.parent is not None:
            self._empty({one.parent})

    def _is_there(self, ref: ObjectRef) -> bool:
        return self._working.state(ref) in (ObjectState.FOUND, ObjectState.KEPT)

    def _not_asked(self, one: InventoryObject) -> list[Witness]:
        """Return witnesses of an object that did not run, except those whose own object is gone."""
        return [
            who
            for who in one.found_by
            if who.parent not in (one.ref, *self.gone)
            and self._steps.named(who.step) is not None
            and not self._gathering.was_asked(who, one)
        ]

    def _empty(self, parents: set[ObjectRef]) -> None:
        """Treat folders that were created on demand as gone when they are empty."""
        for ref in parents - self.gone:
            folder = self._before.get(ref)
            if folder is None or not folder.on_demand or self._is_there(ref) or self._working.children(ref):
                continue
            left = [child for child in self._before.children(ref) if child.ref not in self.gone]
            if all(self._moved(child) for child in left):
                self._lose(folder)

    def _moved(self, child: InventoryObject) -> bool:
        now = self._working.get(child.ref)
        return now is not None and now.parent != child.parent


def _says_the_same(one: InventoryObject, old: InventoryObject) -> bool:
    """Return whether the witnesses that found an object now report exactly what all of them had reported."""
    same = (one.name, one.parent, one.id_path, one.name_path) == (old.name, old.parent, old.id_path, old.name_path)
    return same and one.found_by <= old.found_by and dict(one.attributes) == dict(old.attributes)
