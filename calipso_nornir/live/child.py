# SPDX-License-Identifier: Apache-2.0
"""One process that listens to one environment: starts, stops and restarts it."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

logger = logging.getLogger(__name__)

LONG_S: Final = 60.0
"""After a process has run this many seconds, its earlier failures no longer count."""
PATIENCE_S: Final = 30.0
"""Seconds that a process may take to stop; then it is killed."""
PROGRAM: Final = "from calipso_nornir.cli import main; main()"


class Child:
    """The process of an environment. Waits between starts grow with each consecutive failure."""

    def __init__(  # noqa: PLR0913 - how it is started
        self,
        environment: str,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        *,
        first_wait_s: float,
        longest_wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.environment = environment
        self.problem = ""
        self._command = [sys.executable, "-c", PROGRAM, *arguments]
        self._variables = {**os.environ, **variables}
        self._first_wait_s = first_wait_s
        self._longest_wait_s = longest_wait_s
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._asked_at: float | None = None
        self._failures = 0
        self._next = 0.0

    @property
    def pid(self) -> int | None:
        """The id of its process; None if there is none."""
        return self._process.pid if self._process is not None else None

    def start(self) -> bool:
        """Start the process if there is none and the wait is over; return whether it was started."""
        if self._process is not None or self._clock() < self._next:
            return False
        self._began, self._asked_at = self._clock(), None
        self._process = subprocess.Popen(  # noqa: S603 - this program
            self._command, env=self._variables, stdin=subprocess.DEVNULL, start_new_session=True
        )
        logger.info("%s: process %d listens", self.environment, self._process.pid)
        return True

    def reap(self) -> None:
        """Record the end of the process, if it has ended; kill one that does not stop when asked to."""
        if self._process is None:
            return
        status = self._process.poll()
        now = self._clock()
        if status is None:
            if self._asked_at is not None and now - self._asked_at > PATIENCE_S:
                logger.warning("%s: process %d does not end: killed", self.environment, self._process.pid)
                self._process.kill()
            return
        self._process = None
        if status == 0 or self._asked_at is not None:
            self._failures, self._next, self.problem = 0, now, ""
            return
        self._failures = 1 if now - self._began > LONG_S else self._failures + 1
        wait = min(self._first_wait_s * 2 ** min(self._failures - 1, 20), self._longest_wait_s)
        wait *= random.uniform(0.5, 1)  # noqa: S311 - no secret; it keeps many processes from restarting at once
        self._next = now + wait
        how = f"was killed by signal {-status}" if status < 0 else f"ended with {status}"
        self.problem = f"its process {how}"
        logger.warning("%s: %s. Started again in %.1f s", self.environment, self.problem, wait)

    def stop(self) -> None:
        """Ask the process to stop: it finishes its current work."""
        if self._process is not None and self._asked_at is None:
            self._asked_at = self._clock()
            self._process.terminate()

    def kill(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
