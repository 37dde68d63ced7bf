# SPDX-License-Identifier: Apache-2.0
"""Puts found objects in their places in the tree, and keeps what could not be examined."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from calipso_nornir.errors import DuplicateObject, FieldMissing, ParentUnknown
from calipso_nornir.model import ids
from calipso_nornir.model.evidence import derived
from calipso_nornir.model.objects import InventoryObject
from calipso_nornir.model.quickly_made import quickly_made
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.attribute_check import Facts
from calipso_nornir.scan.parent_check import PlaceCheck
from calipso_nornir.scan.working import ObjectState, Working

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.metadata.catalog import ObjectType, Step
    from calipso_nornir.model.evidence import Evidence
    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.refs import Witness
    from calipso_nornir.scan.before import Before
    from calipso_nornir.scan.focus import Focus
    from calipso_nornir.scan.report import Troubles
    from calipso_nornir.scan.surroundings import Surroundings

ON_DEMAND = derived("a folder that is there because something is in it")


class Placement(NamedTuple):
    """An object within the scan's scope and a step that found it, or added to it: the step's children run on it.

    The object is as the children see it: this step decides what it hands down. An object that several steps find
    arrives several times.
    """

    one: InventoryObject
    step: Step


@quickly_made
@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object comes from: the step and the witness that found it, and the evidence.

    ``partial``: missing attributes are unknown, not absent. ``focus``: the objects that the fetching concerned; others
    that it found are ignored.
    """

    step: Step
    witness: Witness
    evidence: tuple[Evidence, ...] = ()
    partial: bool = False
    focus: Focus | None = None


