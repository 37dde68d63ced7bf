# SPDX-License-Identifier: Apache-2.0
"""Describes the process that is writing."""

from __future__ import annotations

import os
import socket
from functools import lru_cache


def this_process() -> str:
    """Return a name for this process."""
    return _named(os.getpid())


@lru_cache(maxsize=4)
def _named(number: int) -> str:
    return f"process {number} on {socket.gethostname()}"
