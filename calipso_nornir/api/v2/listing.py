# SPDX-License-Identifier: Apache-2.0
"""Lists (of scans, messages, statuses …): a page, and the next one in the header ``Link`` (RFC 8288)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from fastapi import Query, Request, Response

from calipso_nornir.api.dependencies import at_once
from calipso_nornir.api.v2.pages import MOST, Limit, cursor, position, up_to_after, wrong_cursor
from calipso_nornir.api.v2.showing import shown_object, with_statuses
from calipso_nornir.model.finding import Condition, Equal, Find
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.stores import Collection, Document, Kind, StoreView
from calipso_nornir.monitoring.failures import Failure, failures, place_of
from calipso_nornir.store.searching import Needle

T = TypeVar("T")
After: TypeAlias = Annotated[
    str | None, Query(description="Where to go on: part of the URL in the header `Link` of the page before.")
]
_AT_ONCE: Final = 200
"""Records that are read at a time if some of them are not shown."""


class Listing:
    """The parameters of a request for a page of records."""

    def __init__(self, request: Request, response: Response, *, after: After = None, limit: Limit = 100) -> None:
        self._here = up_to_after(request)
        self._response = response
        self._after = after
        self._limit = limit

    def page(  # noqa: PLR0913 - those of a list
        self,
        collection: Collection,
        equal: Mapping[str, Any],
        *,
        order: str,
        where: Sequence[Condition] = (),
        key: str = "id",
        keep: Callable[[Document], bool] | None = None,
    ) -> list[Document]:
        """Return the page of a collection.

        Args:
            collection: of the records.
            equal: fields, and the values that they must have.
            order: the field, a time, by which they are sorted; ``-timestamp``: the newest first.
            where: further conditions.
            key: the field that holds the key of a record.
            keep: which records are shown, if the store cannot decide it.

        Raises:
            Problem: 422, if the cursor is not one of this list.
        """
        found: list[Document] = []
        after = position(self._after, (order,)) if self._after is not None else None
        at_once = self._limit + 1 if keep is None else max(self._limit + 1, _AT_ONCE)
        while len(found) <= self._limit:
            some = collection.find(equal, where=where, order=(order,), after=after, limit=at_once)
            found += some if keep is None else filter(keep, some)
            if len(some) < at_once:
                break
            after = _place(some[-1], order, key)
        return self._cut(found, lambda one: _place(one, order, key))

    def documents(self, view: StoreView, kind: Kind, where: Sequence[Condition] = ()) -> list[Document]:
        """Return the page of a kind of documents in a picture, ordered by ``_id``. Raises Problem, as ``page``."""
        after = position(self._after, ()) if self._after is not None else None
        found = list(view.find_documents(Find(kind=kind, where=tuple(where), after=after, limit=self._limit + 1)))
        return self._cut(found, lambda one: (one["_id"],))

    def children(self, view: StoreView, ref: ObjectRef) -> list[dict[str, Any]]:
        """Return the page of the objects directly below one, as they are shown. Raises Problem, as ``page``."""
        where = (Equal("parent_type", ref.type), Equal("parent_id", ref.id))
        after = self._placed(str, str, str)
        found = view.find_documents(Find(where=where, order=("type", "name"), after=after, limit=self._limit + 1))
        return self._cut(with_statuses(view, found), lambda one: (one["type"], one["name"], one["_id"]))

    def links_of(self, view: StoreView, ref: ObjectRef) -> list[dict[str, Any]]:
        """Return the page of the links with an object at either end, as they are shown. Raises Problem, as ``page``."""
        after = self._placed(str)
        found: dict[str, Document] = {}
        for end in ("source", "target"):
            where = (Equal(end, ref.document_id),)
            some = view.find_documents(Find(kind="links", where=where, after=after, limit=self._limit + 1))
            found.update((one["_id"], one) for one in some)
        first = [found[one] for one in sorted(found)[: self._limit + 1]]
        return self._cut(with_statuses(view, first), lambda one: (one["_id"],))

    def searched(self, view: StoreView, text: str) -> list[Document]:
        """Return the page of the objects with a text, as they are shown. Raises Problem, as ``page``."""
        after = self._placed(bool, str, str)
        found = view.search(text, limit=self._limit + 1, after=after)
        return self._cut([shown_object(one) for one in found], Needle(text).place)

    def failures(self, view: StoreView) -> list[Failure]:
        """Return the page of what is wrong. Raises Problem, as ``page``."""
        return self._cut(failures(view, after=self._placed(str, str), limit=self._limit + 1), place_of)

    def _placed(self, *types: type) -> Any:  # noqa: ANN401 - a tuple of these types
        """Return the place after which the page begins; None: it is the first one."""
        if self._after is None:
            return None
        found = position(self._after, tuple(one.__name__ for one in types[:-1]))
        if not all(isinstance(value, one) for value, one in zip(found, types, strict=True)):
            raise wrong_cursor()
        return found

    def _cut(self, found: Sequence[T], place: Callable[[T], tuple[Any, ...]]) -> list[T]:
        """Return the page without the record after it; if there is one, the answer gets a link to the next page."""
        if len(found) > self._limit:
            following = cursor(list(place(found[self._limit - 1])))
            self._response.headers["Link"] = f'<{self._here}{following}>; rel="next"'
        return list(found[: self._limit])


class LongListing(Listing):
    """The same, with longer pages by default."""

    def __init__(self, request: Request, response: Response, *, after: After = None, limit: Limit = MOST) -> None:
        super().__init__(request, response, after=after, limit=limit)


Listed: TypeAlias = Annotated[Listing, at_once(Listing)]
ListedLong: TypeAlias = Annotated[LongListing, at_once(LongListing)]


def _place(one: Document, order: str, key: str) -> tuple[Any, ...]:
    return one.get(order.removeprefix("-")), str(one.get(key))
