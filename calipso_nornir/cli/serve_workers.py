# SPDX-License-Identifier: Apache-2.0
"""Several processes that serve the API at one socket: this program, started again by the first one, which watches them.

A process that dies is replaced. They count requests and failed logins together, in a folder of their own.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import CalipsoError

if TYPE_CHECKING:
    from calipso_nornir.api import Endpoint

_TOLD: Final = "_CALIPSO_SERVE_WORKER"
"""Environment variable of a worker: the number of the socket, the id of the first process, and the folder."""
YOUNG_S: Final = 10.0
"""A worker that ends before this age counts as one that could not start."""
MOST_YOUNG: Final = 5
"""After this many of these in a row, the others are ended, too."""
GRACE_S: Final = 6.5
"""Seconds for workers to end: more than their answers have, less than this process has (``cli.main``)."""
_POLL_S: Final = 0.2


class WorkersFail(CalipsoError):
    """Workers end as soon as they are started."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker gets from the first process."""

    bound: socket.socket
    shared: Path


def this_worker() -> Worker | None:
    """Return what this worker got; None if this process is no worker. A worker ends when the first process is gone."""
    told = os.environ.pop(_TOLD, None)
    if told is None:
        return None
    number, first, folder = told.split(":", 2)
    threading.Thread(target=_end_without, args=(int(first),), name="watching the first process", daemon=True).start()
    return Worker(socket.socket(fileno=int(number)), Path(folder))


def supervise(endpoint: "Endpoint", number: int) -> None:
    """Run ``number`` workers until this process is stopped. Raises WorkersFail, InvalidRequest."""
    with endpoint.bound() as bound, tempfile.TemporaryDirectory(prefix="calipso-serve-") as shared:
        workers = _Workers(bound, shared)
        try:
            with suppress(KeyboardInterrupt):  # SIGTERM, SIGINT, SIGHUP
                for _ in range(number):
                    workers.start()
                while True:
                    workers.replace_the_dead()
                    time.sleep(_POLL_S)
        finally:
            workers.end()


@dataclass(slots=True)
class _Workers:
    bound: socket.socket
    shared: str
    running: dict[int, tuple[subprocess.Popen[bytes], float]] = field(default_factory=dict)
    """Process id → the process, and when it began."""
    young: int = 0

    def start(self) -> None:
        told = {**os.environ, _TOLD: f"{self.bound.fileno()}:{os.getpid()}:{self.shared}"}
        command = [sys.executable, *sys.orig_argv[1:]]
        process = subprocess.Popen(command, env=told, pass_fds=(self.bound.fileno(),))  # noqa: S603 - this program again
        self.running[process.pid] = (process, time.monotonic())

    def replace_the_dead(self) -> None:
        for pid, (process, began) in list(self.running.items()):
            if process.poll() is None:
                continue
            del self.running[pid]
            self.young = self.young + 1 if time.monotonic() - began < YOUNG_S else 0
            if self.young >= MOST_YOUNG:
                what = f"{self.young} workers in a row ended within {YOUNG_S:.0f} s of their start"
                raise WorkersFail(f"{what}, the last with status {process.returncode}: see their messages above")
            self.start()

    def end(self) -> None:
        for process, _ in self.running.values():
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for process, _ in self.running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _end_without(first: int) -> None:
    while os.getppid() == first:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)
