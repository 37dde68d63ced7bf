# SPDX-License-Identifier: Apache-2.0
"""Pages of documents: conditions from the query, an order, a cursor, chosen fields."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v2.pictures import shown
from calipso_nornir.model.finding import Condition, Equal, Find, OneOf
from calipso_nornir.model.protocols import Kind, StoreView
from calipso_nornir.model.text import plain
from calipso_nornir.store.type_names import unknown

MOST: Final = 1000
OWN: Final = frozenset({"sort", "after", "limit", "fields", "at"})
"""Parameters of the query that are no fields of documents."""

Limit: TypeAlias = Annotated[int, Query(ge=1, le=MOST, description="The most to return.")]


class Page(BaseModel):
    """Some documents, and where the next ones begin."""

    items: list[dict[str, Any]]
    next: Annotated[str | None, Field(description="``after`` of the next page; null at the end.")] = None
    revision: Annotated[int, Field(description="The revision of the environment that is shown.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """What a query says of its page: each parameter beside these is a field with the value that it has to have."""

    wanted: tuple[tuple[str, str], ...]
    sort: tuple[str, ...]
    after: str | None
    limit: int
    fields: tuple[str, ...]

    def page(self, view: StoreView, kind: Kind, *, known: Mapping[str, str]) -> Page:
        """Return the page of a kind of documents.

        Args:
            view: where they are read.
            kind: of the documents.
            known: the fields that may be asked for, and their types.

        Raises:
            Problem: 422, an unknown field, a value that is none of its type, a cursor of another query.
        """
        for place, names in (("sort", self.sort), ("fields", self.fields)):
            _must_be_known(known, names, place=place)
        query = Find(
            kind=kind,
            where=self._conditions(known),
            order=self.sort,
            after=_position(self.after, self.sort) if self.after else None,
            limit=self.limit + 1,
        )
        found = list(view.find_documents(query))
        more, found = len(found) > self.limit, found[: self.limit]
        following = _cursor([*(found[-1].get(name) for name in self.sort), found[-1]["_id"]]) if more else None
        items = [{name: one.get(name) for name in self.fields} if self.fields else shown(one) for one in found]
        return Page(items=items, next=following, revision=view.revision)

    def _conditions(self, known: Mapping[str, str]) -> tuple[Condition, ...]:
        """Return the conditions; a field that is repeated has one of the values."""
        wanted: dict[str, list[Any]] = {}
        for name, text in self.wanted:
            _must_be_known(known, [name], place=name)
            wanted.setdefault(name, []).append(_value(name, text, known[name]))
        return tuple(
            Equal(name, some[0]) if len(some) == 1 else OneOf(name, tuple(some)) for name, some in wanted.items()
        )


def _paging(
    request: Request,
    *,
    sort: Annotated[
        str | None, Query(description="Fields to sort by, with commas between them.", examples=["host,name"])
    ] = None,
    after: Annotated[str | None, Query(description="Where to go on: ``next`` of the page before.")] = None,
    limit: Limit = 100,
    fields: Annotated[
        str | None, Query(description="Fields to return, with commas between them.", examples=["id,name,host"])
    ] = None,
) -> Paging:
    wanted = tuple((name, text) for name, text in request.query_params.multi_items() if name not in OWN)
    return Paging(wanted=wanted, sort=_names(sort), after=after, limit=limit, fields=_names(fields))


Paged: TypeAlias = Annotated[Paging, Depends(_paging)]


def _value(name: str, text: str, kind: str) -> Any:  # noqa: ANN401 - the type that is declared
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "1": True, "false": False, "0": False}[text.casefold()]
            case _:
                return text
    except (ValueError, KeyError):
        detail = f"{name}: {plain(repr(text))} is no {kind}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=name) from None


def _must_be_known(known: Mapping[str, str], names: Iterable[str], *, place: str) -> None:
    for name in names:
        if name not in known:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(unknown("field", name, known)), field=place)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _cursor(position: list[Any]) -> str:
    text = json.dumps(position, default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(cursor: str, order: tuple[str, ...]) -> tuple[Any, ...]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != len(order) + 1 or not isinstance(found[-1], str):
        detail = "expected the `next` of a page with the same sort"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field="after")
    return tuple(found)
