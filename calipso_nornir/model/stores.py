# SPDX-License-Identifier: Apache-2.0
"""The interface of a store: its documents, its views of an environment, and its commits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from calipso_nornir.model.protocols import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from threading import Event

    from calipso_nornir.model.changes import Change, Commit, Life
    from calipso_nornir.model.cliques import Clique
    from calipso_nornir.model.finding import Condition, Find
    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.model.status import Status

Kind: TypeAlias = Literal["inventory", "links", "implicit_links", "cliques", "status"]
Document: TypeAlias = dict[str, Any]


class Collection(Protocol):
    """A named collection of plain documents beside the inventory: environments, scans, messages and the like.

    Every call but ``put_all`` is atomic; ``update_if`` and ``claim`` are meant for leases and queues.
    """

    def get(self, key: str) -> Document | None:
        """Return the document with a key."""
        ...

    def put(self, key: str, document: Document) -> None:
        """Insert the document with a key, or replace it completely."""
        ...

    def put_all(self, documents: Mapping[str, Document]) -> None:
        """Do ``put`` for many documents by key, in far less time; others may see some of them before the rest."""
        ...

    def delete(self, key: str) -> bool:
        """Remove the document with a key; return whether there was one."""
        ...

    def find(
        self,
        equal: Mapping[str, Any] | None = None,
        *,
        where: Sequence[Condition] = (),
        order: Sequence[str] = (),
        after: Sequence[Any] | None = None,
        limit: int | None = None,
    ) -> list[Document]:
        """Return the documents whose top-level fields have these values and meet these conditions.

        They are ordered by ``order`` (as in ``Find``), then by key, in the direction of the last field. ``after`` has
        the values of these fields, and the key, of the last document of the page before.
        """
        ...

    def insert(self, key: str, document: Document) -> bool:
        """Insert a document if the key is free; return whether it was."""
        ...

    def update_if(self, key: str, equal: Mapping[str, Any], changes: Mapping[str, Any]) -> Document | None:
        """Set top-level fields of a document, if others have these values at that moment.

        Returns:
            The document as it is afterwards; None if there is none or it has other values; nothing was changed then.
        """
        ...

    def change_if(self, key: str, before: Document | None, after: Document | None) -> bool:
        """Replace a document completely if it still equals ``before``; return whether it did.

        None stands for no document: pass it as ``before`` to insert, as ``after`` to remove.
        """
        ...

    def claim(
        self, equal: Mapping[str, Any], changes: Mapping[str, Any], *, order: Sequence[str] = ()
    ) -> Document | None:
        """Do ``update_if`` on the first document, in this order, that has these values; only one caller gets each.

        Returns:
            The document as it is afterwards; None if there is none to claim.
        """
        ...


class StoreView(View, Protocol):
    """A view that reads from a store.

    A view from ``Store.snapshot`` shows one revision for as long as it is open; one from ``Store.view`` shows the
    newest revision at each call. Objects and links come with their status.
    """

    @property
    def revision(self) -> int:
        """The revision that it shows; 0 for an environment that was never written to."""
        ...

    def cliques(self, focal_point: ObjectRef | None = None) -> Sequence[Clique]:
        """Return the stored clique of a focal point, or all that are stored.

        Those of a clique type with ``"stored": false`` are computed when they are read: by
        ``analysis.around.clique_around`` for one object, by ``calipso export`` for all.
        """
        ...

    def implicit_links(self) -> Sequence[Link]:
        """Return the implicit (derived) links, which are kept separately."""
        ...

    def search(
        self, text: str, *, limit: int = 100, after: tuple[bool, str, str] | None = None
    ) -> Sequence[InventoryObject]:
        """Return objects that contain the text in their name, id or an attribute, ignoring case.

        Those with it in their name or id come first; both groups are ordered by type and id. ``after`` is the place of
        the last object of the page before: whether it has the text only in an attribute, its type, its id.
        """
        ...

    def counts(self) -> Mapping[str, int]:
        """Return the number of objects by type."""
        ...

    def documents(self, kind: Kind) -> Iterable[Document]:
        """Yield the documents of one kind as they are stored, ordered by ``_id``."""
        ...

    def digests(self, kind: Kind) -> Mapping[str, str]:
        """Return ``_id`` -> digest of every document of one kind."""
        ...

    def find(self, wanted: Find | str, *, type_: str | None = None) -> Sequence[InventoryObject]:
        """Return the objects that match a query (of kind inventory), or those that best match a text."""
        ...

    def find_links(self, query: Find) -> Sequence[Link]:
        """Return the links that match a query (of kind links or implicit_links)."""
        ...

    def find_cliques(self, query: Find) -> Sequence[Clique]:
        """Return the cliques that match a query (of kind cliques)."""
        ...

    def find_documents(self, query: Find) -> Sequence[Document]:
        """Return the documents of any kind that match a query, as stored; of each, the fields that it names."""
        ...

    def count(self, query: Find) -> int:
        """Return how many documents, of any kind, meet the conditions of a query; order, page and limit are ignored."""
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
        """Return ``_id`` -> digest of every document, as before this writer's changes."""
        ...

    def documents(self, kind: Kind, document_ids: Sequence[str]) -> Iterable[Document]:
        """Yield some of the documents, as before this writer's changes."""
        ...

    def put(self, kind: Kind, documents: Iterable[Document]) -> None:
        """Insert or replace whole documents; if the stored digest is the same, the document is only marked as seen."""
        ...

    def seen(self, kind: Kind, document_ids: Sequence[str], at: datetime) -> None:
        """Record that documents were found unchanged; nothing but their ``last_scanned`` is written."""
        ...

    def remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        """Delete documents, and the status of each."""
        ...

    def depends_on(self, kind: Kind, document_ids: Iterable[str]) -> None:
        """Name documents (present or absent) that were read: a change of one after ``base`` overtakes this commit."""
        ...


