# SPDX-License-Identifier: Apache-2.0
"""What a scan is asked to do: the options of the guide's scan script, checked, as a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from calipso_nornir.cli.text import pasteable, plain
from calipso_nornir.errors import AmbiguousObject, InvalidRequest, NotAvailable, UnknownObject
from calipso_nornir.model.objects import ObjectRef
from calipso_nornir.scan.plan import ScanPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import StoreView

MANY = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The options of one scan, as they were given; names are those of the guide."""

    id: str | None = None
    id_field: Literal["id", "name"] = "id"
    type: str | None = None
    parent_id: str | None = None
    parent_type: str | None = None
    scan_self: bool = True
    clear: bool = False
    monitoring_setup_only: bool = False
    inventory_only: bool = False
    links_only: bool = False
    cliques_only: bool = False
    implicit_links: bool = False
    metadata: tuple[str, ...] = ()
    record: str | None = None

    def __post_init__(self) -> None:
        if self.monitoring_setup_only:
            raise NotAvailable("monitoring_setup_only", "It comes with monitoring.")
        if self.id is None:
            for name in ("parent_id", "parent_type"):
                if getattr(self, name) is not None:
                    raise InvalidRequest(f"--{name} is checked against the object of --id; --id is missing")
            if self.type not in (None, "environment"):
                raise InvalidRequest("--type is the type of the object of --id; --id is missing")

    def plan(self, view: StoreView) -> ScanPlan:
        """Return the plan. Raises UsageError: the object is not known, not the only one, or not where it should be."""
        object_id, object_type = self.id, None if self.type == "environment" else self.type
        if self.id is not None and not self._is_environment(view):
            target = self._target(view, object_type)
            self._check_parent(view, target)
            object_id, object_type = target.id, target.type
        return ScanPlan(
            object_id=None if self._is_environment(view) else object_id,
            object_type=None if self._is_environment(view) else object_type,
            scan_self=self.scan_self,
            inventory_only=self.inventory_only,
            links_only=self.links_only,
            cliques_only=self.cliques_only,
            implicit_links=self.implicit_links,
            clear=self.clear,
            metadata=self.metadata,
            record=self.record,
        )

    def _is_environment(self, view: StoreView) -> bool:
        return self.id is None or (self.type in (None, "environment") and self.id == view.environment)

    def _target(self, view: StoreView, type_: str | None) -> InventoryObject:
        found = list(self._by_name(view, type_) if self.id_field == "name" else self._by_id(view, type_))
        wanted = plain(f"{self.type} {self.id}" if self.type else self.id)
        if not found:
            raise UnknownObject(view.environment, wanted)
        if len(found) > 1:
            lines = tuple(f"{pasteable(one.type, one.id)}  {plain(one.name_path)}" for one in found)
            remedy = "Give --id ID" + ("" if type_ else " and --type TYPE") + "; these are TYPE:ID."
            raise AmbiguousObject(wanted, lines, remedy)
        return found[0]

    def _by_id(self, view: StoreView, type_: str | None) -> Iterator[InventoryObject]:
        for one in [type_] if type_ else list(view.counts()):
            found = view.get(ObjectRef(view.environment, one, self.id or ""))
            if found is not None:
                yield found

    def _by_name(self, view: StoreView, type_: str | None) -> Iterator[InventoryObject]:
        for one in view.search(self.id or "", limit=MANY):
            if one.name == self.id and type_ in (None, one.type):
                yield one

    def _check_parent(self, view: StoreView, target: InventoryObject) -> None:
        """Check that what was said of the parent is so; folders between the two do not matter."""
        if self.parent_id is None and self.parent_type is None:
            return
        for above in _above(view, target):
            if self.parent_id in (None, above.id) and self.parent_type in (None, above.type):
                return
        said = plain(" ".join(part for part in (self.parent_type, self.parent_id) if part))
        where = plain(target.name_path)
        raise InvalidRequest(f"{target.type} {plain(target.name)} is not under {said}: it is {where}")


def _above(view: StoreView, one: InventoryObject) -> Iterator[ObjectRef]:
    at = one.parent
    while at is not None:
        yield at
        parent = view.get(at)
        at = parent.parent if parent is not None else None
