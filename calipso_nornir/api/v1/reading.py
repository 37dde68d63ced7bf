# SPDX-License-Identifier: Apache-2.0
"""Reads what a request gives by its declared parameters, in the order of the older API.

Unknown keys are refused first. Then, parameter by parameter: an empty value, a missing one, one of another type, one
that is not allowed. The first fault is the answer (400). Values are not repeated: they may be secrets.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl

from calipso_nornir.api.problems import Problem
from calipso_nornir.api.v1.parameters import DIGITS_OF_ID, Form, Parameter, Type
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Document

Constants: TypeAlias = Callable[[str], Sequence[str]]
"""Gives the values that a constant lists."""

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
MARGIN: Final = timedelta(days=1)
EARLY: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Times within a day of the ends of the calendar are none: nothing could be counted from them."""
LONGEST_NAME: Final = 253
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
_WORDS: Final[Mapping[Type, str]] = {
    "string": "string",
    "integer": "integer",
    "boolean": "boolean (true or false)",
    "id": "ObjectId (24 hexadecimal digits)",
    "time": "time (ISO 8601, such as 2026-11-28T19:10:00Z)",
    "list": "list",
    "object": "object",
}


def wrong(text: str, field: str | None = None) -> Problem:
    """Return the problem that a request is refused with: 400."""
    return Problem(HTTPStatus.BAD_REQUEST, text, field=field)


def missing(what: str, id_: str, environment: str | None = None) -> Problem:
    """Return the problem that there is none: 404."""
    where = f" in environment {environment}" if environment is not None else ""
    return Problem(HTTPStatus.NOT_FOUND, f"{what}: there is none with id {plain(id_)}{where}")


def the_one(found: Document | None, what: str, id_: str, equal: Mapping[str, Any]) -> Document:
    """Return the document that has an id, if its fields have these values, too. Raises Problem, 404."""
    if found is None or any(found.get(name) != value for name, value in equal.items()):
        raise missing(what, id_, equal["environment"])
    return found


def the_one_of(documents: Iterable[Document], what: str, id_: str, environment: str | None = None) -> Document:
    """Return the document of a list that has an id. Raises Problem, 404."""
    found = next((one for one in documents if one["id"] == id_), None)
    if found is None:
        raise missing(what, id_, environment)
    return found


def ids_to_remove(values: Mapping[str, Any]) -> list[str] | None:
    """Return the ids that are to be removed; None: everything. Raises Problem unless exactly one of them is asked."""
    if (values["ids"] is None) == (not values["all"]):
        raise wrong("expected either ids, with commas between them, or all=true", "ids")
    return None if values["all"] else [one.strip() for one in values["ids"].split(",") if one.strip()]


def flags_checked(values: Mapping[str, Any]) -> None:
    """Raise Problem when more than one of the flags scan_only_… is true."""
    true = [name for name, value in values.items() if name.startswith("scan_only_") and value]
    if len(true) > 1:
        raise wrong(f"{', '.join(true)}: only one of them can be true", true[1])


def query_given(query: str) -> dict[str, Any]:
    """Return the keys of a query; a key that is repeated has a list. Raises Problem for what is no query."""
    given: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise wrong("the query string cannot be read: expected name=value, with & between them") from None
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in given.items()}


def read(
    given: Mapping[str, Any],
    parameters: Sequence[Parameter],
    *,
    constants: Constants,
    further: str = "",
    place: str = "",
) -> dict[str, Any]:
    """Return the values of all parameters; one that was not given has its default.

    Args:
        given: what the request gives, by name.
        parameters: what may be given.
        constants: the values that a constant lists.
        further: keys that begin with this may be given beside them, and are texts.
        place: how what is wrong begins.

    Raises:
        Problem: 400, the first fault.
    """
    try:
        return _read(given, parameters, constants, further)
    except Problem as problem:
        raise Problem(problem.status, f"{place}{problem.detail}", errors=problem.errors) from None