class Store(Protocol):
    """Where environments are kept. Several processes may use one store at once."""

    @property
    def uri(self) -> str:
        """Where it is, without secrets."""
        ...

    def view(self, environment: str) -> StoreView:
        """Return a reader of one environment; each of its calls sees the newest revision."""
        ...

    def snapshot(self, environment: str, *, at: datetime | int | None = None) -> AbstractContextManager[StoreView]:
        """Return a reader of one revision, for a ``with`` block: the newest, that of a given time, or a given one.

        Raises:
            PastUnknown: nothing is known about that time or revision, no longer or not yet.
        """
        ...

    def write(self, environment: str, *, base: int | None = None, cause: str = "") -> AbstractContextManager[Writer]:
        """Prepare a commit: readers see the previous revision until the ``with`` block ends without an error.

        Args:
            environment: its name.
            base: the revision from which the changes were computed; None: they do not depend on what is stored.
            cause: why, for the log of commits.

        Raises:
            Overtaken: at the end of the block, if another writer has changed a document after ``base`` that this commit
                writes, removes or depends on. Nothing was changed; compute again.
        """
        ...

    def changes(self, environment: str, *, since: int, limit: int = 1000, most: int | None = None) -> Sequence[Change]:
        """Return what was put and removed after a revision, ordered by revision.

        A document that was put several times is returned once, in its current state. Revisions are always complete: the
        answer may exceed ``limit`` by the rest of the last one, but not ``most``.

        Raises:
            PastUnknown: removals since then are no longer known; read the whole environment.
            TooManyChanges: the next revision has more than ``most``, among them those that were replaced since.
        """
        ...

    def watch(self, environment: str, *, since: int, stop: Event) -> Iterator[Change]:
        """Yield changes indefinitely, waiting for more at the end, until ``stop`` is set."""
        ...

    def commits(self, environment: str, *, limit: int = 100) -> Sequence[Commit]:
        """Return the newest commits, newest first."""
        ...

    def lives(self, environment: str, kind: Kind, document_id: str, *, limit: int = 1000) -> Sequence[Life]:
        """Return what a document was, the newest first; empty for one that never existed, or long ago.

        What was replaced or removed is known for as long as the retention of history says.
        """
        ...

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        ...

    def collection(self, name: str) -> Collection:
        """Return one of the collections of plain documents."""
        ...

    def plain_documents(self, wanted: Sequence[tuple[str, str]]) -> Sequence[Document | None]:
        """Return plain documents by the name of a collection and a key; None where there is none.

        It takes one round trip, where ``collection(…).get(…)`` takes one for each.
        """
        ...

    def index(self, attributes: Iterable[str]) -> None:
        """Create an index for each of these attributes that has none; ``find`` then uses it. Other indexes are kept."""
        ...

    def index_texts(self, environment: str, *, at_least: int = 1) -> int:
        """Update the index for search; return how many objects were added to it.

        Nothing is done if fewer than ``at_least`` objects are missing in it, or if another process is updating it.
        Search compares objects that are missing in it directly: it finds the same, but takes longer.
        """
        ...

    def sizes(self) -> Mapping[str, int]:
        """Return how many bytes it takes, by part; the names of the parts are the same at each call."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
