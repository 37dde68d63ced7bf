# SPDX-License-Identifier: Apache-2.0
"""Keeps the index for search up to date, in a background thread of a process."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import CalipsoError
from calipso_nornir.store.text_search import BEHIND

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store

logger = logging.getLogger(__name__)

LEAVING_S: Final = 10.0
"""How long a process that ends waits for the thread; another process repeats what it leaves unfinished."""


class Indexer(threading.Thread):
    """Checks all environments at regular intervals until it is stopped.

    Args:
        store: the store.
        every_s: seconds between two checks.
        behind: minimum number of objects missing in an index for which it is updated.
    """

    def __init__(self, store: Store, *, every_s: float = 10.0, behind: int = BEHIND) -> None:
        super().__init__(name="text index", daemon=True)
        self._store = store
        self._every_s = every_s
        self._behind = behind
        self._seen: dict[str, int] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until ``stop``; errors of the store are logged, and the work is tried again."""
        while not self._stopping.wait(self._every_s):
            try:
                self.round()
            except CalipsoError as error:
                logger.warning("text index: %s", error)
            except Exception:
                logger.exception("text index")

    def stop(self) -> None:
        """End after the current environment."""
        self._stopping.set()

    def round(self) -> None:
        """Update the index of each environment that has changed."""
        for name in self._store.environments():
            revision = self._store.view(name).revision
            if self._stopping.is_set():
                return
            if self._seen.get(name) != revision:
                added = self._store.index_texts(name, at_least=self._behind)
                self._seen[name] = revision
                if added:
                    logger.info("text index of %s: added %s objects at revision %s", name, added, revision)
