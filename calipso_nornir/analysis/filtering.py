# SPDX-License-Identifier: Apache-2.0
"""Filter conditions on any attribute of an object or link, as users type them.

============================  ==================================================================
``status=ERROR``              equal; case is ignored, and addresses are compared as addresses
``name=web-*``                begins with, ends with, contains: ``*`` is any text, ``?`` one character
``ip_address=10.0.0.0/24``    is in the network
``mtu=1500..9000``            from, to; either may be left out
``mtu>1500``                  also ``>=``, ``<``, ``<=``: numbers, addresses, times, text
``status!=ACTIVE``            none of the values is equal
``host``, ``!host``           has a value, has none
============================  ==================================================================

A nested attribute is written with a dot: ``os.ID=debian``. Any member of a list may match.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.naming import snake_case
from calipso_nornir.model.objects import RESERVED
from calipso_nornir.store.addresses import as_address
from calipso_nornir.store.type_names import unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Operator: TypeAlias = Literal["=", "!=", ">", ">=", "<", "<=", "is set", "is not set"]
Rank: TypeAlias = tuple[int, Any]

_FORM: Final = re.compile(r"(?P<key>[^=!<>]+)(?P<operator>!=|>=|<=|=|>|<)(?P<value>.*)", re.DOTALL)
_RANGE: Final = re.compile(r"(?P<low>[^.]*(?:\.\d+)*)\.\.(?P<high>.*)")
_PARTS: Final = {"evidence": ("at", "host", "query", "source"), "found_by": ("parent_id", "parent_type", "step")}
_DIGITS: Final = re.compile(r"(\d+)")
_DEEPEST: Final = 4
"""Levels of nested attributes whose names are suggested."""
_FRAME: Final = RESERVED - {"id", "name", "last_scanned"} | {
    f"{one}.{name}" for one, names in _PARTS.items() for name in names
}
"""Names that are not suggested: they work, but are rarely useful."""
_WORDS: Final = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on the values of one attribute."""

    key: str
    operator: Operator
    value: str = ""

    def fits(self, document: Mapping[str, Any]) -> bool:
        """Return whether a document meets it."""
        found = [one for one in values(document, self.key) if one not in (None, "", [], {})]
        match self.operator:
            case "is set":
                return bool(found)
            case "is not set":
                return not found
            case "=":
                return any(_equal(one, self.value) for one in found) or (not found and self.value in ("", "-"))
            case "!=":
                return not any(_equal(one, self.value) for one in found)
            case _:
                return any(_compares(one, self.operator, self.value) for one in found)


def condition(text: str) -> Condition:
    """Read a condition. Raises InvalidRequest."""
    read = _FORM.fullmatch(text.strip())
    if read is not None:
        return Condition(read["key"].strip(), read["operator"], read["value"].strip())  # type: ignore[arg-type]  # the pattern's
    key = text.strip().removeprefix("!").strip()
    if not key or re.search(r"[=!<>]", key):
        raise InvalidRequest(f'"{text}" is not a condition: expected KEY=VALUE, KEY!=VALUE, KEY>VALUE, KEY or !KEY')
    return Condition(key, "is not set" if text.strip().startswith("!") else "is set")


def filtered(documents: Sequence[Mapping[str, Any]], conditions: Sequence[Condition]) -> list[int]:
    """Return the indexes of the documents that meet all conditions. Raises UnknownName for an unknown attribute."""
    must_be_known(documents, (one.key for one in conditions))
    return [place for place, one in enumerate(documents) if all(each.fits(one) for each in conditions)]


def must_be_known(documents: Sequence[Mapping[str, Any]], keys: Iterable[str]) -> None:
    """Raise UnknownName for an attribute that none of the documents has; without documents, nothing is known."""
    for key in keys:
        if documents and not any(True for one in documents for _ in values(one, key)):
            raise unknown("attribute", key, {name for one in documents for name in _keys(one)} - _FRAME)


def values(document: Any, key: str) -> Iterator[Any]:  # noqa: ANN401 - attributes are JSON of any shape
    """Yield the values of an attribute: each member of a list, and nested attributes (``os.name``) in all members."""
    if isinstance(document, (list, tuple)):
        for member in document:
            yield from values(member, key)
    elif isinstance(document, dict):
        if (name := _name(document, key)) is not None:
            yield from _members(document[name])
        for place, sign in enumerate(key):
            if sign == "." and (name := _name(document, key[:place])) is not None:
                yield from values(document[name], key[place + 1 :])