def _read(
    given: Mapping[str, Any], parameters: Sequence[Parameter], constants: Constants, further: str
) -> dict[str, Any]:
    known = {one.name for one in parameters}
    others = [name for name in given if name not in known]
    texts = [Parameter(name=name) for name in others if further and name.startswith(further) and name != further]
    unknown = sorted(set(others) - {one.name for one in texts})
    if unknown:
        names = ", ".join(plain(str(name)) for name in unknown)
        raise wrong(f"Invalid key(s): {names}; expected {', '.join(one.name for one in parameters)}", unknown[0])
    return {one.name: _value(given, one, constants) for one in (*parameters, *texts)}


def _value(given: Mapping[str, Any], one: Parameter, constants: Constants) -> Any:  # noqa: ANN401 - the declared type
    value = given.get(one.name)
    if value is None or value in ("", [], {}):
        if one.name in given and not one.may_be_empty:
            raise wrong(f"Invalid data: {one.name} has no value", one.name)
        if one.needed:
            raise wrong(f"{one.name} must be specified", one.name)
        return one.default
    if one.repeated:
        values = value if isinstance(value, list) else [value]
        return [_single(each, one, constants) for each in values]
    return _single(value, one, constants)


def _single(value: Any, one: Parameter, constants: Constants) -> Any:  # noqa: ANN401 - as above
    read_value = converted(value, one.type)
    if read_value is None:
        raise wrong(f"{one.name} must be {_WORDS[one.type]}", one.name)
    if one.least is not None and read_value < one.least:
        raise wrong(f"{one.name} must be {one.least} or more", one.name)
    if one.most is not None and read_value > one.most:
        raise wrong(f"{one.name} must be {one.most} or less", one.name)
    if one.form is not None and not _FORMS[one.form](read_value):
        raise wrong(f"{one.name} must be {_FORM_WORDS[one.form]}", one.name)
    allowed = one.one_of or (constants(one.constant) if one.constant else None)
    if allowed is not None and not (set(_texts(read_value)) <= set(allowed)):
        raise wrong(f"{one.name} must be one of {', '.join(allowed)}", one.name)
    return read_value


def converted(value: Any, type_: Type) -> Any:  # noqa: ANN401 - as above
    """Return a value in its type, or None if it is of another; numbers and booleans may be written as text."""
    return _CONVERTERS[type_](value)


def _boolean(value: object) -> bool | None:
    return value if isinstance(value, bool) else _BOOLEANS.get(str(value).casefold())


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    return value if isinstance(value, int) else (int(value) if _INTEGER.fullmatch(value) else None)


def _time(value: object) -> datetime | None:
    """Return a time in UTC; one without a zone is UTC. A + in a query has become a blank."""
    if not isinstance(value, str):
        return None
    text = value if "T" not in value else value.strip().replace(" ", "+")
    try:
        found = datetime.fromisoformat(text)
        moment = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
        return moment + MARGIN - MARGIN if moment > EARLY else None
    except (ValueError, OverflowError):
        return None


def is_host(text: str) -> bool:
    """Tell whether a text is an address or a name of a host (RFC 1123); 999.1.1.1 is neither."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        named = all(_LABEL.fullmatch(one) for one in labels) and len(text) <= LONGEST_NAME
        return named and not labels[-1].isdecimal()
    return True


def is_path(text: str) -> bool:
    """Tell whether a text is an absolute path, and not the root itself."""
    return text.startswith("/") and text.strip("/") != "" and text.isprintable()


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


_CONVERTERS: Final[Mapping[Type, Callable[[Any], Any]]] = {
    "string": lambda value: value if isinstance(value, str) else None,
    "integer": _integer,
    "boolean": _boolean,
    "id": lambda value: value.lower() if isinstance(value, str) and re.fullmatch(DIGITS_OF_ID, value) else None,
    "time": _time,
    "list": lambda value: value if isinstance(value, list) else None,
    "object": lambda value: value if isinstance(value, dict) else None,
}
_FORMS: Final[Mapping[Form, Callable[[str], bool]]] = {"host": is_host, "path": is_path}
_FORM_WORDS: Final[Mapping[Form, str]] = {
    "host": "an IPv4 or IPv6 address, or the name of a host",
    "path": "an absolute path",
}
