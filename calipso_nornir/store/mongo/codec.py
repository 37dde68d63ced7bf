# SPDX-License-Identifier: Apache-2.0
"""Converts documents to BSON and back: ObjectIds for ``_id`` and references, escaped keys, big integers as text.

A document is encoded directly if possible; only one that pymongo rejects, or that contains something that
looks like an escape, is converted in Python first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import bson
from bson.errors import BSONError
from bson.int64 import Int64
from bson.objectid import ObjectId
from bson.raw_bson import RawBSONDocument

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.document_check import REFERENCE_LISTS, REFERENCES
from calipso_nornir.store.keys import ESCAPE_IN_BYTES, OWN, decoded, encoded, escape
from calipso_nornir.store.mongo.connection import OPTIONS, RAW_OPTIONS
from calipso_nornir.store.mongo.environment_collections import OF, REVISION, UNTIL
from calipso_nornir.store.values import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from calipso_nornir.model.stores import Document, Kind

_TYPELESS: Final[Mapping[str, Callable[[str], Any]]] = {"int": int}
_OWN_KEYS: Final = ("_id", "key")
VERSION: Final = f"{OWN}version"
"""Field that gets a new value at each write of a plain document; a field of the document cannot have this name."""
_INT64: Final = 8
_NAME: Final = b"\x12" + REVISION.encode() + b"\0"
"""The beginning of the element that holds the revision as a 64-bit integer (bsonspec.org)."""
_OBJECT_ID: Final = 12
_AT_ONCE: Final = 500
_NESTED: Final = frozenset({dict, list})
_ID_NAME: Final = b"\x07_id\0"
_ID_AT: Final = 4 + len(_ID_NAME)
_ID_BYTES: Final = len(_ID_NAME) + _OBJECT_ID
_TAIL: Final = len(_NAME) + _INT64 + 1


def to_bson(value: dict[str, Any]) -> bytes:
    """Return the BSON of a mapping with any keys and values."""
    try:
        raw = bson.encode(value, check_keys=True, codec_options=OPTIONS)
    except (BSONError, OverflowError, ValueError, TypeError, RecursionError):  # UnicodeError is a ValueError
        pass
    else:
        if not ESCAPE_IN_BYTES.search(raw):
            return raw
    identity = {"_id": value["_id"]} if isinstance(value.get("_id"), ObjectId) else {}
    cleaned = clean({key: member for key, member in value.items() if key not in identity})
    return bson.encode(identity | encoded(cleaned, escape, _typeless), codec_options=OPTIONS)


def from_bson(raw: bytes) -> dict[str, Any]:
    """Return the mapping from which ``to_bson`` made the BSON."""
    value = bson.decode(raw, codec_options=OPTIONS)
    return decoded(value, _TYPELESS) if ESCAPE_IN_BYTES.search(raw) else value


def _typeless(value: Any) -> tuple[str, str] | None:  # noqa: ANN401 - any value
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "int", str(value)
    return None


# --- documents of a revision


def to_raw(kind: Kind, document: Document) -> bytes:
    """Return the BSON of a checked document, without its revision."""
    stored = {**document, "_id": ObjectId(document["_id"])}
    references = {name: stored.pop(name) for name in (*REFERENCES[kind], *REFERENCE_LISTS[kind])}
    raw = to_bson(stored)
    if references:
        ids = {name: _object_ids(value) for name, value in references.items()}
        raw = _joined(raw, bson.encode(ids))
    return raw


def stamped(raw: bytes, revision: int) -> RawBSONDocument:
    """Return a document with its revision as the last element."""
    return RawBSONDocument(_joined(raw, bson.encode({REVISION: Int64(revision)})), RAW_OPTIONS)


def past_of(raw: bytes, *, until: int) -> RawBSONDocument:
    """Return the past form of a current document; the server ensures that a document begins with its ``_id``."""
    if raw[4:_ID_AT] != _ID_NAME:
        raise ValueError("a document does not begin with its _id")
    one = ObjectId(raw[_ID_AT : _ID_AT + _OBJECT_ID])
    head = bson.encode({"_id": {"of": one, "until": Int64(until)}})
    rest = (len(raw) - _ID_BYTES).to_bytes(4, "little") + raw[4 + _ID_BYTES :]
    return RawBSONDocument(_joined(_joined(head, rest), bson.encode({OF: one, UNTIL: Int64(until)})), RAW_OPTIONS)


def id_of(raw: bytes) -> ObjectId:
    """Return the ``_id`` of a current document."""
    if raw[4:_ID_AT] == _ID_NAME:
        return ObjectId(raw[_ID_AT : _ID_AT + _OBJECT_ID])
    one: ObjectId = bson.decode(raw, codec_options=OPTIONS)["_id"]
    return one


def revision_of(raw: bytes) -> int:
    """Return the revision that wrote a document."""
    if raw[-_TAIL : -_INT64 - 1] == _NAME:
        return int.from_bytes(raw[-_INT64 - 1 : -1], "little", signed=True)
    return int(bson.decode(raw, codec_options=OPTIONS)[REVISION])


def from_raw(kind: Kind, raw: bytes) -> Document:
    """Return the document from stored BSON: current or past, complete or only some of its fields."""
    return restored(kind, from_bson(raw))


def from_raws(kind: Kind, raws: Iterable[bytes]) -> Iterator[Document]:
    """Yield the documents as ``from_raw`` does, in less time: many are decoded at once."""
    for some in chunks(raws, _AT_ONCE):
        joined = b"".join(some)
        if ESCAPE_IN_BYTES.search(joined):
            yield from (from_raw(kind, raw) for raw in some)
        else:
            yield from (restored(kind, one) for one in bson.decode_all(joined, OPTIONS))


def restored(kind: Kind, document: Document) -> Document:
    """Return the document of a stored one that has been decoded; this changes what it is given."""
    of = document.pop(OF, None)
    if of is not None:
        document["_id"] = of
    document.pop(UNTIL, None)
    document.pop(REVISION, None)
    for name in ("_id", *REFERENCES[kind]):
        if name in document:
            document[name] = str(document[name])
    for name in REFERENCE_LISTS[kind]:
        if name in document:
            document[name] = [str(one) for one in document[name]]
    return _in_order(document)


def _in_order(document: Document) -> Document:
    """Return a document with its fields in the order of SQLite's texts: sorted at every level."""
    told = document.pop("evidence", None)
    last = {name: document.pop(name) for name in ("digest", "last_scanned") if name in document}
    found: Document = _sorted(document if told is None else {**document, "evidence": None})
    if told is not None:
        found["evidence"] = told
    return found | last


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any value
    if type(value) is dict:
        return {name: _sorted(member) if type(member := value[name]) in _NESTED else member for name in sorted(value)}
    if type(value) is list:
        return [_sorted(member) if type(member) in _NESTED else member for member in value]
    return value


