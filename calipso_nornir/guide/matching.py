# SPDX-License-Identifier: Apache-2.0
"""MongoDB's search documents, as far as the guide's plug-ins use them: equality and the usual operators."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.metadata.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

_MISSING: Final = object()


def matches(document: Mapping[str, Any], search: Mapping[str, Any]) -> bool:
    """Return whether a document meets every condition; raises ValueError for an operator that is not known."""
    return all(_one(document, key, wanted) for key, wanted in search.items())


def _one(document: Mapping[str, Any], key: str, wanted: Any) -> bool:  # noqa: ANN401 - JSON of any shape
    if key in _JOINS:
        return _JOINS[key](matches(document, part) for part in wanted)
    if key.startswith("$"):
        raise ValueError(f"{key} is not an operator{nearest(key, _JOINS)}")
    value = _value(document, key)
    if isinstance(wanted, Mapping) and any(name.startswith("$") for name in wanted):
        return all(_operator(name)(value, operand) for name, operand in wanted.items())
    return _equal(value, wanted)


def _value(document: Any, path: str) -> Any:  # noqa: ANN401 - as above
    if isinstance(document, Mapping) and path in document:
        return document[path]
    head, dot, rest = path.partition(".")
    if dot and isinstance(document, Mapping) and head in document:
        return _value(document[head], rest)
    return _MISSING


def _operator(name: str) -> Callable[[Any, Any], bool]:
    if name not in _OPERATORS:
        raise ValueError(
            f"{name} is not an operator{nearest(name, _OPERATORS)}; known: {', '.join(sorted(_OPERATORS))}"
        )
    return _OPERATORS[name]


def _equal(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - as above
    if value is _MISSING:
        return wanted is None
    if isinstance(wanted, re.Pattern):
        return isinstance(value, str) and wanted.search(value) is not None
    return bool(value == wanted) or (isinstance(value, (list, tuple)) and wanted in value)


def _in(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - as above
    return any(_equal(value, one) for one in wanted)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def operator(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - as above
        try:
            return value is not _MISSING and compare(value, wanted)
        except TypeError:  # values of two types have no order
            return False

    return operator


_JOINS: Final[Mapping[str, Callable[[Any], bool]]] = {"$and": all, "$or": any, "$nor": lambda met: not any(met)}
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": _equal,
    "$ne": lambda value, wanted: not _equal(value, wanted),
    "$in": _in,
    "$nin": lambda value, wanted: not _in(value, wanted),
    "$exists": lambda value, wanted: (value is not _MISSING) == bool(wanted),
    "$regex": lambda value, wanted: isinstance(value, str) and re.search(wanted, value) is not None,
    "$gt": _compared(lambda value, wanted: value > wanted),
    "$gte": _compared(lambda value, wanted: value >= wanted),
    "$lt": _compared(lambda value, wanted: value < wanted),
    "$lte": _compared(lambda value, wanted: value <= wanted),
}
