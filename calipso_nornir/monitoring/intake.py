# SPDX-License-Identifier: Apache-2.0
"""Collects results from receivers, stores them in batches, and keeps causes and consequences up to date."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import StoreError
from calipso_nornir.monitoring.settling import settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.metadata.monitoring import Monitoring
    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.result_storing import Recorded, Recorder
    from calipso_nornir.monitoring.results import Refused, Result

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How an intake works.

    Attributes:
        most: maximum number of waiting results; then receivers block, and so do their senders.
        batch: maximum number of results per commit.
        gather_s: seconds for which a batch collects results after its first one.
        settle_s: minimum seconds between two computations of causes.
        settle_share: maximum share of the time that these computations take: while much fails, each takes seconds.
        settle_most_s: maximum seconds between two of them, however long each takes.
        again_s: seconds until the next attempt after the store has failed.
    """

    most: int = 20_000
    batch: int = 1000
    gather_s: float = 0.1
    settle_s: float = 1.0
    settle_share: float = 0.2
    settle_most_s: float = 30.0
    again_s: float = 2.0


USUAL: Final = Pace()


class Intake:
    """A thread that stores the results it is given. All accepted results are stored when ``close`` returns."""

    def __init__(self, store: Store, recorder: Recorder, rules: Monitoring, *, pace: Pace = USUAL) -> None:
        self._store = store
        self._recorder = recorder
        self._rules = rules
        self._pace = pace
        self._waiting: queue.Queue[Result] = queue.Queue(pace.most)
        self._closing = threading.Event()
        self._counted: Counter[str] = Counter()
        self._to_settle: dict[str, float] = {}
        self._pauses: dict[str, float] = {}
        self._thread = threading.Thread(target=self._work, name="monitoring intake", daemon=True)
        self._thread.start()

    def put(self, results: Iterable[Result], refused: Iterable[Refused] = ()) -> None:
        """Accept results, and those that could not be read; wait while too many others are waiting."""
        for problem in refused:
            logger.warning("%s", problem)
            self._counted["refused"] += 1
        for one in results:
            self._waiting.put(one)
            self._counted["received"] += 1

    @property
    def counted(self) -> Mapping[str, int]:
        """Counts of all results so far: received, changed, unchanged, outdated, refused."""
        return dict(self._counted)

    def close(self) -> None:
        """Store what was accepted, and stop."""
        self._closing.set()
        self._thread.join()

    def _work(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            batch = self._gathered()
            if batch:
                self._store_batch(batch)
            self._settle(at_once=False)
        self._settle(at_once=True)

    def _gathered(self) -> list[Result]:
        try:
            batch = [self._waiting.get(timeout=self._pace.gather_s)]
        except queue.Empty:
            return []
        until = time.monotonic() + self._pace.gather_s
        while len(batch) < self._pace.batch:
            left = until - time.monotonic()
            try:
                batch.append(self._waiting.get(timeout=left) if left > 0 else self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _store_batch(self, batch: list[Result]) -> None:
        """Store a batch, however long that takes; give up only on ``close`` during an outage of the store."""
        while True:
            try:
                done = self._recorder.record(batch)
            except StoreError as error:
                if self._closing.wait(self._pace.again_s):
                    logger.error("%d results are lost: %s", len(batch), error)  # noqa: TRY400 - no trace for the log
                    self._counted["lost"] += len(batch)
                    return
                logger.warning("%s. Trying again", error)
            else:
                self._count(done)
                return

    def _count(self, done: Recorded) -> None:
        self._counted["changed"] += done.changed
        self._counted["unchanged"] += done.unchanged
        self._counted["outdated"] += done.outdated
        self._counted["refused"] += len(done.refused)
        for environment in done.touched:
            pause = self._pauses.get(environment, self._pace.settle_s)
            self._to_settle.setdefault(environment, time.monotonic() + pause)

    def _settle(self, *, at_once: bool) -> None:
        now = time.monotonic()
        for environment in [name for name, due in self._to_settle.items() if at_once or due <= now]:
            began = time.monotonic()
            try:
                settle(self._store, environment, self._rules, at=datetime.now(UTC))
            except StoreError as error:
                logger.warning("%s. Computing the causes in %s again", error, environment)
                self._to_settle[environment] = now + self._pace.again_s
                if at_once:
                    return
            else:
                del self._to_settle[environment]
                self._pauses[environment] = self._pause(time.monotonic() - began)

    def _pause(self, took_s: float) -> float:
        """Return the seconds until the causes are computed again, by how long that took."""
        pace = self._pace
        return min(max(pace.settle_s, took_s * (1 / pace.settle_share - 1)), pace.settle_most_s)
