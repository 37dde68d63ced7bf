# SPDX-License-Identifier: Apache-2.0
"""The process behind ``calipso``: signals and the exit status."""

from __future__ import annotations

import os
import signal
import sys
import threading
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
GRACE_S = 3.0
"""Seconds that what is under way has to end after Ctrl-C. No store is hurt by a process that ends at once."""


def main() -> None:
    """Run the command line and end the process."""
    signal.signal(signal.SIGINT, _interrupt)
    _prepare_streams()
    from calipso_nornir.cli.app import app  # noqa: PLC0415 - Ctrl-C is ours from the first moment on

    try:
        app(prog_name="calipso")
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            _end_now()  # threads that wait for a silent host would hold the process up
        raise
    except KeyboardInterrupt:  # outside of any command
        _end_now()


def _prepare_streams() -> None:
    """Make printing safe: without Unicode there are escapes, and what was closed by the caller swallows all."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt once; the second Ctrl-C, or the end of the grace, ends the process as it is."""
    signal.signal(signal.SIGINT, lambda _number, _frame: _end_now())
    patience = threading.Timer(GRACE_S, _end_now)
    patience.daemon = True
    patience.start()
    raise KeyboardInterrupt


def _end_now() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h")  # DECTCEM: the cursor, which a live display hides
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            continue
    os._exit(INTERRUPTED)
