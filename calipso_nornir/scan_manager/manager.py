# SPDX-License-Identifier: Apache-2.0
"""The loop of a scan manager."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import StoreError
from calipso_nornir.scan_manager.queue import ScanQueue
from calipso_nornir.scan_manager.schedules import Schedules
from calipso_nornir.scan_manager.slots import Slots
from calipso_nornir.scan_manager.worker import Worker
from calipso_nornir.store.record_retention import RecordSweeper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Document, Store
    from calipso_nornir.scan_manager.settings import Settings

logger = logging.getLogger(__name__)

LONG: Final = 1000
"""Requests that are looked at in each round, whatever their environments."""
LEAVING_S: Final = 15.0
"""How long a manager that ends waits for its scans to stop; another manager will find the others to be lost."""


class ScanManager:
    """Takes requests and runs them, several environments at once, until it is stopped."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._queue = ScanQueue(store)
        self._schedules = Schedules(store, self._queue)
        self._slots = Slots(store)
        self._sweeper = RecordSweeper(store)
        self._workers: list[Worker] = []
        self._untaken: list[tuple[str, str]] = []
        """Slots that were taken but whose request was not, because another manager was faster or the store failed."""
        self._stopping = threading.Event()
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    def run(self, *, until_empty: bool = False) -> None:
        """Work until ``stop`` is called, or until nothing waits or runs; then put back what runs, and return."""
        logger.info("scan manager %s works on %s", self._name, self._store.uri)
        try:
            while not self._stopping.is_set():
                self.round()
                if until_empty and not self._workers and not self._queue.waiting(limit=1):
                    break
                self._stopping.wait(self._settings.poll_s)
        finally:
            self._leave()

    def stop(self) -> None:
        """Let ``run`` return soon; from another thread, or from a signal handler."""
        self._stopping.set()

    def round(self) -> None:
        """Check the queue once: make requests that are due, put back lost ones, start what can be started."""
        try:
            self._settle()
            self._schedules.submit_due()
            for scan_id in self._queue.give_back_lost():
                logger.warning("scan %s: its scan manager is gone", scan_id)
            for worker in self._workers:
                worker.keep()
            self._start()
            self._sweeper.sweep()
        except StoreError as error:
            logger.warning("%s. Trying again in %g s", error, self._settings.poll_s)

    def _settle(self) -> None:
        """Drop each worker that has ended, once the store has its request's outcome."""
        for environment, owner in list(self._untaken):
            self._slots.give(environment, owner)
            self._untaken.remove((environment, owner))
        for worker in [one for one in self._workers if not one.is_alive()]:
            worker.settle()
            self._workers.remove(worker)

    def _start(self) -> None:
        """Start a scan for each environment that has a request and is not being scanned, up to the limit."""
        tried = {worker.environment for worker in self._workers}
        for document in self._waiting():
            if len(self._workers) >= self._settings.parallel:
                return
            environment = str(document.get("environment"))
            if environment not in tried:
                tried.add(environment)
                self._try(document, environment)

    def _waiting(self) -> Iterator[Document]:
        """Yield pending requests, the oldest first; of a long queue, then one of each environment late in it."""
        first = self._queue.waiting(limit=LONG)
        yield from first
        if len(first) >= LONG:
            environments = {str(one.get("environment")) for one in first}
            for one in self._store.collection("environments_config").find():
                if one.get("name") not in environments:
                    yield from self._queue.waiting(environment=str(one.get("name")), limit=1)

    def _try(self, document: Document, environment: str) -> None:
        owner = f"{self._name}:{uuid.uuid4().hex[:8]}"
        if not self._slots.take(environment, owner):
            return
        self._untaken.append((environment, owner))
        claimed = self._queue.take(document, owner)
        if claimed is None:
            return
        worker = Worker(
            claimed, owner, store=self._store, queue=self._queue, slots=self._slots, settings=self._settings
        )
        self._workers.append(worker)
        self._untaken.remove((environment, owner))
        worker.start()

    def _leave(self) -> None:
        deadline = time.monotonic() + LEAVING_S
        while self._workers and time.monotonic() < deadline:
            for worker in self._workers:
                worker.leave(put_back=True)
            try:
                self._settle()
            except StoreError as error:
                logger.warning("%s", error)
            time.sleep(0.1)
        logger.info("scan manager %s has stopped", self._name)
