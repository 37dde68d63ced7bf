# SPDX-License-Identifier: Apache-2.0
"""One run of an event handler of the guide's form: its view of the picture, and the objects that it writes.

Objects of types that scans find are not written: ``looked_at`` names them, and a small scan finds their actual state.
Others, which only events know, are validated here like those of a scan; their owner is ``EVENTS``, so scans keep them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import PromiseBroken
from calipso_nornir.guide.conversion import fetched_of
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.model import ids
from calipso_nornir.model.finding import Equal, Find
from calipso_nornir.model.objects import InventoryObject, root_of
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.metadata.catalog import ObjectType
    from calipso_nornir.model.fetching import Fetched
    from calipso_nornir.model.stores import StoreView

EVENTS: Final = "events"
"""Owner of objects that only events know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The catalog's object types, and which of them scans find."""

    types: Mapping[str, ObjectType]
    scanned: frozenset[str]


class EventRun:
    """The picture as one handler sees it, with what it has written itself."""

    def __init__(self, handler: str, view: StoreView, kinds: Kinds, *, now: datetime) -> None:
        self.written: dict[ObjectRef, InventoryObject] = {}
        self.deleted: dict[ObjectRef, None] = {}
        self.looked_at: dict[ObjectRef, None] = {}
        self._handler = handler
        self._view = view
        self._kinds = kinds
        self._now = now

    # --- what the guide's inventory reads (guide/call_bridge.py)

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._view.environment

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        if ref in self.deleted:
            return None
        return self.written.get(ref) or self._view.get(ref)

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type."""
        found = {one.ref: one for one in self._view.of_type(type_) if one.ref not in self.deleted}
        found |= {ref: one for ref, one in self.written.items() if ref.type == type_}
        return list(found.values())

    def with_id(self, id_: str) -> InventoryObject | None:
        """Return the object with an id, of any type; None if there is none."""
        own = [one for ref, one in self.written.items() if ref.id == id_]
        found = [*own, *self._view.find(Find(where=(Equal("id", id_),)))]
        return next((one for one in found if one.ref not in self.deleted), None)

    def types(self) -> Sequence[str]:
        """Return all object types."""
        return tuple(self._kinds.types)

    # --- what it writes

    def set(self, item: Mapping[str, Any]) -> None:
        """Record an object to be written."""
        root = root_of(self.environment)
        if item.get("environment", self.environment) != self.environment:
            other = f'of environment "{item["environment"]}"; the event is of "{self.environment}"'
            raise self._wrong(f"object {item.get('id')} {other}")
        type_ = item.get("type")
        if not isinstance(type_, str) or type_ not in self._kinds.types:
            undeclared = f'of type "{type_}", which no object_types.json declares'
            raise self._wrong(f"object {item.get('id')} {undeclared}{nearest(str(type_), self._kinds.types)}")
        (fetched,) = fetched_of([{**item, "create_object": True}], root, self._handler, type_)
        ref = ObjectRef(self.environment, type_, fetched.id)
        if type_ in self._kinds.scanned:
            self.looked_at[ref] = None
            return
        known = self.get(ref)
        parent = self._parent(fetched, known, root, named="parent" in item or "parent_id" in item)
        placed = _placed(ref, fetched, parent, known, self._now)
        self._check(placed, parent)
        self.written[ref] = placed
        self.deleted.pop(ref, None)

    def delete(self, ref: ObjectRef) -> None:
        """Record an object to be deleted, with everything that events have put below it."""
        if ref.type in self._kinds.scanned:
            self.looked_at[ref] = None
            return
        for child in [one.ref for one in self._below(ref)]:
            self.delete(child)
        self.written.pop(ref, None)
        self.deleted[ref] = None

    def _below(self, ref: ObjectRef) -> list[InventoryObject]:
        stored = self._view.find(Find(where=(Equal("parent_type", ref.type), Equal("parent_id", ref.id))))
        found = [*stored, *(one for one in self.written.values() if one.parent == ref)]
        return [one for one in found if one.ref not in self.deleted]

    def _parent(
        self, fetched: Fetched, known: InventoryObject | None, root: InventoryObject, *, named: bool
    ) -> InventoryObject:
        if fetched.folder is not None:
            raise self._wrong(f"object {fetched.id} with a folder (master_parent_id); give it a parent that exists")
        if not named and known is not None and known.parent is not None:
            wanted = known.parent
        else:
            wanted = fetched.under or root.ref
        found = root if wanted == root.ref else self.get(wanted)
        if found is None:
            raise self._wrong(f"object {fetched.id} below {wanted.type} {wanted.id}, which is not known")
        return found

    def _check(self, one: InventoryObject, parent: InventoryObject) -> None:
        declared = self._kinds.types[one.type]
        if parent.type not in declared.parents:
            allowed = ", ".join(declared.parents) or "nothing"
            raise self._wrong(f"{one.type} {one.id} below {parent.type} {parent.id}; declared is: below {allowed}")
        if declared.is_closed:
            names = [attribute.name for attribute in declared.attributes]
            for name in one.attributes:
                if name not in names:
                    raise self._wrong(
                        f'{one.type} {one.id} with the undeclared attribute "{name}"{nearest(name, names)}'
                    )
        try:
            json.dumps(one.attributes, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise self._wrong(f"{one.type} {one.id} with what is no JSON: {error}") from None
        hidden = {attribute.name for attribute in declared.attributes if attribute.secret}
        if hidden & one.attributes.keys():
            raise self._wrong(f"{one.type} {one.id} with {', '.join(sorted(hidden & one.attributes.keys()))}, a secret")

    def _wrong(self, what: str) -> PromiseBroken:
        return PromiseBroken(self._handler, f"handle() sets {what}")


def _placed(
    ref: ObjectRef, fetched: Fetched, parent: InventoryObject, known: InventoryObject | None, now: datetime
) -> InventoryObject:
    object_name = fetched.object_name or fetched.name
    placed = InventoryObject(
        ref=ref,
        name=fetched.name,
        parent=parent.ref,
        id_path=f"{parent.id_path}/{fetched.id}",
        name_path=f"{parent.name_path}/{ids.path_segment(object_name)}",
        attributes=fetched.attributes,
        scanned_at=now,
        object_name=object_name,
        show_in_tree=fetched.show_in_tree,
        handed_down=fetched.id,
        owner=EVENTS,
    )
    return placed if known is None else replace(placed, attributes={**known.attributes, **fetched.attributes})
