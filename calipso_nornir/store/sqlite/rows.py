# SPDX-License-Identifier: Apache-2.0
"""Documents as rows: JSON text with a column for each field that is looked up."""

from __future__ import annotations

import base64
import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.store.keys import ESCAPE_IN_TEXT, decoded, encoded, guard
from calipso_nornir.store.selection import FIELDS
from calipso_nornir.store.values import clean, utc_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calipso_nornir.model.protocols import Document, Kind

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_TYPELESS: Final[Mapping[str, Callable[[str], Any]]] = {
    "date": datetime.fromisoformat,
    "bytes": base64.b64decode,
    "float": float,
}
_TEXT: Final = frozenset({str})
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_CONTAINERS: Final = frozenset({dict, list, tuple})
_ASIDE: Final = ("last_scanned", "digest")
"""Fields that are kept in columns only: noting that a document was seen does not touch its text."""


def time_text(at: datetime) -> str:
    """Return a time as ISO 8601 text whose order is the order of times."""
    return utc_ms(at).isoformat(timespec="milliseconds")


def to_json(value: Any) -> tuple[str, Any]:  # noqa: ANN401 - any value
    """Return valid JSON text that UTF-8 can encode, and the value that it stands for (cleaned when need be)."""
    try:
        text = _ENCODE(value)
        if not ESCAPE_IN_TEXT.search(text) and _keys_are_texts(value):
            text.encode()
            return text, value
    except (TypeError, ValueError, RecursionError):  # what JSON has no form for; UnicodeError is a ValueError
        pass
    value = clean(value)
    return _ENCODE(encoded(value, guard, _typeless)), value


def _keys_are_texts(value: Any) -> bool:  # noqa: ANN401 - as above
    """Tell whether no key would become another's by being written: JSON encoders write 1 and "1" alike."""
    todo = [value]
    while todo:
        members = todo.pop()
        if type(members) is dict:
            if not _TEXT.issuperset(map(type, members)):
                return False
            members = members.values()
        for member in members:
            if type(member) in _CONTAINERS:
                todo.append(member)
            elif type(member) not in _SCALARS:
                return False
    return True


def from_json(text: str) -> Any:  # noqa: ANN401 - as above
    """Return the value of what ``to_json`` wrote."""
    value = json.loads(text)
    return decoded(value, _TYPELESS) if ESCAPE_IN_TEXT.search(text) else value


def _typeless(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - as above
    if isinstance(value, datetime):
        return "date", time_text(value)
    if isinstance(value, bytes):
        return "bytes", base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "float", repr(value)
    return None


def columns(kind: Kind) -> tuple[str, ...]:
    """Return the columns of a kind of document, without its text."""
    return ("environment", "_id", *FIELDS[kind], "last_scanned", "digest")


def to_row(kind: Kind, document: Document) -> tuple[str | None, ...]:
    """Return the values of ``columns`` and then the text of a document."""
    content = {key: value for key, value in document.items() if key not in _ASIDE}
    if content.get("evidence"):
        content["evidence"] = [_with_time(one, time_text, datetime) for one in content["evidence"]]
    text, content = to_json(content)
    fields = (content.get(name) for name in FIELDS[kind])
    seen = document["last_scanned"]
    return (
        content["environment"],
        content["_id"],
        *(value if isinstance(value, str) else None for value in fields),
        None if seen is None else time_text(seen),
        document["digest"],
        text,
    )


def from_row(last_scanned: str | None, digest: str, text: str) -> Document:
    """Return the document of a row."""
    document: Document = from_json(text)
    if document.get("evidence"):
        document["evidence"] = [_with_time(one, datetime.fromisoformat, str) for one in document["evidence"]]
    document["digest"] = digest
    document["last_scanned"] = None if last_scanned is None else datetime.fromisoformat(last_scanned)
    return document


def _with_time(evidence: dict[str, Any], form: Callable[[Any], Any], of_type: type) -> dict[str, Any]:
    at = evidence.get("at")
    return {**evidence, "at": form(at)} if isinstance(at, of_type) else evidence
