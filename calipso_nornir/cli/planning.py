# SPDX-License-Identifier: Apache-2.0
"""Makes a plan of the options of a scan: finds the object that they mean, and checks what they say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.cli.scan_options import IdField
from calipso_nornir.cli.text import pasteable, plain
from calipso_nornir.errors import AmbiguousObject, InvalidRequest, UnknownObject
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.scan.plan import ScanPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.cli.scan_options import ScanOptions
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import StoreView

MANY = 10_000
ENVIRONMENT = "environment"


def plan_of(options: ScanOptions, view: StoreView) -> ScanPlan:
    """Return the plan. Raises UsageError: the object is not known, not the only one, or not where it should be."""
    target = _target(options, view)
    return ScanPlan(
        object_id=target.id if target else None,
        object_type=target.type if target else None,
        scan_self=options.scan_self,
        inventory_only=options.inventory_only,
        links_only=options.links_only,
        cliques_only=options.cliques_only,
        implicit_links=options.implicit_links,
        clear=options.clear,
        metadata=options.folders,
        record=options.record,
    )


def _target(options: ScanOptions, view: StoreView) -> InventoryObject | None:
    """Return the object of a partial scan; None when the environment itself is meant."""
    if options.id is None or (options.type in (None, ENVIRONMENT) and options.id == view.environment):
        return None
    type_ = None if options.type == ENVIRONMENT else options.type
    candidates = _by_name if options.id_field is IdField.NAME else _by_id
    found = list(candidates(view, options.id, type_))
    wanted = plain(f"{options.type} {options.id}" if options.type else options.id)
    if not found:
        raise UnknownObject(view.environment, wanted)
    if len(found) > 1:
        lines = tuple(f"{pasteable(one.type, one.id)}  {plain(one.name_path)}" for one in found)
        remedy = "Give --id ID" + ("" if type_ else " and --type TYPE") + "; these are TYPE:ID."
        raise AmbiguousObject(wanted, lines, remedy)
    _check_parent(options, view, found[0])
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


def _check_parent(options: ScanOptions, view: StoreView, target: InventoryObject) -> None:
    """Check that what was said of the parent is so; folders between the two do not matter."""
    said = (options.parent_type, options.parent_id)
    if said == (None, None):
        return
    for above in _above(view, target):
        if options.parent_id in (None, above.id) and options.parent_type in (None, above.type):
            return
    parent = plain(" ".join(part for part in said if part))
    raise InvalidRequest(f"{target.type} {plain(target.name)} is not under {parent}: it is {plain(target.name_path)}")


def _above(view: StoreView, one: InventoryObject) -> Iterator[ObjectRef]:
    at = one.parent
    while at is not None:
        yield at
        parent = view.get(at)
        at = parent.parent if parent is not None else None
