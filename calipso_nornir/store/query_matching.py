# SPDX-License-Identifier: Apache-2.0
"""Decides which documents meet the conditions of a query, and in which order: the same rules for every store."""

from __future__ import annotations

from dataclasses import replace
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.finding import Addresses, Equal, Find, Holds, HoldsAny, OneOf, Prefix, Range
from calipso_nornir.store.addresses import usual_form
from calipso_nornir.store.equality import matches
from calipso_nornir.store.ordering import fields_of, key_of_values, rank, sort_key
from calipso_nornir.store.values import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from calipso_nornir.model.finding import Condition
    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.ordering import SortKey

_MISSING: Final = object()


def fits(document: Document, conditions: Iterable[Condition]) -> bool:
    """Return whether a document meets every condition."""
    return all(_fits(document, condition) for condition in conditions)


def cleaned(query: Find, *kinds: Kind) -> Find:
    """Return a query with values as stores hold them; raise InvalidRequest if it is not a query for these kinds."""
    if kinds and query.kind not in kinds:
        raise InvalidRequest(f"a query of kind {query.kind} cannot return {' or '.join(kinds)}")
    if kinds and query.fields:
        raise InvalidRequest(f"a query for fields ({', '.join(query.fields)}) needs find_documents()")
    if query.limit is not None and query.limit < 0:
        raise InvalidRequest(f"the limit of a query is {query.limit}: expected 0 or more")
    if query.after is not None and len(query.after) != len(query.order) + 1:
        wanted = ", ".join((*fields_of(query.order), "_id"))
        raise InvalidRequest(f"after has {len(query.after)} values: expected {wanted} of the last document")
    where = tuple(_cleaned(condition) for condition in query.where)
    after = None if query.after is None else tuple(clean(list(query.after)))
    return replace(query, where=where, after=after)


def page(documents: Iterable[Document], query: Find) -> list[Document]:
    """Return the result of a query from unordered documents, some of which may not match.

    If there is a limit, no more documents than that are kept in memory.
    """
    follows, meets = after_position(query), meeting(query.where)
    found = (document for document in documents if meets(document) and follows(document))

    def key(document: Document) -> SortKey | str:
        return sort_key(document, query.order) if query.order else str(document["_id"])

    return sorted(found, key=key) if query.limit is None else nsmallest(query.limit, found, key=key)


def meeting(conditions: Iterable[Condition]) -> Callable[[Document], bool]:
    """Return ``fits`` as a function for many documents: it compares a text with texts directly."""
    tests = [_test(one) for one in conditions]
    if len(tests) == 1:
        return tests[0]
    return lambda document: all(test(document) for test in tests)


def _test(condition: Condition) -> Callable[[Document], bool]:
    field = condition.field
    match condition:
        case Equal(_, str() as wanted):  # a text equals only a text
            return lambda document: bool(document.get(field) == wanted)
        case OneOf(_, values):
            texts = {value for value in values if type(value) is str}

            def is_one(document: Document) -> bool:
                value = document.get(field)
                return value in texts if type(value) is str else _fits(document, condition)

            return is_one
    return lambda document: _fits(document, condition)


def after_position(query: Find) -> Callable[[Document], bool]:
    """Return a function that tells whether a document comes after the last one of the previous page."""
    if query.after is None:
        return lambda _document: True
    last = key_of_values(query.after, query.order)
    return lambda document: sort_key(document, query.order) > last


def chosen(document: Document, fields: Sequence[str]) -> Document:
    """Return a document with its ``_id`` and the requested fields only; all of it if no fields are named."""
    if not fields:
        return document
    return {name: document[name] for name in dict.fromkeys(("_id", *fields)) if name in document}


def _fits(document: Document, condition: Condition) -> bool:  # noqa: PLR0911 - one for each type of condition
    value = document.get(condition.field, _MISSING)
    match condition:
        case Equal(_, wanted):
            return matches(document, {condition.field: wanted})
        case OneOf(_, wanted):
            if type(value) is str:  # a text equals only a text
                return value in wanted
            return any(matches(document, {condition.field: one}) for one in wanted)
        case Prefix(_, text):
            return isinstance(value, str) and value.startswith(text)
        case Range(_, at_least, below):
            return value is not _MISSING and _within(value, at_least, below)
        case Holds(_, wanted):
            return isinstance(value, list) and any(_holds(member, wanted) for member in value)
        case HoldsAny(_, wanted):
            return isinstance(value, list) and _overlap(value, wanted)
        case Addresses(_, wanted):
            return _is_address(value, wanted)


def _is_address(value: Any, wanted: Sequence[str]) -> bool:  # noqa: ANN401 - any value
    texts = (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str))
    return not {usual_form(one) for one in wanted}.isdisjoint(map(usual_form, texts))


def _within(value: Any, at_least: Any, below: Any) -> bool:  # noqa: ANN401 - any values
    own = rank(value)
    if at_least is not None and not (rank(at_least)[0] == own[0] and rank(at_least) <= own):
        return False
    return below is None or (rank(below)[0] == own[0] and own < rank(below))


def _holds(member: Any, wanted: Any) -> bool:  # noqa: ANN401 - any values
    if isinstance(wanted, dict):
        return isinstance(member, dict) and matches(member, wanted)
    return matches({"member": member}, {"member": wanted})


def _overlap(members: list[Any], wanted: Sequence[Any]) -> bool:
    if all(type(one) is str for one in (*members, *wanted)):
        return not set(wanted).isdisjoint(members)
    return any(_holds(member, one) for member in members for one in wanted)


def _cleaned(condition: Condition) -> Condition:  # noqa: PLR0911 - as above
    match condition:
        case Equal(field, value):
            return Equal(field, clean(value))
        case OneOf(field, values):
            return OneOf(field, tuple(clean(list(values))))
        case Range(field, at_least, below):
            return Range(field, clean(at_least), clean(below))
        case Prefix(field, text):
            return Prefix(field, clean(text))
        case Holds(field, value):
            return Holds(field, clean(value))
        case HoldsAny(field, values):
            return HoldsAny(field, tuple(clean(list(values))))
        case Addresses(field, values):
            return Addresses(field, tuple(clean(list(values))))
