# SPDX-License-Identifier: Apache-2.0
"""The event loop that all SSH connections of a process share, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future

Found = TypeVar("Found")

ASIDE = 32
"""Threads for what would stop the loop: names that are looked up, keys that are decrypted, secrets that are fetched."""

_library = logging.getLogger("asyncssh")
if _library.level == logging.NOTSET:  # it tells each step of each connection at INFO; who wants that, sets a level
    _library.setLevel(logging.WARNING)

_guard = threading.Lock()
_shared: list[EventLoop] = []


class EventLoop:
    """One asyncio loop and its thread. Get it by ``join_loop``, give it back by ``leave_loop``."""

    def __init__(self) -> None:
        self.users = 0
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(ASIDE, thread_name_prefix="calipso-ssh-aside"))
        self._thread = threading.Thread(target=self._run, name="calipso-ssh", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False once it has ended, and in a child process: a thread does not survive fork(2)."""
        return self._thread.is_alive()

    def submit(self, work: Coroutine[Any, Any, Found]) -> Future[Found]:
        """Start a coroutine from another thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Have a function called in the loop's thread, some time soon."""
        self._loop.call_soon_threadsafe(function)

    def end(self) -> None:
        """Cancel what is still under way, and wait for the thread's end."""
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


def join_loop() -> EventLoop:
    """Return the process's loop; the first to ask starts it."""
    with _guard:
        if not (_shared and _shared[0].alive):
            _shared[:] = [EventLoop()]
        _shared[0].users += 1
        return _shared[0]


def leave_loop(loop: EventLoop) -> None:
    """Do without the loop from now on; the last to leave ends it."""
    with _guard:
        loop.users -= 1
        if loop.users:
            return
        if loop in _shared:
            _shared.remove(loop)
    loop.end()
