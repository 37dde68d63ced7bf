# SPDX-License-Identifier: Apache-2.0
"""The seams between the floors: what plug-ins, sources and stores look like to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from threading import Event

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.changes import Change, Commit
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.fetching import Fetched, Fetching
    from calipso_nornir.model.finding import Condition, Find
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.status import Status


@runtime_checkable
class Fetcher(Protocol):
    """Finds the objects of one type below a parent, and does no I/O itself.

    It may have an attribute ``asked_by``, for scans of a few objects: type of an object that is looked at again ->
    the attribute of what this fetcher finds that holds its id ("id" for the id itself). Such a scan then runs it on
    all its parents, takes what concerns the object, and narrows the queries that can be (``ApiGet.narrow``)::

        asked_by = {"port": "id", "instance": "device_id", "network": "network_id"}

    An empty mapping says that the fetcher finds nothing but what belongs to its own parent.
    """

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
    """Finds links of the types that it declares; builds its indexes first, then goes over the objects once.

    Two further attributes keep small scans small. ``reads``: the types of objects and links that it looks at; when
    none of these has changed, its links have not, either. ``scope``: "host" when every link that it yields names its
    host (``Link.host``) and follows from objects of that host alone, and from such as are on no host; it then gets
    those of the touched hosts. Without ``reads`` it is run after every change, without ``scope`` on everything.
    """

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


@runtime_checkable
class Cancellable(Protocol):
    """A source whose sessions outlive a round that was given up; others are closed when that happens."""

    def cancel(self) -> None:
        """End the round that runs now, from another thread: ``answer`` returns soon. Without one, do nothing."""
        ...


# --- the store

Kind: TypeAlias = Literal["inventory", "links", "implicit_links", "cliques", "status"]
Document: TypeAlias = dict[str, Any]


class Collection(Protocol):
    """A named set of plain documents beside the inventory: environments, scans, messages and the like.

    Every call is atomic by itself; ``update_if`` and ``claim`` are what leases and queues are made of.
    """

    def get(self, key: str) -> Document | None:
        """Return the document of a key."""
        ...

    def put(self, key: str, document: Document) -> None:
        """Insert or replace the document of a key, whole."""
        ...

    def delete(self, key: str) -> bool:
        """Remove the document of a key; tell whether there was one."""
        ...

    def find(
        self,
        equal: Mapping[str, Any] | None = None,
        *,
        where: Sequence[Condition] = (),
        order: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[Document]:
        """Return the documents whose top-level fields have these values and fit these conditions.

        They are ordered by ``order`` (as in ``Find``), then by key.
        """
        ...

    def insert(self, key: str, document: Document) -> bool:
        """Insert a document if the key is free; tell whether it was."""
        ...

    def update_if(self, key: str, equal: Mapping[str, Any], changes: Mapping[str, Any]) -> Document | None:
        """Set some top-level fields of a document, if others have these values right now.

        Returns:
            The document as it is afterwards; None when there is none, or when it has other values: nothing was done.
        """
        ...

    def claim(
        self, equal: Mapping[str, Any], changes: Mapping[str, Any], *, order: Sequence[str] = ()
    ) -> Document | None:
        """Do ``update_if`` on the first document, in this order, that has these values; no two callers get the same.

        Returns:
            The document as it is afterwards; None when there is none to claim.
        """
        ...


class StoreView(View, Protocol):
    """A view that reads from a store.

    That of ``Store.snapshot`` shows one revision for as long as it is open; that of ``Store.view`` the newest at
    each call. Objects and links come with their status.
    """

    @property
    def revision(self) -> int:
        """The number of what it shows; 0 for an environment that nothing was ever written to."""
        ...

    def cliques(self, focal_point: ObjectRef | None = None) -> Sequence[Clique]:
        """Return the stored clique of a focal point, or all that are stored.

        Those of a clique type with ``"stored": false`` are computed when they are read: by
        ``analysis.around.clique_around`` for one object, by ``calipso export`` for all.
        """
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

    def find(self, wanted: Find | str, *, type_: str | None = None) -> Sequence[InventoryObject]:
        """Return the objects that a query (of kind inventory) asks for, or that a text names best."""
        ...

    def find_links(self, query: Find) -> Sequence[Link]:
        """Return the links that a query (of kind links or implicit_links) asks for."""
        ...

    def find_cliques(self, query: Find) -> Sequence[Clique]:
        """Return the cliques that a query (of kind cliques) asks for."""
        ...

    def find_documents(self, query: Find) -> Sequence[Document]:
        """Return the documents of any kind that a query asks for, as they are stored."""
        ...

    def get_by_id(self, kind: Kind, document_id: str) -> Document | None:
        """Return the document with an ``_id``."""
        ...

    def links_of(self, ref: ObjectRef) -> Sequence[Link]:
        """Return the links with an object at either end, ordered by document id."""
        ...

    def cliques_with(self, link_ids: Iterable[str]) -> Sequence[Clique]:
        """Return the cliques that contain one of these links, ordered by document id."""
        ...

    def status(self, document_id: str) -> Status | None:
        """Return the status of an object or link by its ``_id``."""
        ...


class Writer(Protocol):
    """A commit that is being prepared: it becomes visible all at once, or not at all."""

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document there is, as they were before this writer's changes."""
        ...

    def documents(self, kind: Kind, document_ids: Sequence[str]) -> Iterable[Document]:
        """Yield some of the documents that there are, as they were before this writer's changes."""
        ...

    def put(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Insert or replace whole documents; one with the digest that is stored already is only ``seen``."""
        ...

    def seen(self, kind: Kind, document_ids: Sequence[str], at: datetime) -> None:
        """Note that documents were found unchanged; nothing but their ``last_scanned`` is written."""
        ...

    def remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Delete documents, and the status of each."""
        ...

    def depends_on(self, kind: Kind, document_ids: Iterable[str]) -> None:
        """Name documents (present or absent) that were read: a change of one of them after ``base`` overtakes this."""
        ...


class Store(Protocol):
    """Where environments are kept. Several processes may use one store at once."""

    @property
    def uri(self) -> str:
        """Where it is, without secrets."""
        ...

    def view(self, environment: str) -> StoreView:
        """Return a reader of one environment; each call sees the newest revision."""
        ...

    def snapshot(self, environment: str, *, at: datetime | None = None) -> AbstractContextManager[StoreView]:
        """Give a reader of one revision, for a ``with`` block: the newest, or the one that was true at a time.

        Raises:
            PastUnknown: nothing is known of that time any more, or not yet.
        """
        ...

    def write(self, environment: str, *, base: int | None = None, cause: str = "") -> AbstractContextManager[Writer]:
        """Prepare a commit: readers see the revision before until the ``with`` block ends without an error.

        Args:
            environment: its name.
            base: the revision from which the changes were computed; None: they stand whatever was there.
            cause: why, for the log of commits.

        Raises:
            Overtaken: when the block ends: a document that is written, removed or depended on was written by another
                after ``base``. Nothing was changed; compute again.
        """
        ...

    def changes(self, environment: str, *, since: int, limit: int = 1000) -> Sequence[Change]:
        """Return what was put and removed after a revision, ordered by revision.

        A document that was put several times is told once, as it is now. Whole revisions are told: the answer may be
        longer than ``limit`` by the rest of the last one.

        Raises:
            PastUnknown: removals since then are known no more; read the whole of it.
        """
        ...

    def watch(self, environment: str, *, since: int, stop: Event) -> Iterator[Change]:
        """Yield changes indefinitely, waiting for more at the end, until ``stop`` is set."""
        ...

    def commits(self, environment: str, *, limit: int = 100) -> Sequence[Commit]:
        """Return the newest commits, newest first."""
        ...

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        ...

    def collection(self, name: str) -> Collection:
        """Return one of the collections of plain documents."""
        ...

    def index(self, attributes: Iterable[str]) -> None:
        """Make an index of each attribute of objects that has none: ``find`` then goes by it. Those there are stay."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
