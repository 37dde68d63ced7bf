# SPDX-License-Identifier: Apache-2.0
"""The process behind ``calipso``: signals and the exit status."""

from __future__ import annotations

import os
import signal
import sys
import threading
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from types import FrameType

INTERRUPTED = 130
"""Status of an interrupted command; the process ends with 128 plus the number of the signal."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_S = 8.0
"""Seconds for running work to clean up after a signal. Even an immediate end harms no store."""
told_to_end: Final = threading.Event()
"""Set by the first signal: a library may turn KeyboardInterrupt into another exception (pydantic: SchemaError)."""


def main() -> None:
    """Run the command line and end the process."""
    signals = _Signals()
    try:
        signals.listen()
        _prepare_streams()
        from calipso_nornir.cli.app import app  # noqa: PLC0415 - signals are ours from the first moment on
        from calipso_nornir.cli.configuration import run_configured  # noqa: PLC0415 - as above

        run_configured(app, "calipso")
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            signals.end_now()  # threads that wait for a silent host would delay the end of the process
        raise
    except KeyboardInterrupt:  # outside of any command
        signals.end_now()


class _Signals:
    """SIGINT, SIGTERM and SIGHUP: the first lets the command clean up, the second ends the process immediately."""

    def __init__(self) -> None:
        self._number: int = signal.SIGINT

    def listen(self) -> None:
        """Handle the signals, except an ignored SIGHUP: that is what nohup(1) is for."""
        for number in SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        self._number = number
        told_to_end.set()
        for one in SIGNALS:
            if signal.getsignal(one) == self._interrupt:
                signal.signal(one, lambda _number, _frame: self.end_now())
        patience = threading.Timer(GRACE_S, self.end_now)
        patience.daemon = True
        patience.start()
        raise KeyboardInterrupt

    def end_now(self) -> None:
        """End the process, whatever its threads are doing."""
        if sys.stderr.isatty():
            sys.stderr.write("\x1b[?25h")  # DECTCEM: the cursor, which a live display hides
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                continue
        os._exit(128 + self._number)


def _prepare_streams() -> None:
    """Make printing safe: without Unicode use escapes; discard output to streams that the caller closed."""
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")
