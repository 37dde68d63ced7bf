# SPDX-License-Identifier: Apache-2.0
"""Stops a scan from outside, without waiting for a source that does not answer."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from calipso_nornir.errors import ScanCancelled
from calipso_nornir.model.protocols import Cancellable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply, Source
    from calipso_nornir.model.queries import Query

T = TypeVar("T")

CLOSING_S = 2.0
"""Seconds that a source has to abandon an answer that is no longer needed, and then to close its sessions."""


class Stop:
    """Asks one scan to end; ``ask`` may be called from any thread, and more than once."""

    def __init__(self, environment: str) -> None:
        self._environment = environment
        self._why: ScanCancelled | None = None
        self._waiting: set[SimpleQueue[tuple[bool, object]]] = set()
        self._guard = threading.Lock()

    def ask(self, why: ScanCancelled | None = None) -> None:
        """Make the scan end as soon as possible, with an error that says why; of several errors, the first counts."""
        with self._guard:
            self._why = self._why or why or ScanCancelled(self._environment)
            for waiting in self._waiting:
                waiting.put((False, self._why))

    def check(self) -> None:
        """Raise ScanCancelled if the scan was asked to stop."""
        if self._why is not None:
            raise self._why

    def waits_for(self, work: Callable[[], T], *, name: str) -> T:
        """Do some work in a thread of its own and return its result, or raise its error.

        Raises ScanCancelled immediately if the scan is asked to stop meanwhile. The thread is then abandoned, as on
        KeyboardInterrupt; it is a daemon thread, which keeps no process alive.
        """
        ended: SimpleQueue[tuple[bool, object]] = SimpleQueue()

        def run() -> None:
            try:
                ended.put((True, work()))
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                ended.put((False, error))

        with self._guard:
            self.check()
            self._waiting.add(ended)
        try:
            threading.Thread(target=run, name=name, daemon=True).start()
            well, result = ended.get()
        finally:
            with self._guard:
                self._waiting.discard(ended)
        if not well:
            assert isinstance(result, BaseException)  # noqa: S101 - narrows the type
            raise result
        return result  # type: ignore[return-value]  # what work returned


class Stoppable:
    """A source that is abandoned in the middle of an answer when its scan is stopped.

    Attributes:
        left: whether it was abandoned, and so may still be busy with an answer that is no longer needed.
    """

    def __init__(self, inner: Source, stop: Stop) -> None:
        self.left = False
        self._inner = inner
        self._stop = stop

    def answer(self, queries: Sequence[Query]) -> Mapping[Query, Reply | CalipsoError]:
        """Answer as the inner source does."""
        ended = threading.Event()

        def answer() -> Mapping[Query, Reply | CalipsoError]:
            try:
                return self._inner.answer(queries)
            finally:
                ended.set()

        try:
            return self._stop.waits_for(answer, name="calipso source")
        except BaseException:  # an error of its own, ScanCancelled, KeyboardInterrupt
            if isinstance(self._inner, Cancellable):
                self._inner.cancel()
            self.left = not ended.wait(CLOSING_S)
            raise

    def close(self) -> None:
        """Do nothing: the opener of the inner source closes it."""


def close_soon(source: Source, *, busy: bool) -> None:
    """Close a source; a busy one gets a few seconds, and is then abandoned."""
    if not busy:
        source.close()
        return
    closing = threading.Thread(target=source.close, name="calipso closing", daemon=True)
    closing.start()
    closing.join(CLOSING_S)
