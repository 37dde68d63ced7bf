# SPDX-License-Identifier: Apache-2.0
"""Objects placed in the tree (``InventoryObject``); before that, a fetcher has found them (``Fetched``).

A stored object is a document; ``calipso_nornir.store.documents`` turns one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.model import ids
from calipso_nornir.model.naming import snake_case
from calipso_nornir.model.quickly_made import quickly_made
from calipso_nornir.model.refs import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.evidence import Evidence
    from calipso_nornir.model.refs import Witness
    from calipso_nornir.model.status import Status

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""The possible values of an attribute."""

SCAN = "scan"
"""The owner of objects that scans find."""

RESERVED = frozenset(
    {
        "_id",
        "environment",
        "type",
        "id",
        "name",
        "object_name",
        "parent_id",
        "parent_type",
        "parent_text",
        "id_path",
        "name_path",
        "show_in_tree",
        "last_scanned",
        "clique",
        "evidence",
        "found_by",
        "digest",
        "on_demand",
        "handed_down",
        "owned_by",
        "_revision",
    }
)
"""Names of a document's own fields; no attribute may have one of these names."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryObject:
    """An object in its place in the tree.

    ``id_path`` is ``/<environment>/<id>/…/<own id>``, ``name_path`` the same with names;
    a ``/`` inside a name is written ``%2F`` there. ``scanned_at`` is aware and in UTC.
    """

    ref: ObjectRef
    name: str
    parent: ObjectRef | None
    id_path: str
    name_path: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    found_by: frozenset[Witness] = frozenset()
    scanned_at: datetime | None = None
    object_name: str = ""
    show_in_tree: bool = True
    on_demand: bool = False
    handed_down: str = ""
    """The value that a step's ``object_id_to_use_in_child`` hands to its children's fetchers; by default the id."""
    owner: str = SCAN
    """Who put it into the store; scans remove only objects that scans own."""
    status: Status | None = None
    """Its status, joined when it is read; never written with the object."""

    @property
    def id(self) -> str:
        """Its id, unique per environment and type."""
        return self.ref.id

    @property
    def type(self) -> str:
        """Its type, e.g. ``host_pnic``."""
        return self.ref.type

    def __getitem__(self, attribute: str) -> Any:  # noqa: ANN401 - attributes are JSON of any shape
        if attribute in self.attributes:
            return self.attributes[attribute]
        return self.attributes[snake_case(attribute)]

    def __contains__(self, attribute: str) -> bool:
        return attribute in self.attributes or snake_case(attribute) in self.attributes

    def get(self, attribute: str, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return one attribute, or ``default`` if the object does not have it."""
        attributes = self.attributes
        if attribute in attributes:
            return attributes[attribute]
        return attributes.get(snake_case(attribute), default)

    def with_attributes(self, attributes: Mapping[str, Any]) -> InventoryObject:
        """Return the object with other attributes."""
        return replace(self, attributes=attributes)

    def sibling(self, type_: str, id_: str) -> ObjectRef:
        """Return a reference to another object of the same environment."""
        return ObjectRef(self.ref.environment, type_, id_)


def root_of(environment: str) -> InventoryObject:
    """Return the root of every path: the environment itself, which is not a document of the inventory."""
    name = ids.escaped(environment)
    return InventoryObject(
        ref=ObjectRef(environment, "environment", name),
        name=environment,
        parent=None,
        id_path=f"/{name}",
        name_path=f"/{name}",
        object_name=environment,
        handed_down=name,
    )
