# SPDX-License-Identifier: Apache-2.0
"""Selections, a view's simplest queries to a store: one kind of document, some indexed fields, an order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from calipso_nornir.model.status import FINDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from calipso_nornir.model.finding import Find
    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.searching import Needle, SearchPlace


@dataclass(frozen=True, slots=True)
class Selection:
    """Documents of a kind whose fields have these values, ordered by these fields.

    ``equal`` names fields that have an index (see ``INDEXES``); ``order`` ends with a unique field.
    """

    kind: Kind
    equal: tuple[tuple[str, str | None], ...] = ()
    order: tuple[str, ...] = ("_id",)


FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "inventory": (
        "type",
        "id",
        "name",
        "parent_type",
        "parent_id",
        "host",
        "port_id",
        "mac_address",
        "device",
        "device_id",
        "tap_suffix",
    ),
    "links": ("link_type", "source", "target", "host"),
    "implicit_links": ("link_type", "source", "target", "host"),
    "cliques": ("focal_point_type", "focal_point"),
    "status": ("kind", FINDING),
}
"""Top-level fields by which documents are looked up, in addition to ``environment`` and ``_id``."""

INDEXES: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "inventory": (("parent_type", "parent_id", "type", "name", "id"), ("host",)),
    "links": (("link_type", "_id"), ("source", "_id"), ("target", "_id"), ("host",)),
    "implicit_links": (("link_type", "_id"), ("source", "_id"), ("target", "_id"), ("host",)),
    "cliques": (("focal_point", "_id"),),
    "status": ((FINDING, "_id"),),
}
"""Indexes; ``environment`` comes first in each, and each kind also has one of (``environment``, ``_id``).

Each ends with the fields by which results are sorted: else a planner may prefer an index that only avoids sorting.
"""

SPARSE: Mapping[Kind, tuple[str, ...]] = {"inventory": ("port_id", "mac_address", "device", "device_id", "tap_suffix")}
"""Fields with an index of their own that contains only documents with the field."""

OWN_INDEX: frozenset[str] = frozenset({"type", "id", "host", *SPARSE["inventory"]})
"""Attributes of objects that have an index in every store; others get one when metadata declares them as indexed."""

_PLAIN_NAME = re.compile(r"\w+", re.ASCII)


def to_index(attributes: Iterable[str]) -> list[str]:
    """Return the attributes that still need an index, sorted; attributes with unusual names get none."""
    return sorted(name for name in set(attributes) - OWN_INDEX if _PLAIN_NAME.fullmatch(name))


LISTS: Mapping[Kind, tuple[str, ...]] = {"inventory": ("found_by", "mac_addresses"), "cliques": ("links",)}
"""Fields with lists whose members are indexed, for ``Holds``."""

UNIQUE: Mapping[Kind, tuple[str, ...]] = {"inventory": ("type", "id")}
"""Fields that, like ``_id``, identify a document within an environment."""


class Reader(Protocol):
    """Reads one revision of one environment of a store."""

    @property
    def revision(self) -> int:
        """The revision that it reads."""
        ...

    def select(self, selection: Selection) -> Iterator[Document]:
        """Yield the selected documents in their order. All are read first, but decoded one by one."""
        ...

    def stream(self, kind: Kind) -> Iterator[Document]:
        """Yield every document of a kind, ordered by ``_id``."""
        ...

    def find(self, query: Find) -> Iterator[Document]:
        """Yield the result of a query (from ``conditions.cleaned``), with at least the fields that it names."""
        ...

    def count(self, query: Find) -> int:
        """Return how many documents meet the conditions of a cleaned query."""
        ...

    def some(self, kind: Kind, document_ids: Sequence[str]) -> Iterator[Document]:
        """Yield those documents of a kind that exist, in any order."""
        ...

    def digests(self, kind: Kind) -> dict[str, str]:
        """Return ``_id`` -> digest of every document of a kind."""
        ...

    def has_status(self) -> bool:
        """Return whether anything of the environment has a status."""
        ...

    def count_types(self) -> dict[str, int]:
        """Return the number of objects by type."""
        ...

    def search(self, needle: Needle, *, limit: int, after: SearchPlace | None = None) -> list[Document]:
        """Return what ``searching.found`` finds among the objects, ordered by type and id."""
        ...