def _name(document: Mapping[str, Any], key: str) -> str | None:
    """Return a document's name for an attribute, given that name or the source's."""
    return next((name for name in (key, snake_case(key)) if name in document), None)


def rank(document: Mapping[str, Any], key: str) -> tuple[bool, tuple[Rank, ...]]:
    """Return the sort key of a value: numbers, addresses and digits within text sort by value, a missing one last."""
    found = tuple(_rank(one) for one in values(document, key) if one is not None)
    return (not found, found)


def told(document: Mapping[str, Any], key: str) -> str:
    """Return the values of an attribute as text for one cell of a table."""
    words = [_text(one) for one in values(document, key)]
    return ", ".join(word for word in words if word)


def _members(value: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    if isinstance(value, (list, tuple)) and value:
        for member in value:
            yield from _members(member)
    else:
        yield value


def _keys(value: Any, depth: int = _DEEPEST) -> Iterator[str]:  # noqa: ANN401 - as above
    if isinstance(value, (list, tuple)):
        for member in value:
            yield from _keys(member, depth)
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield str(key)
            yield from (f"{key}.{name}" for name in _keys(inner, depth - 1))


def _text(value: Any) -> str:  # noqa: ANN401 - as above
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case dict() | list():
            return json.dumps(value, default=str)
        case datetime():
            return value.isoformat(timespec="seconds")
        case _:
            return str(value)


def _equal(value: Any, wanted: str) -> bool:  # noqa: ANN401 - as above
    if isinstance(value, bool):
        return _WORDS.get(wanted.casefold()) is value
    text = _text(value)
    if text.casefold() == wanted.casefold():
        return True
    if isinstance(value, (int, float)) and _number(wanted) is not None:
        return _number(wanted) == value
    return _is_between(value, wanted) or _is_address(text, wanted) or _is_like(text, wanted)


def _is_between(value: Any, wanted: str) -> bool:  # noqa: ANN401 - as above
    span = _RANGE.fullmatch(wanted)
    ends = [(sign, span[end]) for sign, end in ((">=", "low"), ("<=", "high")) if span[end]] if span is not None else []
    return bool(ends) and all(_compares(value, sign, end) for sign, end in ends)


def _is_address(text: str, wanted: str) -> bool:
    address = as_address(wanted)
    return _is_in_network(text, wanted) or (address is not None and as_address(text.partition("/")[0]) == address)


def _is_like(text: str, wanted: str) -> bool:
    if "*" not in wanted and "?" not in wanted:
        return False
    pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL) is not None


def _is_in_network(text: str, wanted: str) -> bool:
    """Return whether an address, with or without its prefix length, or a network is in the wanted network."""
    if "/" not in wanted:
        return False
    try:
        network, own = ipaddress.ip_network(wanted, strict=False), ipaddress.ip_interface(text)
    except ValueError:
        return False
    return own.version == network.version and own.ip in network


def _compares(value: Any, operator: str, wanted: str) -> bool:  # noqa: ANN401 - as above
    mine, theirs = _rank(value), _rank(wanted)
    number = _number(wanted)
    if isinstance(value, (int, float)) or number is not None:
        given = _number(str(value))
        if given is None or number is None:
            return False
        mine, theirs = (0, given), (0, number)
    if mine[0] != theirs[0] or isinstance(value, dict):  # "mtu" of a vNIC is {"size": "1450"}: mtu.size is meant
        return False
    match operator:
        case ">":
            return bool(mine[1] > theirs[1])
        case ">=":
            return bool(mine[1] >= theirs[1])
        case "<":
            return bool(mine[1] < theirs[1])
        case _:
            return bool(mine[1] <= theirs[1])


def _rank(value: Any) -> Rank:  # noqa: ANN401 - as above
    if isinstance(value, (int, float)):
        return (0, value)
    text = _text(value)
    try:
        address = ipaddress.ip_interface(text)
    except ValueError:
        parts = _DIGITS.split(text.casefold())
        return (2, tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts))
    return (1, (address.version, int(address.ip), address.network.prefixlen))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