class Placer:
    """Makes ``InventoryObject``s of ``Fetched`` ones, in a ``Working`` picture.

    An object whose parent has not been placed yet waits for it: ``place`` and ``keep`` return what has arrived, the
    object itself and those that waited for it. A small scan has ``surroundings``: the known objects that it does not
    examine. Faults of an object are added to the troubles.
    """

    def __init__(  # noqa: PLR0913 - the picture now and before, and what may be in it
        self,
        working: Working,
        before: Before,
        *,
        started_at: datetime,
        troubles: Troubles,
        object_types: Mapping[str, ObjectType],
        surroundings: Surroundings | None = None,
    ) -> None:
        self._working = working
        self._before = before
        self._started_at = started_at
        self._surroundings = surroundings
        self._troubles = troubles
        self._places = PlaceCheck(object_types, troubles)
        self._facts = Facts(object_types, troubles)
        self._new: list[Placement] = []
        self._waiting: defaultdict[ObjectRef, list[tuple[Fetched | InventoryObject, Origin]]] = defaultdict(list)
        self._told: dict[tuple[ObjectRef, Witness], Focus | None] = {}
        """Object and witness -> the focus of that fetching."""
        self._blind: defaultdict[ObjectRef, set[Witness]] = defaultdict(set)
        """Found objects -> their witnesses that could not examine them again."""
        self.waiting_types: defaultdict[str, int] = defaultdict(int)
        """Type -> found objects that wait for their parent."""

    def place(self, fetched: Fetched, origin: Origin) -> list[Placement]:
        """Place one found object."""
        attributes = self._facts.checked(fetched, origin)
        self._place(fetched if attributes is fetched.attributes else replace(fetched, attributes=attributes), origin)
        return self._placements()

    def keep(self, old: InventoryObject, step: Step, witness: Witness) -> list[Placement]:
        """Keep a known object that a fetching could neither confirm nor deny."""
        self._keep(old, step, witness)
        return self._placements()

    def _placements(self) -> list[Placement]:
        arrived, self._new = self._new, []
        return arrived

    def add_context(self, one: InventoryObject) -> None:
        """Add a known object that the scan does not examine, so that others can be placed below it."""
        if one.ref not in self._working:
            self._working.put(one, ObjectState.CONTEXT)

    def settle(self) -> None:
        """Mark objects unconfirmed when a required step did not see them again; call it at the end of the scan.

        A switch that several hosts had found stays confirmed if only some of them failed. A host that the API lists is
        not confirmed if the login failed, because what only a login shows was not seen.
        """
        for ref, blind in self._blind.items():
            one = self._working.get(ref)
            if one is not None and {who.step for who in blind} - {who.step for who in one.found_by - blind}:
                old = self._before.get(ref)
                self._working.put(replace(one, scanned_at=old.scanned_at if old else None), ObjectState.FOUND)
                self._working.doubt(ref)

    def orphans(self) -> Iterator[tuple[Origin, CalipsoError]]:
        """Yield what still waits for a parent at the end of the scan; kept objects are removed with their parent.

        A small scan yields known objects only: others may belong below a new object that it does not examine.
        """
        for parent, waiting in self._waiting.items():
            for one, origin in waiting:
                if not isinstance(one, InventoryObject) and (
                    self._surroundings is None or self._was_known(one, origin)
                ):
                    problem = self._places.undeclared(parent.type)
                    yield origin, ParentUnknown(origin.step.type, one.id, parent.type, parent.id, problem)

    def unplaced(self) -> Iterator[ObjectRef]:
        """Yield what was found but still waits for a parent: it does not count as gone."""
        for waiting in self._waiting.values():
            for one, origin in waiting:
                yield ObjectRef(self._working.environment, origin.step.type, one.id)

    # --- putting

    def _ref(self, fetched: Fetched, origin: Origin) -> ObjectRef:
        return ObjectRef(self._working.environment, origin.step.type, fetched.id)

    def _place(self, fetched: Fetched, origin: Origin) -> None:
        if (origin.step.type, fetched.id) == (origin.witness.parent.type, origin.witness.parent.id):
            self._enrich(fetched, origin)
            return
        under = fetched.under or origin.witness.parent
        if self._is_there(under):
            self._put(fetched, under, origin)
        else:
            self._wait(under, fetched, origin)

    def _keep(self, old: InventoryObject, step: Step, witness: Witness) -> None:
        present = self._working.get(old.ref)
        if present is not None and self._working.state(old.ref) is ObjectState.FOUND:
            self._merge_with_before(present, old, step, witness)
            return
        if (present is not None and self._working.state(old.ref) is not ObjectState.CONTEXT) or old.parent is None:
            return
        if not self._is_there(old.parent):
            self._wait(old.parent, old, Origin(step, witness, partial=True))
            return
        if old.parent not in self._working:
            self._revived(old.parent)
        self._working.put(old, ObjectState.KEPT)
        self._arrived(old, step)

    def _put(self, fetched: Fetched, under: ObjectRef, origin: Origin) -> None:
        parent = self._working.get(under) or self._revived(under)
        if fetched.folder is not None:
            self._places.check(fetched.folder.type, parent.type, origin)
            parent = self._folder(fetched, parent)
        self._places.check(origin.step.type, parent.type, origin)
        wanted = origin.partial or not fetched.named
        old = self._before.get(self._ref(fetched, origin)) if wanted else None
        if old is not None and not fetched.named:
            fetched = replace(fetched, name=old.name, object_name=old.object_name)
        one = self._placed(fetched, parent, origin)
        if origin.focus is not None and not origin.focus.covers(one, self._ancestors):
            return
        known = self._working.get(one.ref)
        if known is not None and self._working.state(one.ref) is ObjectState.FOUND:
            self._found_again(known, one, origin)
            return
        if old is not None and origin.partial:
            one = _completed(one, old)
        self._working.put(one, ObjectState.FOUND)
        self._found(one, origin)

    def _placed(self, fetched: Fetched, parent: InventoryObject, origin: Origin) -> InventoryObject:
        ref = self._ref(fetched, origin)
        object_name = fetched.object_name or fetched.name
        return InventoryObject(
            ref=ref,
            name=fetched.name,
            parent=parent.ref,
            id_path=f"{parent.id_path}/{fetched.id}",
            name_path=f"{parent.name_path}/{ids.path_segment(object_name)}",
            attributes=fetched.attributes,
            evidence=origin.evidence,
            found_by=frozenset({origin.witness}),
            scanned_at=self._started_at,
            object_name=object_name,
            show_in_tree=fetched.show_in_tree and origin.step.show_in_tree,
            handed_down=origin.step.handed_down(fetched.id, fetched.name, fetched.attributes),
        )

    def _folder(self, fetched: Fetched, parent: InventoryObject) -> InventoryObject:
        assert fetched.folder is not None  # noqa: S101 - narrows the type; the caller has asked
        ref = fetched.folder.ref(parent.ref)
        known = self._working.get(ref)
        if known is not None and self._working.state(ref) is ObjectState.FOUND:
            return known
        where = {key: parent[key] for key in ("region", "host") if key in parent}
        folder = InventoryObject(
            ref=ref,
            name=fetched.folder.text,
            parent=parent.ref,
            id_path=f"{parent.id_path}/{ref.id}",
            name_path=f"{parent.name_path}/{ids.path_segment(fetched.folder.text)}",
            attributes={"text": fetched.folder.text, "create_object": True, **where},
            evidence=ON_DEMAND,
            scanned_at=self._started_at,
            object_name=fetched.folder.text,
            on_demand=True,
            handed_down=ref.id,
        )
        if self._surroundings is not None and self._surroundings.bring(ref):
            return self._working.get(ref) or folder
        self._working.put(folder, ObjectState.FOUND)
        return folder

    def _enrich(self, fetched: Fetched, origin: Origin) -> None:
        """Add a step's attributes to the object that it ran on."""
        target = self._working.get(origin.witness.parent)
        if target is None or self._working.state(target.ref) is ObjectState.CONTEXT:
            return
        old = self._before.get(target.ref) if origin.partial else None
        known = target if old is None else _completed(target, old)
        enriched = replace(
            known,
            attributes={**known.attributes, **fetched.attributes},
            evidence=_joined(origin.evidence, known.evidence),
            found_by=known.found_by | {origin.witness},
        )
        found = self._working.state(target.ref) is ObjectState.FOUND
        self._working.put(enriched, ObjectState.FOUND if found else ObjectState.KEPT)
        self._found(enriched, origin)

    def _found_again(self, known: InventoryObject, one: InventoryObject, origin: Origin) -> None:
        """Join what two fetchings say about one object; lists are merged, everything else must agree.

        If the same step found it on the same parent, for another focus, nothing is joined.
        """
        if self._told.get((one.ref, origin.witness), origin.focus) != origin.focus:
            return
        attributes = _agreed(known.attributes, one.attributes) if known.parent == one.parent else None
        if attributes is None:
            self._troubles.of(origin.witness, DuplicateObject(one.type, one.id, known.id_path, one.id_path))
            return
        old = self._before.get(one.ref) if origin.partial else None
        if old is not None:
            attributes = {**old.attributes, **attributes}
        joined = replace(
            known,
            attributes=attributes,
            evidence=_joined(known.evidence, one.evidence),
            found_by=known.found_by | one.found_by,
        )
        self._working.put(joined, ObjectState.FOUND)
        self._found(joined, origin)

    def _merge_with_before(self, present: InventoryObject, old: InventoryObject, step: Step, witness: Witness) -> None:
        """Keep the attributes found by a witness that could not examine the object again, and keep the witness.

        A witness with gaps has nevertheless seen this object if it is among those that found it now.
        """
        if witness not in present.found_by:
            self._blind[old.ref].add(witness)
        merged = replace(_completed(present, old), found_by=present.found_by | {witness})
        self._working.put(merged, ObjectState.FOUND)
        self._arrived(merged, step)

    # --- waiting

    def _is_there(self, ref: ObjectRef) -> bool:
        """Return whether an object is in the picture, or can be added to it."""
        if ref in self._working or self._on_demand_before(ref) is not None:
            return True
        return self._surroundings is not None and self._surroundings.bring(ref)

    def _was_known(self, one: Fetched, origin: Origin) -> bool:
        return self._before.get(ObjectRef(self._working.environment, origin.step.type, one.id)) is not None

    def _wait(self, parent: ObjectRef, one: Fetched | InventoryObject, origin: Origin) -> None:
        self._waiting[parent].append((one, origin))
        self.waiting_types[origin.step.type] += not isinstance(one, InventoryObject)

    def _found(self, one: InventoryObject, origin: Origin) -> None:
        self._told[one.ref, origin.witness] = origin.focus
        handed = origin.step.hand_down
        if handed not in ("id", "name") and one.get(handed) in (None, ""):
            self._troubles.of(origin.witness, FieldMissing(origin.step.name, handed, str(one.ref)))
        self._arrived(one, origin.step)

    def _arrived(self, one: InventoryObject, step: Step) -> None:
        """Register an object for the children of a step; each step that finds it, or adds to it, has children."""
        self._new.append(Placement(step.as_parent(one), step))
        for waiting, origin in self._waiting.pop(one.ref, ()):
            if isinstance(waiting, InventoryObject):
                self._keep(waiting, origin.step, origin.witness)
            else:
                self.waiting_types[origin.step.type] -= 1
                self._put(waiting, one.ref, origin)

    def _on_demand_before(self, ref: ObjectRef) -> InventoryObject | None:
        """Return a folder that was made on demand before and whose own parent exists (again)."""
        old = self._before.get(ref) if ref.type.endswith("_folder") else None
        return old if old is not None and old.on_demand and old.parent in self._working else None

    def _revived(self, ref: ObjectRef) -> InventoryObject:
        folder = self._before.get(ref)
        assert folder is not None  # noqa: S101 - _on_demand_before has seen it
        self._working.put(folder, ObjectState.KEPT)
        return folder

    def _ancestors(self, one: InventoryObject) -> list[InventoryObject]:
        above: list[InventoryObject] = []
        while one.parent is not None:
            found = self._working.get(one.parent) or self._before.get(one.parent)
            if found is None:
                break
            above.insert(0, found)
            one = found
        return above


def _completed(one: InventoryObject, old: InventoryObject) -> InventoryObject:
    """Add the old attributes to an object that was not seen completely."""
    return replace(one, attributes={**old.attributes, **one.attributes}, evidence=_joined(one.evidence, old.evidence))


def _joined(first: tuple[Evidence, ...], second: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Join the evidence of several fetchings, in an order that does not depend on which one came first."""
    known = {one.stable: one for one in [*second, *first]}
    return tuple(known[stable] for stable in sorted(known))


def _agreed(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any] | None:
    """Join attributes; None if they contradict each other."""
    joined = {**first, **second}
    for key in first.keys() & second.keys():
        mine, yours = first[key], second[key]
        if isinstance(mine, (list, tuple)) and isinstance(yours, (list, tuple)):
            joined[key] = _union(mine, yours)
        elif mine != yours:
            return None
    return joined


def _union(first: Any, second: Any) -> list[Any]:  # noqa: ANN401 - lists of JSON values
    by_text = {json.dumps(value, sort_keys=True, default=str): value for value in [*first, *second]}
    return [by_text[text] for text in sorted(by_text)]
