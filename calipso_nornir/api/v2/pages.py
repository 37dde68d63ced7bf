# SPDX-License-Identifier: Apache-2.0
"""Pages of documents: conditions from the query, an order, a cursor, chosen fields, a count."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from calipso_nornir.api.dependencies import at_once
from calipso_nornir.api.moments import in_utc
from calipso_nornir.api.problems import Problem
from calipso_nornir.api.shapes.picture import LinkListed, ObjectListed
from calipso_nornir.api.v2.filters import conditions, must_be_known
from calipso_nornir.api.v2.showing import STATUS, with_statuses
from calipso_nornir.model.finding import Find
from calipso_nornir.model.stores import Kind, StoreView
from calipso_nornir.store.ordering import fields_of

MOST: Final = 1000
MOST_SORTED: Final = 8
"""Fields of one order: MongoDB sorts by at most 32 keys, and each field needs two."""
WHEN: Final = frozenset({"at", "revision"})
OWN: Final = frozenset({"sort", "after", "limit", "fields", "total"}) | WHEN
"""Parameters of a page's query that are no fields of documents."""
_TIME: Final = "$time"

Limit: TypeAlias = Annotated[int, Query(ge=1, le=MOST, description="The most to return.")]


class Page(BaseModel):
    """Some documents, and where the next ones begin."""

    items: list[dict[str, Any]]
    next: Annotated[str | None, Field(description="``after`` of the next page; null at the end.")] = None
    revision: Annotated[int, Field(description="The revision of the environment that is shown.")]
    total: Annotated[int | None, Field(description="How many there are in all, on all pages; if it was asked for.")] = (
        None
    )


class ObjectPage(Page):
    """Some objects."""

    items: list[ObjectListed]


class LinkPage(Page):
    """Some links."""

    items: list[LinkListed]


P = TypeVar("P", bound=Page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """What a query says of its page: each parameter beside these is a field with the value that it has to have."""

    wanted: tuple[tuple[str, str], ...]
    sort: tuple[str, ...]
    after: str | None
    limit: int
    fields: tuple[str, ...]
    total: bool
    here: str
    """The URL of this page, up to where it says after what."""
    response: Response

    def page(self, view: StoreView, kind: Kind, *, known: Mapping[str, str], into: type[P]) -> P:
        """Return the page of a kind of documents.

        Args:
            view: where they are read.
            kind: of the documents.
            known: the fields that may be asked for, and their types.
            into: the kind of page.

        Raises:
            Problem: 422, an unknown field, a value that is none of its type, a cursor of another query.
        """
        order = fields_of(self.sort)
        if len(order) > MOST_SORTED:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"expected at most {MOST_SORTED} fields", field="sort")
        stored = tuple(name for name in self.fields if name != STATUS)
        for place, names in (("sort", order), ("fields", stored)):
            must_be_known(known, names, place=place)
        query = Find(
            kind=kind,
            where=conditions(self.wanted, known),
            order=self.sort,
            after=position(self.after, self.sort) if self.after else None,
            limit=self.limit + 1,
            fields=(*stored, *order, "_id") if self.fields else (),
        )
        found = list(view.find_documents(query))
        more, found = len(found) > self.limit, found[: self.limit]
        following = cursor([*(found[-1].get(name) for name in order), found[-1]["_id"]]) if more else None
        if following is not None:
            self.response.headers["Link"] = f'<{self.here}{following}>; rel="next"'
        if not self.fields or STATUS in self.fields:
            found = with_statuses(view, found)
        items = [{name: one.get(name) for name in self.fields} for one in found] if self.fields else found
        total = view.count(query) if self.total else None
        return into(items=items, next=following, revision=view.revision, total=total)


def paging(  # noqa: PLR0913 - each is a parameter of the query
    request: Request,
    response: Response,
    *,
    sort: Annotated[
        str | None,
        Query(description="Fields to sort by, with commas between them; -name: descending.", examples=["host,-name"]),
    ] = None,
    after: Annotated[str | None, Query(description="Where to go on: ``next`` of the page before.")] = None,
    limit: Limit = 100,
    fields: Annotated[
        str | None, Query(description="Fields to return, with commas between them.", examples=["id,name,host"])
    ] = None,
    total: Annotated[bool, Query(description="Also count all that fits, which takes longer.")] = False,
) -> Paging:
    """Return what a query says of its page."""
    return Paging(
        wanted=wanted(request, OWN),
        sort=_names(sort),
        after=after,
        limit=limit,
        fields=_names(fields),
        total=total,
        here=up_to_after(request),
        response=response,
    )


def wanted(request: Request, own: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a query that are fields: all but its own ones."""
    return tuple((name, text) for name, text in request.query_params.multi_items() if name not in own)


Paged: TypeAlias = Annotated[Paging, at_once(paging)]


def up_to_after(request: Request) -> str:
    """Return the URL of a page, up to the value of ``after``."""
    others = [(name, text) for name, text in request.query_params.multi_items() if name != "after"]
    return f"{quote(request.scope['path'])}?{urlencode([*others, ('after', '')])}"


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def cursor(place: list[Any]) -> str:
    """Return the text of a place in a list: where the next page begins."""
    text = json.dumps(place, default=_told, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(text: str, order: tuple[str, ...]) -> tuple[Any, ...]:
    """Return the place that ``cursor`` has made a text of. Raises Problem, 422."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), object_hook=_read)
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or len(found) != len(order) + 1 or not isinstance(found[-1], str):
        raise wrong_cursor()
    return tuple(found)


def wrong_cursor() -> Problem:
    """Return the problem of a cursor that is none of this list."""
    detail = "expected the `next` of a page with the same sort"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="after")


def _told(value: Any) -> Any:  # noqa: ANN401 - what JSON has no form for
    return {_TIME: value.isoformat()} if isinstance(value, datetime) else str(value)


def _read(value: dict[str, Any]) -> Any:  # noqa: ANN401 - as _told had it
    return in_utc(value[_TIME]) if value.keys() == {_TIME} and isinstance(value[_TIME], str) else value
