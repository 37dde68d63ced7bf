# SPDX-License-Identifier: Apache-2.0
"""Objects in their states: found (``Fetched``), then placed in the tree (``InventoryObject``).

A stored object is a document; ``calipso_nornir.store.documents`` turns one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.model import ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.evidence import Evidence
    from calipso_nornir.model.queries import Query

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"
"""What an attribute's value may be."""

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
    }
)
"""Names that the frame of a document uses; no attribute may be called like one of them."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """The identity of an object, used by everything that speaks of it."""

    environment: str
    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    @property
    def document_id(self) -> str:
        """The ``_id`` of its document, in every store."""
        return ids.document_id(self)


@dataclass(frozen=True, slots=True)
class Witness:
    """A fetching as others may cite it: which step, run on which parent.

    Objects remember who found them. Only when all of these looked again, saw everything
    they had to see, and did not find the object any more, is it gone.
    """

    step: str
    parent: ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that exists only because something is put in it."""

    type: str
    types_name: str
    text: str

    def ref(self, under: ObjectRef) -> ObjectRef:
        """Return the folder's identity below ``under``."""
        return ObjectRef(under.environment, self.type, ids.folder(under.id, self.types_name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An object as a fetcher found it; where it belongs is said, but not looked up yet.

    Attributes:
        id: from ``calipso_nornir.model.ids``.
        name: label; any text.
        attributes: facts by name, JSON values, none called as in ``RESERVED``.
        under: the object that it hangs under, if not the fetcher's own parent.
        folder: made on demand between ``under`` and the object.
        sources: queries whose answers prove this object; empty means all that were asked.
        partial: attributes that are missing here are unknown, not absent: keep what was known.
        named: false when nobody could tell the name: the one given is then for an object that had none before.
        show_in_tree: false hides it from trees; it is an object like any other otherwise.
        object_name: last element of the name path, when that is not the name.
    """

    id: str
    name: str
    attributes: Mapping[str, JSON] = field(default_factory=dict)
    under: ObjectRef | None = None
    folder: Folder | None = None
    sources: tuple[Query, ...] = ()
    partial: bool = False
    named: bool = True
    show_in_tree: bool = True
    object_name: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not isinstance(self.name, str):
            raise TypeError(f"id and name of an object are text, not {self.id!r} and {self.name!r}")
        if not self.id or "/" in self.id:
            raise ValueError(f"{self.id!r} is no id: make it with calipso_nornir.model.ids")
        clash = RESERVED & self.attributes.keys()
        if clash:
            raise ValueError(f"attributes may not be called {', '.join(sorted(clash))} (object {self.id!r})")


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
    """What a step's ``object_id_to_use_in_child`` passes on to its children's fetchers; else the id."""

    @property
    def id(self) -> str:
        """Its id, unique per environment and type."""
        return self.ref.id

    @property
    def type(self) -> str:
        """Its type, e.g. ``host_pnic``."""
        return self.ref.type

    def __getitem__(self, attribute: str) -> Any:  # noqa: ANN401 - attributes are JSON of any shape
        return self.attributes[attribute]

    def __contains__(self, attribute: str) -> bool:
        return attribute in self.attributes

    def get(self, attribute: str, default: Any = None) -> Any:  # noqa: ANN401 - as above
        """Return one attribute, or ``default`` when the object does not have it."""
        return self.attributes.get(attribute, default)

    def with_attributes(self, attributes: Mapping[str, Any]) -> InventoryObject:
        """Return the object with other attributes."""
        return replace(self, attributes=attributes)

    def sibling(self, type_: str, id_: str) -> ObjectRef:
        """Return the identity of another object of the same environment."""
        return ObjectRef(self.ref.environment, type_, id_)


def root_of(environment: str) -> InventoryObject:
    """Return the root of every path: the environment itself, which is no document of the inventory."""
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
