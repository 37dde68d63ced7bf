# SPDX-License-Identifier: Apache-2.0
"""A query to a store: which documents of a kind, in which order, after which document, and how many at most.

The same value works for every store. A field is a top-level field of a document; if it has an index (see
``calipso_nornir.store.selection``), the store uses it, else it reads and filters. The answer is the same.

>>> Find(where=(Equal("type", "vnic"), Equal("mac_address", "fa:16:3e:00:00:01")), limit=10).kind
'inventory'
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from calipso_nornir.model.refs import Witness
    from calipso_nornir.model.stores import Kind


@dataclass(frozen=True, slots=True)
class Equal:
    """The field has this value. A missing field equals nothing, true is not 1, and a list equals only a list."""

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of these values; an empty list matches nothing."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """``at_least <= field < below``; None means unbounded.

    Texts are compared by code point, numbers by value, times by moment; a value of another type than the bound does
    not match.
    """

    field: str
    at_least: Any = None
    below: Any = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """The field is a text that begins with this; case matters."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Holds:
    """The field is a list, and one of its members equals the value.

    A mapping matches a member that is a mapping with at least these keys and values.
    """

    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class HoldsAny:
    """The field is a list, and one of its members equals one of these values."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """The field is one of these texts, or a list that contains one; MAC and IP addresses match in any written form.

    ``2001:DB8::1`` is ``2001:db8:0:0:0:0:0:1``, and ``FA-16-3E-00-00-01`` is ``fa16.3e00.0001``.
    """

    field: str
    values: tuple[str, ...]


Condition: TypeAlias = Equal | OneOf | Range | Prefix | Holds | HoldsAny | Addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """The documents of a kind that meet every condition.

    Attributes:
        kind: inventory, links, implicit_links, cliques or status.
        where: conditions; without any, all documents match.
        order: fields to sort by, ``-name`` for descending; null and missing values come first, then booleans, numbers,
            text, times, everything else; among equals the ``_id`` decides, always ascending.
        after: for the next page: the values of ``order``, then the ``_id``, of the last document of the previous page.
        limit: maximum number of documents to return; None for all.
        fields: fields to return of each document, beside its ``_id``; empty for all. Only for ``find_documents``.
    """

    kind: Kind = "inventory"
    where: tuple[Condition, ...] = ()
    order: tuple[str, ...] = ()
    after: tuple[Any, ...] | None = None
    limit: int | None = None
    fields: tuple[str, ...] = ()


def found_by(witness: Witness) -> Holds:
    """Return the condition for objects that a witness (a step, run on a parent) has found."""
    parent = witness.parent
    return Holds("found_by", {"step": witness.step, "parent_type": parent.type, "parent_id": parent.id})
