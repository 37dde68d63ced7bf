# SPDX-License-Identifier: Apache-2.0
"""Keeps pauses short during which no request is answered: those of Python's garbage collector and of its lock.

A full collection examines all objects of the process. At its start, it has more than 130,000 that stay, which takes
0.05 to 0.1 s: every request waits. ``gc.freeze`` excludes them. Requests leave few cycles, so the rest is examined
rarely.

A thread that needs the interpreter waits until the one that has it waits for something, or has had it for the switch
interval. A request waits for it several times: at each answer of the store, and between its threads.
"""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SELDOM: Final = (10_000, 20, 20)
"""Thresholds of the three generations."""
SWITCH_S: Final = 0.001
"""Python's default is 5 ms."""


@contextmanager
def short_pauses() -> Iterator[None]:
    """Keep pauses short as long as requests are served."""
    before, interval, frozen = gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*before)
        if not frozen:
            gc.unfreeze()
