# SPDX-License-Identifier: Apache-2.0
"""The event loop that all SSH connections of a process share, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

Found = TypeVar("Found")

ASIDE = 32
"""Threads for work that would block the loop: resolving names, decrypting keys, fetching secrets."""

_library = logging.getLogger("asyncssh")
if _library.level == logging.NOTSET:  # asyncssh logs each step of each connection at INFO; set its level to see them
    _library.setLevel(logging.WARNING)

_guard = threading.Lock()
_shared: list[EventLoop] = []


class Interrupted(Exception):
    """Work in progress was abandoned, or no more work is accepted."""


class EventLoop:
    """One asyncio loop and its thread."""

    def __init__(self) -> None:
        self.users = 0
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(ASIDE, thread_name_prefix="calipso-ssh-aside"))
        self._thread = threading.Thread(target=self._run, name="calipso-ssh", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False after its end, and in a child process: threads do not survive fork(2)."""
        return self._thread.is_alive()

    def submit(self, work: Coroutine[Any, Any, Found]) -> Future[Found]:
        """Start a coroutine from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Schedule a function call in the loop's thread."""
        self._loop.call_soon_threadsafe(function)

    def end(self) -> None:
        """Cancel work in progress, and wait for the thread's end."""
        if self.alive:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(_cancel_all())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class LoopWork:
    """One scan's work in the loop, started from any other thread; it can be abandoned as a whole.

    The first ``run`` of a process starts the loop, the last ``close`` ends it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._loop: EventLoop | None = None
        self._state: Literal["open", "interrupted", "closed"] = "open"
        self._tasks: set[asyncio.Task[Any]] = set()  # the loop's thread only

    def run(self, work: Coroutine[Any, Any, Found]) -> Found:
        """Run something in the loop, and wait for it. Raises Interrupted, and what it raises."""
        with self._guard:
            if self._state != "open":
                work.close()
                raise Interrupted
            self._loop = self._loop or _join()
            under_way = self._loop.submit(self._watched(work))
        try:
            return under_way.result()
        except CancelledError as error:
            raise Interrupted from error
        except BaseException:  # KeyboardInterrupt, if the caller is the main thread
            under_way.cancel()
            raise

    def tidy(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something in the loop in any state, as long as there is a loop."""
        with self._guard:
            loop = self._loop
        if loop is not None and loop.alive:
            loop.submit(work).result()
        else:
            work.close()

    def interrupt(self) -> None:
        """Abandon all work in progress, and refuse more until ``proceed``."""
        self._stop("interrupted")

    def proceed(self) -> None:
        """Accept work again after ``interrupt``."""
        with self._guard:
            if self._state == "interrupted":
                self._state = "open"

    def close(self, last: Coroutine[Any, Any, object]) -> None:
        """Abandon all work in progress, and end with ``last``."""
        self._stop("closed")
        self.tidy(last)
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is not None:
            _leave(loop)

    def _stop(self, state: Literal["interrupted", "closed"]) -> None:
        with self._guard:
            if self._state != "closed":
                self._state = state
                if self._loop is not None and self._loop.alive:
                    self._loop.call(lambda: [task.cancel() for task in self._tasks])

    async def _watched(self, work: Coroutine[Any, Any, Found]) -> Found:
        task = asyncio.current_task()
        if self._state != "open" or task is None:  # interrupted before it began
            work.close()
            raise asyncio.CancelledError
        self._tasks.add(task)
        try:
            return await work
        finally:
            self._tasks.discard(task)


def _join() -> EventLoop:
    """Return the process's loop; the first user starts it."""
    with _guard:
        if not (_shared and _shared[0].alive):
            _shared[:] = [EventLoop()]
        _shared[0].users += 1
        return _shared[0]


def _leave(loop: EventLoop) -> None:
    """Stop using the loop; the last user ends it."""
    with _guard:
        loop.users -= 1
        if loop.users:
            return
        if loop in _shared:
            _shared.remove(loop)
    loop.end()
