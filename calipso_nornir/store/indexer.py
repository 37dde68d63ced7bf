# SPDX-License-Identifier: Apache-2.0
"""Keeps the index that search uses up to date, beside whatever else a process does."""

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
"""How long a process that ends waits for it; what it leaves unfinished, the next one begins anew."""


class Indexer(threading.Thread):
    """Looks at all environments again and again, until it is stopped.

    Args:
        store: the store.
        every_s: seconds between two looks.
        behind: the number of objects from which on an index is brought up to date.
    """

    def __init__(self, store: Store, *, every_s: float = 10.0, behind: int = BEHIND) -> None:
        super().__init__(name="index of texts", daemon=True)
        self._store = store
        self._every_s = every_s
        self._behind = behind
        self._seen: dict[str, int] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until ``stop``; what the store does not answer is tried again."""
        while not self._stopping.wait(self._every_s):
            try:
                self.round()
            except CalipsoError as error:
                logger.warning("index of texts: %s", error)
            except Exception:
                logger.exception("index of texts")

    def stop(self) -> None:
        """End after the environment that is being looked at."""
        self._stopping.set()

    def round(self) -> None:
        """Look once at each environment that has changed."""
        for name in self._store.environments():
            revision = self._store.view(name).revision
            if self._stopping.is_set():
                return
            if self._seen.get(name) != revision:
                added = self._store.index_texts(name, at_least=self._behind)
                self._seen[name] = revision
                if added:
                    logger.info("index of texts of %s: %s objects at revision %s", name, added, revision)
