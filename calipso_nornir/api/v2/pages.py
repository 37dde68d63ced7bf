# SPDX-License-Identifier: Apache-2.0
"""Pages of documents: conditions from the query, an order, a cursor, chosen fields."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from fastapi import Query
from pydantic import BaseModel, Field

from calipso_nornir.api.problems import Problem
from calipso_nornir.model.finding import Equal, Find, OneOf
from calipso_nornir.model.text import plain
from calipso_nornir.store.type_names import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.finding import Condition
    from calipso_nornir.model.protocols import Document, Kind, StoreView

MOST: Final = 1000

Limit: TypeAlias = Annotated[int, Query(ge=1, le=MOST, description="The most to return.")]
After: TypeAlias = Annotated[str | None, Query(description="Where to go on: ``next`` of the page before.")]
Sort: TypeAlias = Annotated[
    str | None, Query(description="Fields to sort by, with commas between them.", examples=["host,name"])
]
Fields: TypeAlias = Annotated[
    str | None, Query(description="Fields to return, with commas between them.", examples=["id,name,host"])
]
At: TypeAlias = Annotated[
    datetime | None, Query(description="Show what was true then.", examples=["2026-11-28T19:10:00Z"])
]


class Page(BaseModel):
    """Some documents, and where the next ones begin."""

    items: list[dict[str, Any]]
    next: Annotated[str | None, Field(description="``after`` of the next page; null at the end.")] = None
    revision: Annotated[int, Field(description="The revision of the environment that is shown.")]


def page(  # noqa: PLR0913 - what a page is made of
    view: StoreView,
    kind: Kind,
    where: Iterable[Condition],
    *,
    known: Mapping[str, str],
    sort: str | None,
    after: str | None,
    limit: int,
    fields: str | None,
) -> Page:
    """Return one page of a kind of documents; ``known`` holds the fields that may be asked for, and their types."""
    order = tuple(_checked(known, name, "sort") for name in _names(sort))
    chosen = [_checked(known, name, "fields") for name in _names(fields)]
    query = Find(
        kind=kind, where=tuple(where), order=order, after=_position(after, order) if after else None, limit=limit + 1
    )
    found = list(view.find_documents(query))
    more, found = len(found) > limit, found[:limit]
    following = _cursor([*(found[-1].get(name) for name in order), found[-1]["_id"]]) if more else None
    return Page(items=[_shown(one, chosen) for one in found], next=following, revision=view.revision)


def conditions(query: Iterable[tuple[str, str]], known: Mapping[str, str], *, but: Iterable[str]) -> list[Condition]:
    """Return the conditions of a query: each other parameter is a field; a repeated one has one of the values."""
    wanted: dict[str, list[Any]] = {}
    for name, text in query:
        if name not in but:
            wanted.setdefault(name, []).append(_value(_checked(known, name, name), text, known))
    return [
        Equal(name, values[0]) if len(values) == 1 else OneOf(name, tuple(values)) for name, values in wanted.items()
    ]


def _value(name: str, text: str, known: Mapping[str, str]) -> Any:  # noqa: ANN401 - the type that is declared
    kind = known[name]
    try:
        if kind in ("integer", "int"):
            return int(text)
        if kind in ("number", "float"):
            return float(text)
        if kind in ("boolean", "bool"):
            return {"true": True, "1": True, "false": False, "0": False}[text.casefold()]
    except (ValueError, KeyError):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: {plain(repr(text))} is no {kind}", field=name
        ) from None
    return text


def _checked(known: Mapping[str, str], name: str, field: str) -> str:
    if name not in known:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(unknown("field", name, known)), field=field)
    return name


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _shown(document: Document, chosen: list[str]) -> dict[str, Any]:
    found = {name: value for name, value in document.items() if name != "digest"}
    return {name: found.get(name) for name in chosen} if chosen else found


def _cursor(position: list[Any]) -> str:
    text = json.dumps(position, default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _position(cursor: str, order: tuple[str, ...]) -> tuple[Any, ...]:
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != len(order) + 1 or not isinstance(found[-1], str):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "expected the `next` of a page with the same sort", field="after"
        )
    return tuple(found)
