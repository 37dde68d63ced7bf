# SPDX-License-Identifier: Apache-2.0
"""How collections of plain documents are listed in an order, and by which indexes: the same for every store.

An index consists of its fields and the key. It serves a list that is sorted by the index's last field, and for which
each other field must equal one text. All documents must have a text in the last field, because stores and Python sort
other values differently. So a store first looks for such values, a few steps in the same index, and sorts in Python if
there are any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.finding import Range
from calipso_nornir.store.ordering import directions, place, place_of
from calipso_nornir.store.values import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from calipso_nornir.model.finding import Condition
    from calipso_nornir.model.stores import Document

LISTED: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "scans": (("environment", "submit_timestamp"), ("status", "submit_timestamp")),
    "messages": (("environment", "timestamp"), ("scan_id", "timestamp")),
    "audit": (("at",),),
    "dead_letters": (("environment", "timestamp"),),
    "connection_tests": (("environment", "submit_timestamp"),),
}
"""Collection → the fields of its indexes."""


class Listing(NamedTuple):
    """How an index serves a list.

    Attributes:
        equal: its first fields, and the text that each must have.
        field: its last field, by which it sorts.
        falling: whether the list goes down.
        bounds: the least value of the field, and the value that it must stay below.
        after: the field's value and the key of the last document of the previous page.
    """

    equal: tuple[tuple[str, str], ...]
    field: str
    falling: bool
    bounds: tuple[tuple[str | None, str | None], ...]
    after: tuple[str, str] | None


def listing(
    indexes: Iterable[tuple[str, ...]],
    equal: Mapping[str, Any],
    where: Sequence[Condition],
    *,
    order: Sequence[str],
    after: Sequence[Any] | None,
) -> Listing | None:
    """Return how one of these indexes serves a list; None if none does."""
    if len(order) != 1:
        return None
    (by, *_) = directions(order)
    bounds = tuple((one.at_least, one.below) for one in where if isinstance(one, Range) and one.field == by.field)
    if not all(_is_text(one) for pair in (*bounds, after or ()) for one in pair if one is not None):
        return None
    for *first, last in indexes:
        texts = tuple((name, equal.get(name)) for name in first)
        if last == by.field and all(_is_text(value) for _, value in texts):
            place = (after[0], after[1]) if after is not None else None
            return Listing(texts, by.field, by.falling, bounds, place)  # type: ignore[arg-type]  # texts, as checked
    return None


def in_order(
    found: Iterable[tuple[Any, Document]],
    key: Callable[[Any], str],
    *,
    order: Sequence[str],
    after: Sequence[Any] | None,
    limit: int | None,
) -> list[tuple[Any, Document]]:
    """Return a page, sorted in Python. ``key`` returns a document's key from what it is paired with."""
    placed = [(place(one, key(has_key), order), has_key, one) for has_key, one in found]
    if after is not None:
        last = place_of(after, order)
        placed = [one for one in placed if one[0] > last]
    placed.sort(key=lambda one: one[0])
    return [(has_key, one) for _, has_key, one in placed[:limit]]


def checked(order: Sequence[str], after: Sequence[Any] | None, limit: int | None) -> Sequence[Any] | None:
    """Return ``after`` with values as stores hold them. Raises InvalidRequest if it or ``limit`` is invalid."""
    if after is not None and len(after) != len(order) + 1:
        raise InvalidRequest(f"after has {len(after)} values: expected those of {', '.join((*order, 'the key'))}")
    if limit is not None and limit < 0:
        raise InvalidRequest(f"a list's limit is {limit}: expected 0 or more")
    return None if after is None else tuple(clean(list(after)))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value
