# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""Translates a query to SQL, as far as indexes can answer it; ``conditions.page`` does the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from calipso_nornir.model.finding import Equal, Holds, HoldsAny, OneOf, Prefix, Range
from calipso_nornir.store.document_check import REFERENCES, TEXTS
from calipso_nornir.store.ordering import directions, fields_of
from calipso_nornir.store.selection import FIELDS, LISTS
from calipso_nornir.store.sqlite.document_rows import key_of
from calipso_nornir.store.sqlite.tables import attribute_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calipso_nornir.model.finding import Condition, Find
    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.ordering import Direction

Value: TypeAlias = "str | int | None"

_PICKING: Final = frozenset(
    {"_id", "host", "port_id", "mac_address", "device", "device_id", "tap_suffix", "source", "target", "focal_point"}
)
"""Fields each of whose values occurs in few documents, even in a large inventory."""
_BROAD: Final = frozenset({"type", "link_type", "focal_point_type"})
"""Fields each of whose values occurs in many documents."""
_EXACT: Final = (Equal, OneOf, Holds, HoldsAny)

_WAY: Final = ("", " DESC")
_BIGGEST: Final = 2**63 - 1
_SURROGATES: Final = 0xD800
_BEHIND_THEM: Final = 0xE000
_LAST: Final = 0x10FFFF


@dataclass(slots=True)
class Clauses:
    """Conditions of a WHERE clause, the values that they bind, and whether they express the whole query."""

    where: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    exact: bool = True
    by_number: bool = False
    """Whether documents are selected by their row numbers, through the keys of a list or the index of an attribute."""
    picked: bool = False
    """Whether an index selects few documents: SQLite has no statistics, and must then not choose another index."""

    def add(self, clause: str, *values: Value) -> None:
        """Add a condition."""
        self.where.append(clause)
        self.values.extend(values)


def clauses(query: Find, *, keys: str | None) -> Clauses:
    """Return the conditions for a query on ``head``; ``keys`` is the table of the lists' keys, if it can be used."""
    lists = LISTS.get(query.kind, ()) if keys is not None else ()
    picking = {*_PICKING, *lists}
    found = Clauses(picked=any(one.field in picking and isinstance(one, _EXACT) for one in query.where))
    known = {"_id", *FIELDS[query.kind]}
    for condition in query.where:
        if condition.field in known:
            _add_column(found, condition)
        elif keys is not None and condition.field in LISTS.get(query.kind, ()):
            _add_list(found, condition, keys)
            found.exact = False
        else:
            found.exact = False
    return found


def by_attribute(query: Find, found: Clauses, *, texts: str, indexed: frozenset[str]) -> None:
    """Add a condition on an indexed attribute, if the query names one."""
    for condition in query.where:
        if condition.field not in indexed or condition.field in FIELDS[query.kind]:
            continue
        if (fits := _in_index(attribute_value(condition.field), condition)) is None:
            continue
        clause, values = fits
        found.add(f"head.number IN (SELECT number FROM {texts} WHERE {clause})", *values)
        found.by_number = True
        return


def _in_index(value: str, condition: Condition) -> tuple[str, tuple[Value, ...]] | None:
    """Return the condition on an index of values, which may match too much; None if the index does not help."""
    match condition:
        case Equal(_, str() as wanted) if _is_text(wanted):
            return f"{value} = ?", (wanted,)
        case Equal(_, int() as wanted) if abs(wanted) <= _BIGGEST:  # true is stored as 1: it is compared exactly later
            return f"{value} = ?", (int(wanted),)
        case OneOf(_, some) if all(map(_is_text, some)):
            return f"{value} IN (SELECT value FROM json_each(?))", (_json(some),)
        case Prefix(_, text) if text and _is_text(text):
            behind = _behind(text)
            bounds = f"{value} >= ?" + ("" if behind is None else f" AND {value} < ?")
            return bounds, (text,) if behind is None else (text, behind)
        case Range(_, str() as at_least, below) if _is_text(at_least) and _is_bound(below):
            bounds = f"{value} >= ?" + ("" if below is None else f" AND {value} < ?")
            return bounds, (at_least,) if below is None else (at_least, below)
    return None