def _object_ids(value: str | list[str]) -> ObjectId | list[ObjectId]:
    return ObjectId(value) if isinstance(value, str) else [ObjectId(one) for one in value]


def _joined(one: bytes, other: bytes) -> bytes:
    """Join two BSON documents: four bytes of length, the elements, a NUL (bsonspec.org)."""
    elements = one[4:-1] + other[4:-1]
    return (len(elements) + 5).to_bytes(4, "little") + elements + b"\0"


# --- plain documents


def to_plain(key: str, document: Document, *, version: ObjectId) -> RawBSONDocument:
    """Return a plain document as it is stored under a key."""
    stored = encoded(clean(document), escape, _typeless)
    own = {f"{OWN}{name}": stored.pop(name) for name in _OWN_KEYS if name in stored}
    return RawBSONDocument(
        bson.encode({"key": key, VERSION: version, **own, **stored}, codec_options=OPTIONS), RAW_OPTIONS
    )


def from_plain(raw: bytes) -> Document:
    """Return the plain document of a stored one."""
    return plain_of(bson.decode(raw, codec_options=OPTIONS))


def plain_of(value: dict[str, Any]) -> Document:
    """Return the plain document of a stored one that has been decoded; this changes ``value``."""
    for name in (*_OWN_KEYS, VERSION):
        value.pop(name, None)
    document: Document = decoded(value, _TYPELESS)
    return document
