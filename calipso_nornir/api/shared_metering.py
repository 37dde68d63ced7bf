# SPDX-License-Identifier: Apache-2.0
"""Counts the requests of several processes together: each writes what it has counted into a folder that they share.

A process that has died is still counted: a counter never falls.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from calipso_nornir.api.metering import Counts, Meter

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.api.exposition import Family

EVERY_S: Final = 1.0
"""Seconds after which the counts of other processes are known."""
_SUFFIX: Final = ".counts"


class SharedMeter(Meter):
    """The requests of all processes that share a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._own = folder / f"{os.getpid()}-{uuid4().hex[:8]}{_SUFFIX}"
        self._told = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._tell_again_and_again, name="metering", daemon=True)

    def start(self) -> None:
        """Begin to write the counts for the other processes."""
        self._thread.start()

    def stop(self) -> None:
        """Write the counts a last time."""
        self._end.set()
        self._thread.join(2 * EVERY_S)

    def families(self) -> tuple[Family, ...]:
        """Return what all have counted, for Prometheus."""
        found = self.counts()
        for one in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if one != self._own:
                found.add(_read(json.loads(one.read_text(encoding="utf-8"))))
        return found.families()

    def tell(self) -> None:
        """Write what this process has counted, at once or not at all."""
        text = json.dumps(_document(self.counts()))
        if text != self._told:
            new = self._own.with_suffix(".new")
            new.write_text(text, encoding="utf-8")
            new.replace(self._own)
            self._told = text

    def _tell_again_and_again(self) -> None:
        while not self._end.wait(EVERY_S):
            self.tell()
        self.tell()


def _document(counts: Counts) -> dict[str, Any]:
    return {
        "requests": [[*key, number] for key, number in counts.requests.items()],
        "buckets": counts.buckets,
        "seconds": counts.seconds,
        "failed_logins": counts.failed_logins,
    }


def _read(document: dict[str, Any]) -> Counts:
    requests = Counter({(route, method, status): number for route, method, status, number in document["requests"]})
    return Counts(requests, document["buckets"], document["seconds"], document["failed_logins"])
