# SPDX-License-Identifier: Apache-2.0
"""Makes documents that carry their content as JSON text, written once, and the digest of that text.

The text is JSON in ASCII with sorted keys, as the ``json`` module writes it, so digests of earlier releases remain
valid. orjson writes the same text for plain content; all other content is recognised here, cleaned, and written by
``json``.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, Self

from calipso_nornir.store.encoding import fast_encoder
from calipso_nornir.store.values import MAX_DEPTH, clean, utc_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calipso_nornir.model.evidence import Evidence
    from calipso_nornir.model.stores import Document, Kind

_ENCODE: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False).encode
"""It does not check for circular references: the check takes time, and such references raise RecursionError anyway."""
_FAST: Final = fast_encoder()
_PLAIN: Final = frozenset({str, int, bool, type(None)})
"""Without ``float``: orjson writes NaN as null, and small numbers differently from ``json``."""
_CONTAINERS: Final = frozenset({dict, list})
_DELETE: Final = b"\x7f"
"""The only ASCII character that ``json`` escapes and orjson does not."""


class Sealed(dict[str, Any]):
    """A document made here, with the text from which its digest is computed and which stores may write unchanged.

    A copy (``{**document, …}``) is a plain document, and a document that is changed loses its text. Nested values must
    not be changed.

    Attributes:
        of: its kind: inventory, links (including derived ones), cliques or status.
        text: its content as JSON in ASCII, keys sorted; ``evidence`` in it has no times. None if JSON cannot represent
            a value in it.
    """

    __slots__ = ("of", "text")

    of: str
    text: str | None

    def is_fresh(self, kind: Kind, environment: str) -> bool:
        """Return whether it is an unchanged document of a kind and an environment."""
        of = "links" if kind == "implicit_links" else kind
        return self.text is not None and self.of == of and self["environment"] == environment

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        self.text = None
        super().__setitem__(key, value)

    def __delitem__(self, key: str) -> None:
        self.text = None
        super().__delitem__(key)

    def __ior__(self, other: Any) -> Self:  # type: ignore[misc,override]  # noqa: ANN401 - fields have names here
        self.text = None
        return super().__ior__(other)

    def pop(self, *arguments: Any) -> Any:  # noqa: ANN401 - as in dict
        """Remove a field."""
        self.text = None
        return super().pop(*arguments)

    def popitem(self) -> tuple[str, Any]:
        """Remove the last field."""
        self.text = None
        return super().popitem()

    def setdefault(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as in dict
        """Set a field that is missing."""
        self.text = None
        return super().setdefault(key, default)

    def update(self, *arguments: Any, **fields: Any) -> None:  # noqa: ANN401 - as in dict
        """Set fields."""
        self.text = None
        super().update(*arguments, **fields)

    def clear(self) -> None:
        """Remove all fields."""
        self.text = None
        super().clear()


def sealed(document: Document, scanned_at: datetime | None, *, of: str, evidence: Sequence[Evidence] = ()) -> Sealed:
    """Return a document as stores hold it, with its digest; its values are cleaned if necessary.

    ``document`` must not be used afterwards; the evidence replaces its field ``evidence``, if it has one.
    """
    if scanned_at is not None and scanned_at.tzinfo is None:
        raise ValueError(f"time without a zone in document {document['_id']}: {scanned_at}")
    has_evidence = "evidence" in document
    plain = _is_plain(document)
    looks = [_look(one) for one in evidence]
    told = [[str(one.source), str(one.query), str(one.host)] for one in evidence]
    document["evidence"] = sorted(told) if len(told) > 1 else told
    raw = _plain_bytes(document) if plain else None
    if raw is not None:
        text: str | None = raw.decode()
    else:
        document, looks = clean(document), clean(looks)
        document["evidence"] = _told(looks)
        text = _json_text(document)
        raw = (text or _any_text(document)).encode()
    if has_evidence:
        document["evidence"] = looks
    else:
        del document["evidence"]
    document["digest"] = blake2b(raw, digest_size=16).hexdigest()
    document["last_scanned"] = None if scanned_at is None else utc_ms(scanned_at)
    made = Sealed(document)
    made.text = text
    made.of = of
    return made


def unsealed(document: Document, scanned_at: datetime | None, *, evidence: Sequence[Evidence]) -> Document:
    """Return a document as ``sealed`` does, but without a digest; its values are from a store, so they are clean.

    ``document`` must not be used afterwards.
    """
    document["evidence"] = [_look(one) for one in evidence]
    document["last_scanned"] = None if scanned_at is None else utc_ms(scanned_at)
    return document


def digest(document: Document) -> str:
    """Return 32 hex digits for the content of a document.

    ``last_scanned``, ``digest`` and the ``at`` of evidence do not count, nor does the order of keys and of evidence.
    """
    content = {key: value for key, value in document.items() if key not in ("last_scanned", "digest")}
    content["evidence"] = _told(document.get("evidence", ()))
    text = _json_text(content) or _any_text(content)
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _look(one: Evidence) -> dict[str, Any]:
    at = None if one.at is None else utc_ms(one.at)
    return {"source": one.source, "query": one.query, "host": one.host, "at": at}


def _told(looks: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    told = [[str(one.get("source")), str(one.get("query")), str(one.get("host"))] for one in looks]
    return sorted(told) if len(told) > 1 else told


# --- texts


def _plain_bytes(content: Document) -> bytes | None:
    """Return the text of plain content; None if ``clean`` might change the content."""
    if _FAST is None:
        return None
    try:
        raw = _FAST(content)
    except TypeError:  # a key is not text, a text has a lone surrogate, or an integer has over 64 bits
        return None
    return raw if raw.isascii() and _DELETE not in raw else _ENCODE(content).encode()


def _is_plain(document: Document) -> bool:
    """Return whether all values in it are of exactly these types, and not nested too deeply.

    The members of most containers are all plain, which can be determined without a loop over them in Python.
    """
    level = [value for value in document.values() if type(value) is not str and type(value) not in _PLAIN]
    for _ in range(MAX_DEPTH):
        if not level:
            return True
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind not in _CONTAINERS:
                return False
            members = one.values() if kind is dict else one
            if not _PLAIN.issuperset(map(type, members)):
                below += [value for value in members if type(value) not in _PLAIN]
        level = below
    return False


def _json_text(content: Document) -> str | None:
    try:
        return _ENCODE(content)
    except (TypeError, ValueError, RecursionError):  # a value that JSON cannot represent
        return None


def _any_text(content: Document) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), default=repr)
