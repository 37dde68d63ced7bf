# SPDX-License-Identifier: Apache-2.0
"""Converts documents to rows and back: JSON text, and a column for each field that is looked up."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calipso_nornir.store.encoding import evidence_encoder, fast_decoder
from calipso_nornir.store.keys import ESCAPE_IN_TEXT, decoded, encoded, guard
from calipso_nornir.store.sealing import Sealed
from calipso_nornir.store.selection import FIELDS, LISTS
from calipso_nornir.store.values import clean, utc_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calipso_nornir.model.stores import Document, Kind

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_TYPELESS: Final[Mapping[str, Callable[[str], Any]]] = {
    "date": datetime.fromisoformat,
    "bytes": base64.b64decode,
    "float": float,
}
_TEXT: Final = frozenset({str})
_COLUMNS: Final = frozenset({str, type(None)})
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_CONTAINERS: Final = frozenset({dict, list, tuple})
_ID_DIGITS: Final = 24
_REFERENCES: Final = frozenset({"links"})
_ASIDE: Final = ("last_scanned", "digest")
"""Fields that are only in columns: marking a document as seen then leaves its text unchanged."""


@lru_cache(maxsize=64)
def time_text(at: datetime) -> str:
    """Return a time as ISO 8601 text that sorts chronologically."""
    return utc_ms(at).isoformat(timespec="milliseconds")


_evidence_text: Final = evidence_encoder(time_text)
_read: Final = fast_decoder()


def to_json(value: Any) -> tuple[str, Any]:  # noqa: ANN401 - any value
    """Return valid JSON text that UTF-8 can encode, and the value that it represents (cleaned if necessary)."""
    try:
        text = _ENCODE(value)
        if not ESCAPE_IN_TEXT.search(text) and _keys_are_texts(value):
            text.encode()
            return text, value
    except (TypeError, ValueError, RecursionError):  # a value that JSON cannot represent; UnicodeError is a ValueError
        pass
    value = clean(value)
    return _ENCODE(encoded(value, guard, _typeless)), value


def _keys_are_texts(value: Any) -> bool:  # noqa: ANN401 - as above
    """Return whether all keys are text; JSON encoders would write the keys 1 and "1" in the same way."""
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
    """Return the value of a text that ``to_json`` wrote."""
    value = _read(text)
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
    """Return the columns of a kind of document, without its text and its revision."""
    return ("environment", "_id", *FIELDS[kind], "last_scanned", "digest")


class Row(NamedTuple):
    """One document, ready for its tables."""

    document_id: str
    digest: str
    seen: str | None
    columns: tuple[str | None, ...]
    """The values of ``columns``."""
    text: str
    evidence: str | None
    """Its evidence with times, "" if it has none; None if the evidence is in the text."""
    keys: tuple[int, ...]
    """The keys by which its lists are looked up."""

    @property
    def looked_up(self) -> tuple[str | None, ...]:
        """The values of the columns that are looked up."""
        return self.columns[2:-2]


def to_row(kind: Kind, document: Document) -> Row:
    """Return the row of a document.

    A document whose text is already known is not written again; its evidence, with times, is stored separately.
    """
    text = document.text if type(document) is Sealed else None
    if text is None or ESCAPE_IN_TEXT.search(text):
        text, content = written(document)
        evidence = None
    else:
        content = document
        told = content.get("evidence")
        evidence = "" if told is None else _evidence_text(told)
    seen = document["last_scanned"]
    seen = None if seen is None else time_text(seen)
    digest = document["digest"]
    found = list(map(content.get, FIELDS[kind]))
    if not _COLUMNS.issuperset(map(type, found)):
        found = [value if isinstance(value, str) else None for value in found]
    values = (content["environment"], content["_id"], *found, seen, digest)
    return Row(content["_id"], digest, seen, values, text, evidence, keys_of(kind, content) if kind in LISTS else ())


def written(document: Document) -> tuple[str, Document]:
    """Return the text of a document, including its evidence, and the value that it represents."""
    content = {key: document[key] for key in sorted(document, key=str) if key not in _ASIDE}
    if content.get("evidence"):
        content["evidence"] = [_with_time(one, time_text, datetime) for one in content["evidence"]]
    return to_json(content)


def from_row(last_scanned: str | None, digest: str, text: str, evidence: str | None) -> Document:
    """Return the document of a row."""
    document: Document = from_json(text)
    if evidence:
        document["evidence"] = _read(evidence)
    elif evidence is not None:
        del document["evidence"]  # a document without evidence, such as a clique
    if document.get("evidence"):
        document["evidence"] = [_with_time(one, datetime.fromisoformat, str) for one in document["evidence"]]
    document["digest"] = digest
    document["last_scanned"] = None if last_scanned is None else datetime.fromisoformat(last_scanned)
    return document


def keys_of(kind: Kind, content: Document) -> tuple[int, ...]:
    """Return the keys of the members of a document's indexed lists."""
    found: dict[int, None] = {}
    for field in LISTS.get(kind, ()):
        members = content.get(field)
        if isinstance(members, list):
            found.update((key, None) for member in members if (key := key_of(field, member)) is not None)
    return tuple(found)


def key_of(field: str, member: Any) -> int | None:  # noqa: ANN401 - any JSON value
    """Return a number by which a list's member is looked up; two members seldom share it. None if it has none.

    The number of a reference, a text of 24 hexadecimal digits, is its first 60 bits.
    """
    if isinstance(member, str):
        if len(member) == _ID_DIGITS and field in _REFERENCES:
            return int(member[:15], 16)
        return _hashed(f"{field}\n{member}")
    if isinstance(member, dict) and all(type(one) is str for one in member.values()):
        return _hashed(f"{field}\n{sorted(member.items())}")
    return None


@lru_cache(maxsize=4096)
def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest())


def _with_time(evidence: dict[str, Any], form: Callable[[Any], Any], of_type: type) -> dict[str, Any]:
    at = evidence.get("at")
    return {**evidence, "at": form(at)} if isinstance(at, of_type) else evidence
