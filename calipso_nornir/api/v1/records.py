# SPDX-License-Identifier: Apache-2.0
"""Pages of records (scans, messages, connection tests), the oldest first, which the store sorts by an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.api.v1.answers import bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from calipso_nornir.model.finding import Condition
    from calipso_nornir.model.stores import Collection, Document

AT_ONCE: Final = 1000
"""Records that are read at a time if some of them are not listed."""


def records(  # noqa: PLR0913 - those of a list
    collection: Collection,
    equal: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    by: str,
    key: str = "id",
    where: Sequence[Condition] = (),
    keep: Callable[[Document], bool] | None = None,
) -> list[Document]:
    """Return a page of a collection.

    Args:
        collection: of the records.
        equal: fields, and the values that they must have.
        values: the parameters of the request, with those of its page.
        by: the field, a time, by which they are sorted.
        key: the field that holds the key of a record.
        where: further conditions.
        keep: which records are listed, if the store cannot decide it.
    """
    first, last = bounds(values)
    if keep is None:
        return collection.find(equal, where=where, order=(by,), limit=last)[first:]
    kept: list[Document] = []
    for one in _all(collection, equal, where, by=by, key=key):
        if keep(one):
            kept.append(one)
        if last is not None and len(kept) >= last:
            break
    return kept[first:]


def _all(
    collection: Collection, equal: Mapping[str, Any], where: Sequence[Condition], *, by: str, key: str
) -> Iterator[Document]:
    after: tuple[Any, ...] | None = None
    while found := collection.find(equal, where=where, order=(by,), after=after, limit=AT_ONCE):
        yield from found
        if len(found) < AT_ONCE:
            return
        after = (found[-1].get(by), str(found[-1].get(key)))
