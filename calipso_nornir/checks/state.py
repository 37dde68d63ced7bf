# SPDX-License-Identifier: Apache-2.0
"""Stores the last reports, so that only changes are reported again.

The first result of a check counts as a change, and so does the first after its entry has changed. If the state cannot
be read, everything is reported once more, which is harmless.
"""

import json
import os
from typing import Any, Dict, List, Sequence

from .atomic import write_whole
from .evaluating import Result

NAME = "reported.json"
_VERSION = 1
_MOST_BYTES = 64 * 1024 * 1024


class State:
    """The state in a folder of its own.

    Attributes:
        refresh: seconds after which everything is reported again, in case a report was lost; 0 for never.
    """

    def __init__(self, folder: str, refresh: float) -> None:
        self.path = os.path.join(folder, NAME)
        self.refresh = refresh
        self._seen: Dict[str, List[Any]] = {}
        self._whole_at = 0.0
        self._load()

    def _load(self) -> None:
        try:
            with open(self.path, "rb") as file:
                document = json.loads(file.read(_MOST_BYTES).decode("utf-8"))
            if document["version"] == _VERSION:
                self._seen = {str(key): list(value) for key, value in document["seen"].items()}
                self._whole_at = float(document["whole_at"])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self._seen, self._whole_at = {}, 0.0

    def is_due(self, now: float) -> bool:
        """Return whether everything is to be reported, also after the clock was set back."""
        return bool(self.refresh) and not 0 <= now - self._whole_at < self.refresh

    def changed(self, results: Sequence[Result]) -> List[Result]:
        """Return the results whose status is not the one that was reported last."""
        return [one for one in results if self._seen.get(_key(one)) != _value(one)]

    def save(self, results: Sequence[Result], *, whole_at: float = 0) -> None:
        """Store what was reported, without checks that no longer exist.

        Raises:
            OSError: the folder cannot be written to.
        """
        self._seen = {_key(one): _value(one) for one in results}
        self._whole_at = whole_at or self._whole_at
        document = {"version": _VERSION, "whole_at": self._whole_at, "seen": self._seen}
        write_whole(self.path, json.dumps(document, sort_keys=True).encode(), 0o600)


def _key(result: Result) -> str:
    return f"{result.environment} {result.item.of} {result.item.name}"


def _value(result: Result) -> List[Any]:
    return [result.status, result.item.digest]
