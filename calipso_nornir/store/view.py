# SPDX-License-Identifier: Apache-2.0
"""The readers' view of both stores: turns selected documents into model objects, each with its status."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from calipso_nornir.errors import StoreUnavailable
from calipso_nornir.model.finding import Equal, Find, HoldsAny
from calipso_nornir.model.refs import checked_ref
from calipso_nornir.store.documents import clique_of, link_of, object_of, status_of
from calipso_nornir.store.meaning import find_all
from calipso_nornir.store.query_matching import chosen, cleaned
from calipso_nornir.store.searching import Needle, SearchPlace
from calipso_nornir.store.selection import Selection
from calipso_nornir.store.type_names import unknown
from calipso_nornir.store.values import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.status import Status
    from calipso_nornir.model.stores import Document, Kind
    from calipso_nornir.store.selection import Reader

T = TypeVar("T")


class DocumentView:
    """One environment, read only.

    Args:
        environment: its name.
        uri: where the store is, for errors.
        pin: provides a reader of one revision, either always the same (a snapshot) or the newest. With True, the
            caller may use it for long, while the same thread reads with other readers.
        declared: returns the names in a constant of the store; unknown types are rejected with them.
    """

    def __init__(
        self,
        environment: str,
        *,
        uri: str,
        pin: Callable[[bool], AbstractContextManager[Reader]],
        declared: Callable[[str], Collection[str]],
    ) -> None:
        self._environment = environment
        self._declared = declared
        self._uri = uri
        self._pin = pin

    @property
    def environment(self) -> str:
        """Name of the environment."""
        return self._environment

    @property
    def revision(self) -> int:
        """The revision that it shows."""
        with self._pin(False) as reader:  # noqa: FBT003 - see pin
            return reader.revision

    # --- objects

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        found = self._objects(Selection("inventory", (("_id", checked_ref(ref, "get()").document_id),)))
        return found[0] if found else None

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, ordered by id. Raises UnknownName for a type that no scan declared."""
        found = self._objects(Selection("inventory", (("type", clean_text(type_)),), ("id",)))
        if not found:
            self._must_be_declared("object type", "scan_object_types", type_)
        return found

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return the objects directly below an object, ordered by type and name."""
        if checked_ref(ref, "children()").environment != self._environment:
            return []
        parent = (("parent_type", clean_text(ref.type)), ("parent_id", clean_text(ref.id)))
        return self._objects(Selection("inventory", parent, ("type", "name", "id")))

    def search(
        self, text: str, *, limit: int = 100, after: tuple[bool, str, str] | None = None
    ) -> Sequence[InventoryObject]:
        """Return objects with the text in their name, id or an attribute, ignoring case.

        Matches in name or id come first; both groups are ordered by type and id. ``after`` is the place of the last
        object of the page before: whether only an attribute matches, its type and its id.
        """
        place = None if after is None else SearchPlace(*after)
        with self._reading() as reader:
            return _joined(reader, "inventory", reader.search(Needle(text), limit=limit, after=place), object_of)

    def find(self, wanted: Find | str, *, type_: str | None = None) -> Sequence[InventoryObject]:
        """Return the objects that match a query, or those that best match a text.

        A text is ``type:id``, an id, a MAC or IP address, or a name: ``view.find("web-1")``. Raises UnknownName for a
        type that no scan declared.
        """
        found = self._found(wanted, type_)
        if not found and type_ is not None:
            self._must_be_declared("object type", "scan_object_types", type_)
        return found

    def _found(self, wanted: Find | str, type_: str | None) -> Sequence[InventoryObject]:
        if isinstance(wanted, str):
            return find_all(self, wanted, type_=type_)
        query = wanted if type_ is None else replace(wanted, where=(*wanted.where, Equal("type", type_)))
        with self._reading() as reader:
            return _joined(reader, "inventory", reader.find(cleaned(query, "inventory")), object_of)

    def counts(self) -> Mapping[str, int]:
        """Return the number of objects by type, ordered by type."""
        with self._reading() as reader:
            return dict(sorted(reader.count_types().items()))

    # --- links

    def links(
        self,
        type_: str | None = None,
        *,
        source: ObjectRef | None = None,
        target: ObjectRef | None = None,
    ) -> Sequence[Link]:
        """Return the links of a type, from a source, to a target, ordered by document id.

        Raises UnknownName for a type that no scan declared.
        """
        equal: list[tuple[str, str | None]] = []
        if source is not None:
            equal.append(("source", checked_ref(source, "links(source=…)").document_id))
        if target is not None:
            equal.append(("target", checked_ref(target, "links(target=…)").document_id))
        if type_ is not None:
            equal.append(("link_type", clean_text(type_)))
        found = self._links(Selection("links", tuple(equal)))
        if not found and type_ is not None:
            self._must_be_declared("link type", "link_types", type_)
        return found

    def implicit_links(self) -> Sequence[Link]:
        """Return the derived links, ordered by document id."""
        return self._links(Selection("implicit_links"))

    def links_of(self, ref: ObjectRef) -> Sequence[Link]:
        """Return the links with an object at either end, ordered by document id."""
        one = checked_ref(ref, "links_of()").document_id
        ends = (Selection("links", ((end, one),)) for end in ("source", "target"))
        with self._reading() as reader:
            found = {document["_id"]: document for selection in ends for document in reader.select(selection)}
            return _joined(reader, "links", (found[one] for one in sorted(found)), link_of)

    def find_links(self, query: Find) -> Sequence[Link]:
        """Return the links that match a query."""
        with self._reading() as reader:
            return _joined(reader, query.kind, reader.find(cleaned(query, "links", "implicit_links")), link_of)

    # --- cliques

    def cliques(self, focal_point: ObjectRef | None = None) -> Sequence[Clique]:
        """Return the clique of a focal point, or all of them, ordered by document id."""
        equal = () if focal_point is None else (("focal_point", checked_ref(focal_point, "cliques()").document_id),)
        with self._reading() as reader:
            return [clique_of(document) for document in reader.select(Selection("cliques", equal))]

    def cliques_with(self, link_ids: Iterable[str]) -> Sequence[Clique]:
        """Return the cliques that contain one of these links, ordered by document id."""
        return self.find_cliques(Find(kind="cliques", where=(HoldsAny("links", tuple(link_ids)),)))

    def find_cliques(self, query: Find) -> Sequence[Clique]:
        """Return the cliques that match a query."""
        with self._reading() as reader:
            return [clique_of(document) for document in reader.find(cleaned(query, "cliques"))]

    # --- documents

    def documents(self, kind: Kind) -> Iterator[Document]:
        """Yield the documents of one kind as they are stored, ordered by ``_id``."""
        with self._reading(long=True) as reader:
            yield from reader.stream(kind)

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document of one kind."""
        with self._reading() as reader:
            return reader.digests(kind)

    def find_documents(self, query: Find) -> Sequence[Document]:
        """Return the documents that match a query, each with the fields that the query names."""
        with self._reading() as reader:
            return [chosen(document, query.fields) for document in reader.find(cleaned(query))]

    def count(self, query: Find) -> int:
        """Return how many documents meet the conditions of a query; its order, page and limit are ignored."""
        with self._reading() as reader:
            return reader.count(replace(cleaned(query), order=(), after=None, limit=None, fields=()))

    def get_by_id(self, kind: Kind, document_id: str) -> Document | None:
        """Return the document with an ``_id``."""
        with self._reading() as reader:
            return next(reader.find(cleaned(Find(kind=kind, where=(Equal("_id", document_id),)))), None)

    def status(self, document_id: str) -> Status | None:
        """Return the status of an object or link by its ``_id``."""
        found = self.get_by_id("status", document_id)
        return None if found is None else status_of(found)

    def _must_be_declared(self, what: str, constant: str, name: str) -> None:
        """Raise UnknownName for a type that no metadata declare; a store without metadata accepts any type."""
        known = self._declared(constant)
        if known and name not in {*known, "environment"}:  # a type without objects in the store
            raise unknown(what, name, known)

    def _objects(self, selection: Selection) -> list[InventoryObject]:
        with self._reading() as reader:
            return _joined(reader, selection.kind, reader.select(selection), object_of)

    def _links(self, selection: Selection) -> list[Link]:
        with self._reading() as reader:
            return _joined(reader, selection.kind, reader.select(selection), link_of)

    @contextmanager
    def _reading(self, *, long: bool = False) -> Iterator[Reader]:
        """Provide a reader; raise StoreUnavailable if a document is damaged: truncated, or changed by others."""
        try:
            with self._pin(long) as reader:
                yield reader
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            problem = f"a document in it is damaged ({type(error).__name__}: {error})"
            raise StoreUnavailable(self._uri, problem) from error


def _joined(
    reader: Reader, kind: Kind, documents: Iterable[Document], made: Callable[[Document, Status | None], T]
) -> list[T]:
    """Return the objects or links of documents, each with its status."""
    if kind == "implicit_links" or not reader.has_status():
        return [made(document, None) for document in documents]
    known = list(documents)
    told = map(status_of, reader.some("status", [one["_id"] for one in known]))
    statuses = {one.of: one for one in told if one.kind == kind}  # a derived link may have the _id of a found one
    return [made(document, statuses.get(document["_id"])) for document in known]
