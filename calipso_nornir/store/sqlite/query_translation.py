# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""A query as SQL, as far as indexes can answer it; ``conditions.page`` does the rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from calipso_nornir.model.finding import Equal, Holds, HoldsAny, OneOf, Prefix, Range
from calipso_nornir.store.checking import REFERENCES, TEXTS
from calipso_nornir.store.selection import FIELDS, LISTS
from calipso_nornir.store.sqlite.document_rows import key_of
from calipso_nornir.store.sqlite.tables import attribute_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.finding import Condition, Find
    from calipso_nornir.model.protocols import Kind

Value: TypeAlias = "str | int | None"

_PICKING: Final = frozenset(
    {"_id", "host", "port_id", "mac_address", "device", "device_id", "tap_suffix", "source", "target", "focal_point"}
)
"""Fields of which one value is in few documents, however many there are."""
_BROAD: Final = frozenset({"type", "link_type", "focal_point_type"})
"""Fields of which one value is in many."""
_EXACT: Final = (Equal, OneOf, Holds, HoldsAny)

_SURROGATES: Final = 0xD800
_BEHIND_THEM: Final = 0xE000
_LAST: Final = 0x10FFFF


@dataclass(slots=True)
class Clauses:
    """Conditions of a WHERE, the values that they bind, and whether they say all that the query says."""

    where: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    exact: bool = True
    by_number: bool = False
    """Whether a list's keys pick the documents, by their numbers."""
    picked: bool = False
    """Whether an index picks few documents: SQLite, which has no statistics, is kept from preferring another one."""

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
    """Add what the index of one attribute says, if a condition names one that has an index."""
    for condition in query.where:
        if condition.field not in indexed or condition.field in FIELDS[query.kind]:
            continue
        value = attribute_value(condition.field)
        match condition:
            case Equal(_, str() as wanted) if _is_text(wanted):
                fits, values = "= ?", wanted
            case OneOf(_, some) if all(map(_is_text, some)):
                fits, values = "IN (SELECT value FROM json_each(?))", _json(some)
            case _:
                continue
        found.add(f"head.number IN (SELECT number FROM {texts} WHERE {value} {fits})", values)
        found.by_number = True
        return


def paging(query: Find, found: Clauses) -> str | None:
    """Return ORDER BY and LIMIT, after adding what ``after`` says; None when SQL cannot do it exactly."""
    order = (*query.order, "_id")
    if not found.exact or not _texts(query.kind).issuperset(order):
        return None
    if query.after is not None:
        if not all(_is_text(value) for value in query.after):
            return None
        names, places = ", ".join(f"head.{name}" for name in order), ", ".join("?" * len(order))
        found.add(f"({names}) > ({places})", *query.after)
    limit = "" if query.limit is None else f" LIMIT {int(query.limit)}"
    sign = (
        "+" if found.picked else ""
    )  # no term of an index (sqlite.org/optoverview.html, 3): what was picked is sorted
    return f" ORDER BY {', '.join(f'{sign}head.{name}' for name in dict.fromkeys(order))}{limit}"


def _texts(kind: Kind) -> set[str]:
    """Fields that hold a text in every document, so that columns sort as ``conditions.rank`` does."""
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
        case _:  # columns hold texts only; any other value stands in the document alone
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
    """Return whether a member that fits is this very value: a mapping may ask for a part of a member only."""
    return not isinstance(wanted, dict) or (
        name == "found_by" and wanted.keys() == {"step", "parent_type", "parent_id"}
    )


def _behind(prefix: str) -> str | None:
    """Return the first text behind all those with a prefix, by code points; None when nothing is."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_BEHIND_THEM if following == _SURROGATES else following)


def _is_text(value: Any) -> bool:  # noqa: ANN401 - any value
    """Return whether SQLite compares it as Python does: its functions take a NUL for the end."""
    return isinstance(value, str) and "\0" not in value


def _is_bound(value: Any) -> bool:  # noqa: ANN401 - any value
    return value is None or _is_text(value)


def _json(values: Sequence[Any]) -> str:
    return json.dumps(list(values))
