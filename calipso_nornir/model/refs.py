# SPDX-License-Identifier: Apache-2.0
"""References: the identity of an object, its witnesses, the folder that contains it, and the ids of its documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from calipso_nornir.model import ids
from calipso_nornir.model.quickly_made import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, order=True)
class ObjectRef:
    """The identity of an object, used by everything that refers to it."""

    environment: str
    type: str
    id: str
    _document_id: str = field(default="", init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.id)  # two types seldom share an id, and a large cloud needs millions of look-ups

    def __str__(self) -> str:
        return f"{self.type} {self.id}"

    @property
    def document_id(self) -> str:
        """The ``_id`` of its document, in every store; computed once, because it is often needed."""
        if not self._document_id:
            object.__setattr__(self, "_document_id", document_id(self))
        return self._document_id


def checked_ref(value: object, what: str) -> ObjectRef:
    """Return a reference; for anything else raise a TypeError that says what is expected."""
    if isinstance(value, ObjectRef):
        return value
    if isinstance(getattr(value, "ref", None), ObjectRef):
        raise TypeError(f"{what} expects an ObjectRef, not the object: give its .ref")
    wanted = 'ObjectRef("my-cloud", "instance", "5b7c…")'
    raise TypeError(
        f"{what} expects an ObjectRef, e.g. {wanted}, not {type(value).__name__}; view.find({value!r:.60}) finds "
        "objects by id, name or address, and each has a .ref"
    )


@quickly_made
@dataclass(frozen=True, slots=True)
class Witness:
    """The identity of a fetching: a step, and the parent that it ran on.

    Objects remember who found them. An object is gone only if all of its witnesses ran again, saw everything that they
    should see, and did not find it.
    """

    step: str
    parent: ObjectRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that exists only if something is put in it."""

    type: str
    types_name: str
    text: str

    def ref(self, under: ObjectRef) -> ObjectRef:
        """Return the folder's identity below ``under``."""
        return ObjectRef(under.environment, self.type, ids.folder(under.id, self.types_name))


# --- ids of stored documents


def document_id(ref: ObjectRef) -> str:
    """24 hex digits for the document of an object, in every store.

    It depends only on the identity, so it survives new scans, a cleared environment and a change of the store:
    references to it (links, cliques, ``ref_id``) stay valid.
    """
    return _digest(ref.environment, ref.type, ref.id)


def link_document_id(link_type: str, source: ObjectRef, target: ObjectRef) -> str:
    """24 hex digits for the document of a link."""
    first, second = source.id, target.id
    before, between = _of_links(source.environment, link_type, source.type, target.type)
    try:
        return _hashed(f"{before}{len(first)}:{first}{between}{len(second)}:{second}")
    except UnicodeEncodeError:
        return _digest(source.environment, "link", link_type, source.type, first, target.type, second)


def clique_document_id(focal_point: ObjectRef) -> str:
    """24 hex digits for the document of the clique around an object."""
    return _digest(focal_point.environment, "clique", focal_point.type, focal_point.id)


def _digest(*parts: str) -> str:
    try:
        return _hashed("".join(map(_part, parts)))
    except UnicodeEncodeError:  # a lone surrogate: escape it as stores do
        return _digest(*(part.encode("utf-8", "backslashreplace").decode() for part in parts))


def _part(text: str) -> str:
    """Return a part of what is hashed, with its length first: different lists of parts never collide."""
    return f"{len(text)}:{text}"


@lru_cache(maxsize=1024)
def _of_links(environment: str, link_type: str, source_type: str, target_type: str) -> tuple[str, str]:
    """Return the parts that the links of a type have in common; a large cloud has hundreds of thousands of them."""
    return "".join(map(_part, (environment, "link", link_type, source_type))), _part(target_type)


def _hashed(parts: str) -> str:
    return blake2b(parts.encode(), digest_size=12).hexdigest()
