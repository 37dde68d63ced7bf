# SPDX-License-Identifier: Apache-2.0
"""The store in MongoDB (4.4 or later; standalone, replica set or sharded)."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from calipso_nornir.store.change_polling import watched
from calipso_nornir.store.listing import LISTED
from calipso_nornir.store.mongo.collection import MongoCollection
from calipso_nornir.store.mongo.connection import Connection, Riding, translated
from calipso_nornir.store.mongo.environment_collections import Places
from calipso_nornir.store.mongo.feed import Feed
from calipso_nornir.store.mongo.layout import attribute_indexes, must_hold, prepare
from calipso_nornir.store.mongo.reader import MongoReader
from calipso_nornir.store.mongo.several import several
from calipso_nornir.store.mongo.text_indexing import TextIndexing
from calipso_nornir.store.mongo.writer import MongoWriter
from calipso_nornir.store.names import DEFAULT_INVENTORY, KINDS, checked_collection, checked_inventory, collection_name
from calipso_nornir.store.type_names import declared
from calipso_nornir.store.values import clean_text
from calipso_nornir.store.view import DocumentView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from threading import Event

    from calipso_nornir.model.changes import Change, Commit, Life
    from calipso_nornir.model.stores import Collection, Document, Kind, StoreView, Writer
    from calipso_nornir.store.mongo.environment_collections import Marker
    from calipso_nornir.store.mongo.small_commit import Remembered
    from calipso_nornir.store.names import Use

LOCK_S: Final = 15.0


class MongoStore:
    """A database with inventories and plain documents.

    Args:
        uri: ``mongodb://…`` or ``mongodb+srv://…``; if it names no database, ``calipso`` is used.
        inventory: name of the inventory in it.
        wait_s: seconds to wait for another commit before StoreBusy is raised.
        lock_s: seconds after which a writer that does not renew its lock during a commit counts as dead.
        use: only with "make" are missing collections and indexes created.
    """

    def __init__(
        self,
        uri: str,
        *,
        inventory: str = DEFAULT_INVENTORY,
        wait_s: float = 30.0,
        lock_s: float = LOCK_S,
        use: Use = "make",
    ) -> None:
        self._inventory = checked_inventory(inventory)
        self._wait_s = wait_s
        self._lock_s = lock_s
        self._connection = Connection(uri)
        self._riding = Riding(self._connection)
        self._remembered: dict[str, Remembered] = {}
        self._known_places: dict[str, Places] = {}
        try:
            if use != "make":
                self._riding(lambda: must_hold(self._connection.database, self.uri, self._inventory))
            if use != "read":
                self._riding(lambda: prepare(self._connection.database, self.uri, self._inventory))
        except BaseException:
            self._connection.close()
            raise

    @property
    def uri(self) -> str:
        """Where it is, without password and options."""
        return self._connection.uri

    def view(self, environment: str) -> DocumentView:
        """Return a reader of one environment; each call sees the newest revision."""
        name = clean_text(environment)

        @contextmanager
        def pin(_long: bool) -> Iterator[MongoReader]:  # noqa: FBT001 - as DocumentView calls it
            with translated(self.uri):
                yield self._reader(name)

        return DocumentView(name, uri=self.uri, pin=pin, declared=partial(declared, self))

    @contextmanager
    def snapshot(self, environment: str, *, at: datetime | int | None = None) -> Iterator[StoreView]:
        """Provide a reader of one revision: the newest, the one that was valid at a given time, or a given one."""
        name = clean_text(environment)
        reader = self._reader(name, at)

        @contextmanager
        def pin(_long: bool) -> Iterator[MongoReader]:  # noqa: FBT001 - as above
            with translated(self.uri):
                yield reader

        yield DocumentView(name, uri=self.uri, pin=pin, declared=partial(declared, self))

    @contextmanager
    def write(self, environment: str, *, base: int | None = None, cause: str = "") -> Iterator[Writer]:
        """Prepare a commit: readers see the previous revision until the ``with`` block ends without an error."""
        name = clean_text(environment)
        writer = MongoWriter(
            self._places(name),
            self._riding,
            lambda: self._reader(name),
            remembered=self._remembered,
            uri=self.uri,
            base=base,
            cause=clean_text(cause),
            wait_s=self._wait_s,
            lock_s=self._lock_s,
        )
        try:
            yield writer
            writer.commit()
        finally:
            writer.close()

    def changes(self, environment: str, *, since: int, limit: int = 1000, most: int | None = None) -> Sequence[Change]:
        """Return what was put and removed after a revision, ordered by revision."""
        return self._riding(lambda: self._feed(environment).changes(since, limit, most))

    def watch(self, environment: str, *, since: int, stop: Event) -> Iterator[Change]:
        """Yield changes indefinitely, waiting for more at the end, until ``stop`` is set."""
        return watched(self, environment, since=since, stop=stop)

    def commits(self, environment: str, *, limit: int = 100) -> Sequence[Commit]:
        """Return the newest commits, newest first."""
        return self._riding(lambda: self._feed(environment).commits(limit))

    def lives(self, environment: str, kind: Kind, document_id: str, *, limit: int = 1000) -> Sequence[Life]:
        """Return what a document was, the newest first."""
        return self._riding(lambda: self._feed(environment).lives(kind, document_id, limit))

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        markers = self._riding(self._places("").all_markers)
        return [name for name in sorted(markers) if self._made_reader(name, markers[name]).filled(KINDS)]

    def collection(self, name: str) -> Collection:
        """Return one of the collections of plain documents."""
        full_name = collection_name(self._inventory, checked_collection(name))
        listed = LISTED.get(name, ())
        return MongoCollection(self._connection.database, full_name, riding=self._riding, listed=listed)

    def plain_documents(self, wanted: Sequence[tuple[str, str]]) -> list[Document | None]:
        """Return plain documents by collection and key."""
        named = [(collection_name(self._inventory, checked_collection(name)), clean_text(key)) for name, key in wanted]
        return self._riding(lambda: several(self._connection.database, named))

    def index(self, attributes: Iterable[str]) -> None:
        """Create an index for each of these attributes that has none."""
        wanted = attribute_indexes(attributes)
        if wanted:
            name = collection_name(self._inventory, "inventory")
            self._riding(lambda: self._connection.database[name].create_indexes(wanted))

    def index_texts(self, environment: str, *, at_least: int = 1) -> int:
        """Update the index for search if at least this many objects are missing in it; return how many were added."""
        name = clean_text(environment)
        places = self._places(name)

        def update() -> int:
            marker = places.valid()
            indexing = TextIndexing(places, lambda at: MongoReader(places, marker, self._riding, at=at))
            return indexing.update(marker.settled, at_least=at_least)

        return self._riding(update)

    def sizes(self) -> Mapping[str, int]:
        """Return how many bytes the stored documents and the indexes of the database take."""
        found = self._riding(lambda: self._connection.database.command("dbStats"))
        return {"documents": int(found["storageSize"]), "indexes": int(found["indexSize"])}

    def close(self) -> None:
        """Close the connections; the store and its views are not used afterwards."""
        self._connection.close()

    def _places(self, environment: str) -> Places:
        known = self._known_places.get(environment)
        if known is None:
            known = Places(self._connection.database, inventory=self._inventory, environment=environment)
            self._known_places[environment] = known
        return known

    def _feed(self, environment: str) -> Feed:
        places = self._places(clean_text(environment))
        return Feed(places, places.valid(recent=True), uri=self.uri)

    def _reader(self, environment: str, at: datetime | int | None = None) -> MongoReader:
        places = self._places(environment)
        marker = self._riding(lambda: places.valid(recent=at is not None))
        if at is None:
            return self._made_reader(environment, marker)
        revision = self._riding(lambda: Feed(places, marker, uri=self.uri).revision_at(at))
        return MongoReader(places, marker, self._riding, at=revision)

    def _made_reader(self, environment: str, marker: Marker) -> MongoReader:
        return MongoReader(self._places(environment), marker, self._riding)
