# SPDX-License-Identifier: Apache-2.0
"""The reader's side of both stores: model objects out of selected documents."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from calipso_nornir.errors import StoreUnavailable
from calipso_nornir.store.documents import clique_of, link_of, object_of
from calipso_nornir.store.searching import Needle
from calipso_nornir.store.selection import Selection
from calipso_nornir.store.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import Document, Kind
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.store.selection import Reader


class DocumentView:
    """One environment, read only. Each call sees one complete generation, the newest there is."""

    def __init__(self, environment: str, reader: Reader) -> None:
        self._environment = environment
        self._reader = reader

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._environment

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        found = self._objects(Selection("inventory", (("_id", ref.document_id),)))
        return found[0] if found else None

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, ordered by id."""
        return self._objects(Selection("inventory", (("type", clean_text(type_)),), ("id",)))

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return what hangs directly below an object, ordered by type and name."""
        if ref.environment != self._environment:
            return []
        parent = (("parent_type", clean_text(ref.type)), ("parent_id", clean_text(ref.id)))
        return self._objects(Selection("inventory", parent, ("type", "name", "id")))

    def links(
        self,
        type_: str | None = None,
        *,
        source: ObjectRef | None = None,
        target: ObjectRef | None = None,
    ) -> Sequence[Link]:
        """Return the links of a type, from a source, to a target, ordered by document id."""
        equal: list[tuple[str, str | None]] = []
        if source is not None:
            equal.append(("source", source.document_id))
        if target is not None:
            equal.append(("target", target.document_id))
        if type_ is not None:
            equal.append(("link_type", clean_text(type_)))
        return self._links(Selection("links", tuple(equal)))

    def implicit_links(self) -> Sequence[Link]:
        """Return the derived links, ordered by document id."""
        return self._links(Selection("implicit_links"))

    def cliques(self, focal_point: ObjectRef | None = None) -> Sequence[Clique]:
        """Return the clique of a focal point, or all of them, ordered by document id."""
        equal = () if focal_point is None else (("focal_point", focal_point.document_id),)
        with _undamaged(self._reader.uri):
            return [clique_of(document) for document in self._reader.select(Selection("cliques", equal))]

    def search(self, text: str, *, limit: int = 100) -> Sequence[InventoryObject]:
        """Return objects with the text in their name, id or an attribute, ignoring case.

        Those with it in name or id come first; both parts are ordered by type and id.
        """
        with _undamaged(self._reader.uri):
            return [object_of(document) for document in self._reader.search(Needle(text), limit=limit)]

    def counts(self) -> Mapping[str, int]:
        """Return the number of objects by type, ordered by type."""
        return dict(sorted(self._reader.count_types().items()))

    def documents(self, kind: Kind) -> Iterator[Document]:
        """Yield the documents of one kind as they are stored, ordered by ``_id``."""
        with _undamaged(self._reader.uri):
            yield from self._reader.stream(kind)

    def _objects(self, selection: Selection) -> list[InventoryObject]:
        with _undamaged(self._reader.uri):
            return [object_of(document) for document in self._reader.select(selection)]

    def _links(self, selection: Selection) -> list[Link]:
        with _undamaged(self._reader.uri):
            return [link_of(document) for document in self._reader.select(selection)]


@contextmanager
def _undamaged(uri: str) -> Iterator[None]:
    """Say so when a document is not what this program wrote: cut short, or changed by others."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise StoreUnavailable(uri, f"a document in it is damaged ({type(error).__name__}: {error})") from error
