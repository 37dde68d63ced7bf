# SPDX-License-Identifier: Apache-2.0
"""Parameters of a request that are conditions: a field, perhaps with a way to compare, and a value of its type.

``mtu=1500`` compares for equality; repeated, it has to be one of the values. ``name__prefix=web``, ``mtu__from=1500``
and ``mtu__below=9000`` compare otherwise. A field that holds a list has to hold the value.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.api.moments import in_utc
from calipso_nornir.api.problems import Problem
from calipso_nornir.model.finding import Addresses, Equal, Holds, HoldsAny, OneOf, Prefix, Range
from calipso_nornir.model.text import plain
from calipso_nornir.store.addresses import as_address, meant_by
from calipso_nornir.store.type_names import unknown
from calipso_nornir.store.values import utc_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.finding import Condition

WAYS: Final = ("prefix", "from", "below")
_EXACT: Final = frozenset({"_id", "type", "id", "parent_type", "parent_id"})
"""Fields with names and ids that count as they are written, even if they look like an address."""
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def conditions(wanted: Iterable[tuple[str, str]], known: Mapping[str, str]) -> tuple[Condition, ...]:
    """Return the conditions of parameters.

    Args:
        wanted: names and values of parameters.
        known: the fields that may be asked for, and their types.

    Raises:
        Problem: 422, an unknown field, or a value that is none of its type.
    """
    by_name: dict[str, list[str]] = {}
    for name, text in wanted:
        by_name.setdefault(name, []).append(text)
    return tuple(_condition(name, texts, known) for name, texts in by_name.items())


def must_be_known(known: Mapping[str, str], names: Iterable[str], *, place: str) -> None:
    """Raise Problem, 422, for the first name that is no known field."""
    for name in names:
        if name not in known:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(unknown("field", name, known)), field=place)


def _condition(name: str, texts: Sequence[str], known: Mapping[str, str]) -> Condition:
    field, separator, way = name.rpartition("__")
    if name in known or not separator or way not in WAYS:
        must_be_known(known, [name], place=name)
        return _equal(name, [_value(name, text, known[name]) for text in texts], known[name])
    must_be_known(known, [field], place=name)
    if len(texts) > 1:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name} is given {len(texts)} times: expected once", field=name)
    kind = known[field]
    if way == "prefix":
        if kind not in ("text", "any"):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field} is no text, so it has no prefix", field=name)
        return Prefix(field, texts[0])
    bound = _value(name, texts[0], kind)
    return Range(field, at_least=bound) if way == "from" else Range(field, below=bound)


def _equal(field: str, values: Sequence[Any], kind: str) -> Condition:
    if kind in ("text", "any", "list") and field not in _EXACT:
        texts = tuple(meant_by(one)[-1] if "mac" in field else one for one in values)
        if any(map(as_address, texts)):
            return Addresses(field, texts)
    if kind == "list":
        return Holds(field, values[0]) if len(values) == 1 else HoldsAny(field, tuple(values))
    return Equal(field, values[0]) if len(values) == 1 else OneOf(field, tuple(values))


def _value(name: str, text: str, kind: str) -> Any:  # noqa: ANN401 - the type that is declared
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return _BOOLEANS[text.casefold()]
            case "time":
                return utc_ms(in_utc(text))
            case _:
                return text
    except (ValueError, KeyError):
        detail = f"{name}: {plain(repr(text))} is no {kind}"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, field=name) from None
