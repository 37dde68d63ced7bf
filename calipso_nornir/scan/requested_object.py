# SPDX-License-Identifier: Apache-2.0
"""Plans a scan of one object: finds the object that a request names, and checks what the request says about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from calipso_nornir.errors import AmbiguousObject, InvalidRequest, UnknownObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.text import pasteable, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.scan.plan import ScanPlan

MANY = 10_000
ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedObject:
    """What a request says about the object to scan.

    Attributes:
        id: its id, or its name with ``by_name``; None means the whole environment.
        type: its type, if another object may have the same id.
        parent_id, parent_type: an ancestor that it must have; checked if given.
    """

    id: str | None = None
    type: str | None = None
    by_name: bool = False
    parent_id: str | None = None
    parent_type: str | None = None


def planned(plan: ScanPlan, target: RequestedObject, view: StoreView) -> ScanPlan:
    """Return the plan with the target as its object.

    Raises UsageError if the object is not known, is ambiguous, or is not where it should be.
    """
    one = _object_of(target, view)
    return plan if one is None else replace(plan, object_id=one.id, object_type=one.type)


def _object_of(target: RequestedObject, view: StoreView) -> InventoryObject | None:
    """Return the object of a partial scan; None if the environment itself is meant."""
    if target.id is None or (target.type in (None, ENVIRONMENT) and target.id == view.environment):
        return None
    type_ = None if target.type == ENVIRONMENT else target.type
    candidates = _by_name if target.by_name else _by_id
    found = list(candidates(view, target.id, type_))
    wanted = plain(f"{target.type} {target.id}" if target.type else target.id)
    if not found:
        raise UnknownObject(view.environment, wanted)
    if len(found) > 1:
        lines = tuple(f"{pasteable(one.type, one.id)}  {plain(one.name_path)}" for one in found)
        remedy = "Give --id ID" + ("" if type_ else " and --type TYPE") + "; these are TYPE:ID."
        raise AmbiguousObject(wanted, lines, remedy)
    _check_parent(target, view, found[0])
    return found[0]


def _by_id(view: StoreView, id_: str, type_: str | None) -> Iterator[InventoryObject]:
    for one in [type_] if type_ else list(view.counts()):
        found = view.get(ObjectRef(view.environment, one, id_))
        if found is not None:
            yield found


def _by_name(view: StoreView, name: str, type_: str | None) -> Iterator[InventoryObject]:
    for one in view.search(name, limit=MANY):
        if one.name == name and type_ in (None, one.type):
            yield one


def _check_parent(target: RequestedObject, view: StoreView, one: InventoryObject) -> None:
    """Check that the object has the given ancestor; folders between the two do not matter."""
    said = (target.parent_type, target.parent_id)
    if said == (None, None):
        return
    for above in _above(view, one):
        if target.parent_id in (None, above.id) and target.parent_type in (None, above.type):
            return
    parent = plain(" ".join(part for part in said if part))
    raise InvalidRequest(f"{one.type} {plain(one.name)} is not under {parent}: it is {plain(one.name_path)}")


def _above(view: StoreView, one: InventoryObject) -> Iterator[ObjectRef]:
    at = one.parent
    while at is not None:
        yield at
        parent = view.get(at)
        at = parent.parent if parent is not None else None
