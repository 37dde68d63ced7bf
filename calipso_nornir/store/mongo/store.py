# SPDX-License-Identifier: Apache-2.0
"""The store in MongoDB (4.4 or later; standalone, replica set or sharded)."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import PyMongoError

from calipso_nornir.store.mongo.collection import MongoCollection
from calipso_nornir.store.mongo.connection import Connection, translated
from calipso_nornir.store.mongo.generations import Generations
from calipso_nornir.store.mongo.layout import must_hold, prepare
from calipso_nornir.store.mongo.lease import Lease
from calipso_nornir.store.mongo.reader import MongoReader
from calipso_nornir.store.mongo.writer import MongoWriter
from calipso_nornir.store.names import DEFAULT_INVENTORY, checked_collection, checked_inventory, collection_name
from calipso_nornir.store.values import clean_text
from calipso_nornir.store.view import DocumentView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calipso_nornir.model.protocols import Writer
    from calipso_nornir.store.names import Use

_log = logging.getLogger(__name__)

LEASE_S: Final = 15.0


class MongoStore:
    """A database with inventories and plain documents.

    Args:
        uri: ``mongodb://…`` or ``mongodb+srv://…``; database ``calipso`` when it names none.
        inventory: name of the inventory in it.
        wait_s: seconds to wait for another writer, or for a moment to read in, before StoreBusy is raised.
        lease_s: seconds after which a writer that gave no sign of life is taken for dead.
        use: only with "make" are collections and indexes made when they are missing.
    """

    def __init__(
        self,
        uri: str,
        *,
        inventory: str = DEFAULT_INVENTORY,
        wait_s: float = 30.0,
        lease_s: float = LEASE_S,
        use: Use = "make",
    ) -> None:
        self._inventory = checked_inventory(inventory)
        self._wait_s = wait_s
        self._lease_s = lease_s
        self._connection = Connection(uri)
        try:
            with translated(self.uri):
                if use != "make":
                    must_hold(self._connection.database, self.uri, self._inventory)
                if use != "read":
                    prepare(self._connection.database, self.uri, self._inventory)
        except BaseException:
            self._connection.close()
            raise

    @property
    def uri(self) -> str:
        """Where it is, without password and options."""
        return self._connection.uri

    def view(self, environment: str) -> DocumentView:
        """Return a reader of one environment."""
        name = clean_text(environment)
        return DocumentView(name, self._reader(name))

    @contextmanager
    def write(self, environment: str) -> Iterator[Writer]:
        """Begin a new generation: readers see the old one until the ``with`` block ends without an error."""
        name = clean_text(environment)
        generations = self._generations(name)
        lease = Lease(generations.markers, name, uri=self.uri, seconds=self._lease_s)
        writer = MongoWriter(generations, lease, self._reader(name), uri=self.uri)
        with translated(self.uri):
            marker = lease.take(wait_s=self._wait_s)
        try:
            with translated(self.uri):
                _tidy(generations, lease, marker)
            yield writer
            writer.commit()
        finally:
            try:
                writer.discard()
                lease.release()
            except PyMongoError as error:  # the next writer drops the log, and the lease ends by itself
                _log.warning("%s: could not tidy up after writing environment %s: %s", self.uri, name, error)

    def environments(self) -> Sequence[str]:
        """Return the names of the environments that have objects, links or cliques, ordered."""
        with translated(self.uri):
            names = sorted(self._generations("").markers.distinct("_id"))
        return [name for name in names if self._reader(name).filled()]

    def collection(self, name: str) -> MongoCollection:
        """Return one of the collections of plain documents."""
        full_name = collection_name(self._inventory, checked_collection(name))
        return MongoCollection(self._connection.database, full_name, uri=self.uri)

    def close(self) -> None:
        """Let go of the connections; the store and its views are not used afterwards."""
        self._connection.close()

    def _generations(self, environment: str) -> Generations:
        return Generations(self._connection.database, inventory=self._inventory, environment=environment)

    def _reader(self, environment: str) -> MongoReader:
        return MongoReader(self._generations(environment), uri=self.uri, wait_s=self._wait_s)


def _tidy(generations: Generations, lease: Lease, marker: dict[str, Any]) -> None:
    """End what a writer that died left: valid changes are applied, others are dropped."""
    if marker.get("log"):
        _log.info("environment %s: applying the changes of a writer that was stopped", generations.environment)
        generations.apply(marker["log"], lease.mine, lease.require)
    generations.drop_logs()