def paging(query: Find, found: Clauses) -> str | None:
    """Return ORDER BY and LIMIT, and add the condition of ``after``; None if SQL cannot express them exactly."""
    order = directions(query.order)
    if not found.exact or not _texts(query.kind).issuperset(one.field for one in order):
        return None
    if query.after is not None:
        if not all(_is_text(value) for value in query.after):
            return None
        _add_after(found, order, dict(zip((*fields_of(query.order), "_id"), query.after, strict=True)))
    limit = "" if query.limit is None else f" LIMIT {int(query.limit)}"
    sign = (
        "+" if found.picked else ""
    )  # a "+" keeps SQLite from using an index for sorting (sqlite.org/optoverview.html, 3)
    return f" ORDER BY {', '.join(f'{sign}head.{one.field}{_WAY[one.falling]}' for one in order)}{limit}"


def _add_after(found: Clauses, order: Sequence[Direction], last: Mapping[str, str]) -> None:
    """Add that a document comes after another one: by its row value, or field by field where directions differ."""
    names = [f"head.{one.field}" for one in order]
    values = [last[one.field] for one in order]
    if not any(one.falling for one in order):
        found.add(f"({', '.join(names)}) > ({', '.join('?' * len(order))})", *values)
        return
    behind = [f"{name} {'<' if one.falling else '>'} ?" for name, one in zip(names, order, strict=True)]
    ways = [" AND ".join([*(f"{name} = ?" for name in names[:n]), way]) for n, way in enumerate(behind)]
    first = f"{names[0]} {'<=' if order[0].falling else '>='} ?"  # for an index
    bound = [value for n in range(len(values)) for value in values[: n + 1]]
    found.add(f"{first} AND ({' OR '.join(f'({way})' for way in ways)})", values[0], *bound)


def _texts(kind: Kind) -> set[str]:
    """Return the fields that are text in every document, so that columns sort as ``ordering.rank`` does."""
    return {"_id", *TEXTS[kind], *REFERENCES[kind]} & {"_id", *FIELDS[kind]}


def _add_column(found: Clauses, condition: Condition) -> None:
    column = f"{'+' if found.picked and condition.field in _BROAD else ''}head.{condition.field}"
    match condition:
        case Equal(_, str() as value) if _is_text(value):
            found.add(f"{column} = ?", value)
        case OneOf(_, values) if all(map(_is_text, values)):
            found.add(f"{column} IN (SELECT value FROM json_each(?))", _json(values))
        case Prefix(_, text) if _is_text(text):
            found.add(f"{column} >= ?", text)
            if (behind := _behind(text)) is not None:
                found.add(f"{column} < ?", behind)
        case Range(_, at_least, below) if _is_bound(at_least) and _is_bound(below):
            if at_least is not None:
                found.add(f"{column} >= ?", at_least)
            if below is not None:
                found.add(f"{column} < ?", below)
        case _:  # columns hold only text; any other value is in the document alone
            found.exact = False


def _add_list(found: Clauses, condition: Condition, table: str) -> None:
    wanted: Sequence[Any]
    match condition:
        case Holds(_, value):
            wanted = (value,)
        case HoldsAny(_, values):
            wanted = values
        case _:
            return
    keys = [key_of(condition.field, one) for one in wanted]
    if None in keys or not all(_is_whole(condition.field, one) for one in wanted):
        return
    found.by_number = True
    found.add(f"head.number IN (SELECT number FROM {table} WHERE key IN (SELECT value FROM json_each(?)))", _json(keys))


def _is_whole(name: str, wanted: Any) -> bool:  # noqa: ANN401 - any value
    """Return whether a matching member equals the value: a mapping may name only a part of a member."""
    return not isinstance(wanted, dict) or (
        name == "found_by" and wanted.keys() == {"step", "parent_type", "parent_id"}
    )


def _behind(prefix: str) -> str | None:
    """Return the first text, by code points, after all those with a prefix; None when there is none."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_BEHIND_THEM if following == _SURROGATES else following)


def _is_text(value: Any) -> bool:  # noqa: ANN401 - any value
    """Return whether SQLite compares a value as Python does: SQLite's functions end a text at a NUL."""
    return isinstance(value, str) and "\0" not in value


def _is_bound(value: Any) -> bool:  # noqa: ANN401 - any value
    return value is None or _is_text(value)


def _json(values: Sequence[Any]) -> str:
    return json.dumps(list(values))
