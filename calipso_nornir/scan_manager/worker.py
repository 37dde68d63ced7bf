# SPDX-License-Identifier: Apache-2.0
"""Runs one request in a thread of its own, from the check of its conditions to its outcome."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from calipso_nornir.errors import CalipsoError, ScanTakenOver, UntestedEnvironment
from calipso_nornir.preflight.supported import untested
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan.origin import ScanOrigin
from calipso_nornir.scan.requested_object import planned
from calipso_nornir.scan_manager.request import ScanRequest
from calipso_nornir.scan_manager.states import ABORTED
from calipso_nornir.store import clear_all
from calipso_nornir.store.environments import load_environment
from calipso_nornir.store.liveness import sign_of_life
from calipso_nornir.store.written import catalog_of

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Document, Store
    from calipso_nornir.scan.cloud import Cloud
    from calipso_nornir.scan.report import ScanReport
    from calipso_nornir.scan_manager.queue import ScanQueue
    from calipso_nornir.scan_manager.settings import Settings
    from calipso_nornir.scan_manager.slots import Slots

logger = logging.getLogger(__name__)


class Worker(threading.Thread):
    """The run of one claimed request. It ends by itself; ``leave`` ends it early."""

    def __init__(  # noqa: PLR0913 - all parts of a run are combined here
        self,
        document: Document,
        owner: str,
        *,
        store: Store,
        queue: ScanQueue,
        slots: Slots,
        settings: Settings,
    ) -> None:
        self.scan_id = str(document["scan_id"])
        self.environment = str(document.get("environment"))
        super().__init__(name=f"scan {self.scan_id}", daemon=True)
        self._document = document
        self._owner = owner
        self._store = store
        self._queue = queue
        self._slots = slots
        self._settings = settings
        self._cloud: Cloud | None = None
        self._leaving = threading.Event()
        self._putting_back = False
        self._error: Exception | None = None

    def run(self) -> None:
        """Run the request; ``settle`` records its outcome."""
        try:
            self._carry_out()
        except CalipsoError as error:
            logger.warning("scan %s of %s failed: %s", self.scan_id, self.environment, error)
            self._error = error
        except Exception as error:
            logger.exception("scan %s of %s failed", self.scan_id, self.environment)
            self._error = error

    def settle(self) -> None:
        """After the end, record what the scan itself could not record, and release the slot. May be called again.

        Raises:
            StoreError: the store does not answer; try again.
        """
        if self._error is not None and not isinstance(self._error, ScanTakenOver):
            self._queue.fail(self.scan_id, self._owner, self._error)
        self._queue.give_back(self.scan_id, self._owner)  # it has no outcome, or none that the store could take
        if self._putting_back:
            self._queue.give_back(self.scan_id, self._owner, status=ABORTED)
        self._slots.give(self.environment, self._owner)

    def keep(self) -> None:
        """Write heartbeats for the request, and leave it if it was cancelled or taken over."""
        mine = self._queue.note(self.scan_id, self._owner, sign_of_life())
        mine = self._slots.keep(self.environment, self._owner) and mine
        there = self._queue.get(self.scan_id)
        if not mine or (there is not None and there.get("cancel_requested")):
            self.leave()

    def leave(self, *, put_back: bool = False) -> None:
        """Stop the scan as soon as possible; ``put_back``: for another scan manager to run. May be called again."""
        self._putting_back = self._putting_back or put_back
        self._leaving.set()
        if self._cloud is not None:
            self._cloud.cancel()

    def _carry_out(self) -> None:
        request = ScanRequest.from_document(self._document)
        catalog = catalog_of(self._store, self._settings.metadata)
        environment = load_environment(self._store, request.environment, constants=catalog.constants)
        source = self._settings.source(environment) if self._settings.source else None
        problems = untested(environment, catalog)
        if problems and not request.untested:
            raise UntestedEnvironment(environment.name, problems)
        if request.inventory in (None, self._settings.inventory):
            self._scan(request, self._store, request.environment, source=source)
            return
        other = self._settings.open(request.inventory)
        try:
            report = self._scan(request, other, environment, source=source)
        finally:
            other.close()
        if report is not None:
            self._queue.note(self.scan_id, self._owner, report.document())

    def _scan(
        self, request: ScanRequest, store: Store, environment: str | Environment, *, source: Source | None
    ) -> ScanReport | None:
        plan = planned(
            request.plan(time_limit=self._settings.time_limit), request.target(), store.view(request.environment)
        )
        if request.clear_all:
            clear_all(store)
        origin = ScanOrigin(
            type=request.origin, owner=self._owner if store is self._store else None, log_level=request.log_level
        )
        with open_cloud(environment, store=store, metadata=self._settings.metadata, source=source) as cloud:
            self._cloud = cloud
            if self._leaving.is_set():
                return None
            return cloud.scan(plan, scan_id=self.scan_id, origin=origin)
