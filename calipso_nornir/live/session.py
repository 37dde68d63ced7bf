# SPDX-License-Identifier: Apache-2.0
"""Listens to one environment: runs its listeners and the processor, and reports their state."""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest, ListenerFailed, StoreError
from calipso_nornir.live.arrivals import Inbox
from calipso_nornir.live.classic import ClassicWork
from calipso_nornir.live.listener_base import Post, listener_kinds
from calipso_nornir.live.looking import Looker
from calipso_nornir.live.processor import Processor
from calipso_nornir.live.standing import LISTENERS, SLOTS, STOPPED, Standing
from calipso_nornir.live.station import Station
from calipso_nornir.live.wanting import is_wanted, version_of
from calipso_nornir.scan.cloud import open_cloud
from calipso_nornir.scan_manager.slots import Slots
from calipso_nornir.store.environments import load_environment, stored_environment
from calipso_nornir.store.written import catalog_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.protocols import Source
    from calipso_nornir.model.stores import Store

logger = logging.getLogger(__name__)

LEAVING_S: Final = 10.0
"""Seconds that the current scan may take when the process is to stop; then it is cancelled."""


class Session:
    """Listens to one environment."""

    def __init__(
        self,
        store: Store,
        environment: str,
        *,
        metadata: Sequence[str] = (),
        source: Source | None = None,
        managed: bool = False,
    ) -> None:
        self._store = store
        self._environment = environment
        self._metadata = tuple(metadata)
        self._source = source
        self._managed = managed
        """Whether to end when the environment is no longer to be listened to."""
        self._stop = threading.Event()
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.processor: Processor | None = None

    def stop(self) -> None:
        """Let ``run`` return soon; from another thread, or from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Listen until ``stop``, or until the description has changed; the caller then starts it again.

        Raises:
            InvalidRequest: another process listens, or there is nothing to listen to.
            ListenerFailed: an unexpected error has ended the processing.
            UnknownEnvironment, EnvironmentInvalid, MetadataError, StoreError: it cannot start.
        """
        catalog = catalog_of(self._store, self._metadata)
        environment = load_environment(
            self._store, self._environment, constants=catalog.constants, complete=self._source is None
        )
        version = version_of(stored_environment(self._store, self._environment) or {})
        kinds = [one for one in listener_kinds() if one.wanted(environment)]
        if not any(one.alone for one in kinds):
            raise InvalidRequest(f"{self._environment}: there is nothing to listen to; add a section AMQP or Kafka")
        slots = Slots(self._store, SLOTS)
        if not slots.take(self._environment, self.owner):
            raise InvalidRequest(f"{self._environment}: another process listens already")
        inbox = Inbox()
        post = Post(environment=environment, catalog=catalog, store=self._store, inbox=inbox, source=self._source)
        try:
            with open_cloud(
                self._environment, store=self._store, metadata=self._metadata, source=self._source
            ) as cloud:
                looker = Looker(cloud)
                self.processor = processor = Processor(
                    self._environment,
                    store=self._store,
                    inbox=inbox,
                    handlers=catalog.event_handlers,
                    looker=looker,
                    classic=ClassicWork(self._store, self._environment, catalog),
                )
                stations = [Station(kind.name, kind.make(post)) for kind in kinds]
                self._listen(processor, stations, looker, inbox, version=version)
        finally:
            slots.give(self._environment, self.owner)

    def _has_changed(self, version: str) -> bool:
        """Return whether the description has changed since the start."""
        try:
            now = stored_environment(self._store, self._environment)
        except StoreError as error:
            logger.info("%s: %s", self._environment, error)
            return False
        if now is not None and version_of(now) == version and (is_wanted(now) or not self._managed):
            return False
        logger.info("%s: its description has changed", self._environment)
        return True

    def _listen(
        self, processor: Processor, stations: Sequence[Station], looker: Looker, inbox: Inbox, *, version: str
    ) -> None:
        standing = Standing(
            self._store,
            self._environment,
            self.owner,
            processor=processor,
            stations=stations,
            stop=self._stop,
            arrived=inbox,
        )
        failed: list[Exception] = []

        def work() -> None:
            try:
                processor.run(self._stop)
            except Exception as error:
                logger.exception("%s", self._environment)
                failed.append(error)

        worker = threading.Thread(target=work, name="processor", daemon=True)
        for one in (*stations, worker, standing):
            one.start()
        logger.info("%s: listening (%s)", self._environment, ", ".join(one.name for one in stations))
        try:
            while not self._stop.wait(1) and worker.is_alive() and not self._has_changed(version):
                pass
        finally:
            self._stop.set()
            worker.join(LEAVING_S)
            if worker.is_alive():
                looker.cancel()
                worker.join(LEAVING_S)
            for one in stations:
                one.stop()
            for one in stations:
                one.join(LEAVING_S)
            standing.end()
            self._store.collection(LISTENERS).update_if(self._environment, {"owner": self.owner}, {"state": STOPPED})
            logger.info("%s: no longer listening", self._environment)
        if failed:  # the source sends unfinished messages to the next process, and the attempt counts
            raise ListenerFailed(self._environment, repr(failed[0]))
