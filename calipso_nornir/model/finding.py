# SPDX-License-Identifier: Apache-2.0
"""A question to a store: which documents of a kind, in which order, from where on, and how many at most.

One value serves every store. A field is a top-level field of a document; where it has an index (see
``calipso_nornir.store.selection``), the store goes by the index, else it reads and sorts out. The answer is the same.

>>> Find(where=(Equal("type", "vnic"), Equal("mac_address", "fa:16:3e:00:00:01")), limit=10).kind
'inventory'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from calipso_nornir.model.protocols import Kind
    from calipso_nornir.model.refs import Witness


@dataclass(frozen=True, slots=True)
class Equal:
    """The field has this value. A missing field equals nothing, true is not 1, a list equals a list only."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of these values; none of them fits nothing."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """``at_least <= field < below``; None means unbounded.

    Text is compared by code points, numbers by value, times by moment; a value of another sort than the bound does
    not fit.
    """

    field: str
    at_least: Any = None
    below: Any = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """The field is a text that begins so; case counts."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Holds:
    """The field is a list, and one of its members equals the value.

    A value that is a mapping fits a member that is a mapping with at least these keys and values.
    """

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class HoldsAny:
    """The field is a list, and one of its members equals one of these values."""

    field: str
    values: tuple[Any, ...]


Condition: TypeAlias = Equal | OneOf | Range | Prefix | Holds | HoldsAny


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """The documents of a kind that fit every condition.

    Attributes:
        kind: inventory, links, implicit_links, cliques or status.
        where: conditions; none gives all documents.
        order: fields to sort by; null and what is missing come first, then booleans, numbers, text, times, all else;
            among equals the ``_id`` decides.
        after: for the next page: the values of ``order`` and then the ``_id`` of the last document of the page before.
        limit: the most documents to return; None for all.
    """

    kind: Kind = "inventory"
    where: tuple[Condition, ...] = ()
    order: tuple[str, ...] = ()
    after: tuple[Any, ...] | None = None
    limit: int | None = None


def found_by(witness: Witness) -> Holds:
    """Return the condition for objects that a witness (a step, run on a parent) has found."""
    parent = witness.parent
    return Holds("found_by", {"step": witness.step, "parent_type": parent.type, "parent_id": parent.id})
