# SPDX-License-Identifier: Apache-2.0
"""The seams between the floors: what plug-ins, sources and stores look like to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.fetching import Fetched, Fetching
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef


@runtime_checkable
class Fetcher(Protocol):
    """Finds the objects of one type below a parent, and does no I/O itself."""

    def get(self, parent: InventoryObject) -> Fetching | list[Fetched]:
        """Yield queries, be sent answers, return what was found. A plain list is accepted, too."""
        ...


class View(Protocol):
    """One environment, read only: what plug-ins see. Look-ups by anything but these need an index of one's own."""

    @property
    def environment(self) -> str:
        """Name of the environment."""
        ...

    def get(self, ref: ObjectRef) -> InventoryObject | None:
        """Return one object, or None."""
        ...

    def of_type(self, type_: str) -> Sequence[InventoryObject]:
        """Return all objects of a type, ordered by id."""
        ...

    def children(self, ref: ObjectRef) -> Sequence[InventoryObject]:
        """Return what hangs directly below an object, ordered by type and name."""
        ...

    def links(
        self,
        type_: str | None = None,
        *,
        source: ObjectRef | None = None,
        target: ObjectRef | None = None,
    ) -> Sequence[Link]:
        """Return the links of a type, from a source, to a target; no argument gives all."""
        ...


@runtime_checkable
class LinkFinder(Protocol):
    """Finds links of the types that it declares; builds its indexes first, then goes over the objects once."""

    @property
    def link_types(self) -> tuple[str, ...]:
        """The types that ``find`` yields; a plain attribute of the class does."""
        ...

    def find(self, view: View) -> Iterable[Link]:
        """Yield links between objects of the view."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What a source answered, unread: text of a command, body of a request, rows of a statement.

    Attributes:
        data: str for a command; list or dict for an API; list of dicts for a database.
        at: when it came (aware, UTC).
        gap: what the source knows the reply to lack.
        platform: of the host that answered, as Nornir knows it ("cisco_nxos"); None for Linux, and where no host did.
    """

    data: Any
    at: datetime
    gap: CalipsoError | None = None
    platform: str | None = None


class Source(Protocol):
    """Answers queries. One query's trouble is a value in the result, never an exception."""

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer all the queries of a round at once; every query is a key of the result."""
        ...

    def close(self) -> None:
        """End sessions; the source is not used afterwards."""
        ...


# --- the store

Kind: TypeAlias = Literal["inventory", "links", "implicit_links", "cliques"]
Document: TypeAlias = dict[str, Any]


class Collection(Protocol):
    """A named set of plain documents beside the inventory: environments, scans, messages and the like."""

    def get(self, key: str) -> Document | None:
        """Return the document of a key."""
        ...

    def put(self, key: str, document: Document) -> None:
        """Insert or replace the document of a key, whole."""
        ...

    def delete(self, key: str) -> bool:
        """Remove the document of a key; tell whether there was one."""
        ...

    def find(self, equal: Mapping[str, Any] | None = None) -> list[Document]:
        """Return the documents whose top-level fields have these values, ordered by key."""
        ...


class StoreView(View, Protocol):
    """A view that reads from a store: always one complete generation."""

    def cliques(self, focal_point: ObjectRef | None = None) -> Sequence[Clique]:
        """Return the clique of a focal point, or all of them."""
        ...

    def implicit_links(self) -> Sequence[Link]:
        """Return the derived links, which live in a space of their own."""
        ...

    def search(self, text: str, *, limit: int = 100) -> Sequence[InventoryObject]:
        """Return objects with the text in their name, id or an attribute, ignoring case."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Return the number of objects by type."""
        ...

    def documents(self, kind: Kind) -> Iterable[Document]:
        """Yield the documents of one kind as they are stored, ordered by ``_id``."""
        ...


class Writer(Protocol):
    """Changes to one environment that become visible all at once, or not at all."""

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document there is, as they were before this writer's changes."""
        ...

    def documents(self, kind: Kind, document_ids: Sequence[str]) -> Iterable[Document]:
        """Yield some of the documents that there are, as they were before this writer's changes."""
        ...

    def put(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Insert or replace whole documents."""
        ...

    def seen(self, kind: Kind, document_ids: Sequence[str], at: datetime) -> None:
        """Note that documents were found unchanged; nothing but their ``last_scanned`` is written."""
        ...

    def remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Delete documents."""
        ...


class Store(Protocol):
    """Where environments are kept. Several processes may use one store at once."""

    @property
    def uri(self) -> str:
        """Where it is, without secrets."""
        ...

    def view(self, environment: str) -> StoreView:
        """Return a reader of one environment."""
        ...

    def write(self, environment: str) -> AbstractContextManager[Writer]:
        """Begin a new generation: readers see the old one until the ``with`` block ends without an error."""
        ...

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        ...

    def collection(self, name: str) -> Collection:
        """Return one of the collections of plain documents."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
