# SPDX-License-Identifier: Apache-2.0
"""Stops services of the command line: on SIGTERM, Ctrl-C and SIGHUP they finish their current work."""

import signal
from collections.abc import Callable


def ends_by_signal(stop: Callable[[], None]) -> None:
    """Call ``stop`` when this process receives one of these signals."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop())
