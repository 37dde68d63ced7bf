# SPDX-License-Identifier: Apache-2.0
"""How services of the command line end: SIGTERM, Ctrl-C and SIGHUP let them finish what they do."""

import signal
from collections.abc import Callable


def ends_by_signal(stop: Callable[[], None]) -> None:
    """Call ``stop`` when this process is told to end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: stop())
