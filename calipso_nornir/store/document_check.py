# SPDX-License-Identifier: Apache-2.0
"""Checks documents before they are committed, because a commit cannot be undone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import DocumentRefused
from calipso_nornir.model.refs import ObjectRef
from calipso_nornir.model.status import FINDING
from calipso_nornir.store.sealing import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.stores import Document, Kind

_HEX: Final = re.compile(r"[0-9a-f]{24}")
_HEX_DIGITS: Final = re.compile(r"[0-9a-f]*")
_LENGTH: Final = 24

TEXTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "inventory": ("digest", "type", "id"),
    "links": ("digest", "link_type"),
    "implicit_links": ("digest", "link_type"),
    "cliques": ("digest",),
    "status": ("digest", "kind", FINDING),
}
"""Fields that always hold a text."""

REFERENCES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "inventory": (),
    "links": ("source", "target"),
    "implicit_links": ("source", "target"),
    "cliques": ("focal_point",),
    "status": (),
}
"""Fields that hold the ``_id`` of another document."""

REFERENCE_LISTS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "inventory": (),
    "links": (),
    "implicit_links": (),
    "cliques": ("links", "nodes"),
    "status": (),
}
"""Fields that hold lists of ``_id``s of other documents."""


def checked(document: Document, *, uri: str, kind: Kind, environment: str) -> Document:
    """Return a document if it is valid for its kind and environment, else raise DocumentRefused."""
    if isinstance(document, Sealed) and document.is_fresh(kind, environment):
        return document  # made by ``documents``, and not changed since
    problem = _problem(document, kind, environment)
    if problem:
        raise DocumentRefused(uri, kind, str(document.get("_id")), problem)
    return document


def checked_ids(document_ids: Iterable[str], *, uri: str, kind: Kind) -> list[str]:
    """Return document ids, or raise DocumentRefused if one is invalid."""
    wanted = list(document_ids)
    if _surely_ids(wanted):
        return wanted
    for one in wanted:
        if not _is_id(one):
            raise DocumentRefused(uri, kind, str(one), "cannot exist: an _id has 24 hexadecimal digits")
    return wanted


def _surely_ids(values: list[Any]) -> bool:
    """Tell quickly whether all values are ids; if not, each is examined."""
    alike = {str}.issuperset(map(type, values)) and {_LENGTH}.issuperset(map(len, values))
    return alike and _HEX_DIGITS.fullmatch("".join(values)) is not None


def _is_id(value: Any) -> bool:  # noqa: ANN401 - any value, that is the question
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _problem(document: Document, kind: Kind, environment: str) -> str | None:
    if not _is_id(document.get("_id")):
        return "has an _id that is not 24 hexadecimal digits"
    if document.get("environment") != environment:
        return f"belongs to environment {document.get('environment')!r}, not {environment!r}"
    if not isinstance(document.get("last_scanned"), (datetime, type(None))):
        return "has a last_scanned that is not a time"
    lacking = [name for name in TEXTS[kind] if not isinstance(document.get(name), str)]
    lacking += [name for name in REFERENCES[kind] if not _is_id(document.get(name))]
    lacking += [name for name in REFERENCE_LISTS[kind] if not _are_ids(document.get(name))]
    if lacking:
        return f"lacks {' and '.join(lacking)}, or has it in a wrong form"
    if kind == "inventory":
        ref = ObjectRef(environment, document["type"], document["id"])
        return None if ref.document_id == document["_id"] else f"has an _id that is not that of {ref}"
    return None


def _are_ids(value: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(value, list) and all(map(_is_id, value))
