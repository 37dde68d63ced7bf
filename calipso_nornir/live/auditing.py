# SPDX-License-Identifier: Apache-2.0
"""Looks, now and then, for what no event has announced: a few objects by chance are scanned again.

What is found changed is thereby healed, counted by type, and said in the log.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from typing import TYPE_CHECKING, Final

from calipso_nornir.model.finding import Find, OneOf

if TYPE_CHECKING:
    from calipso_nornir.live.looking import Looker
    from calipso_nornir.model.stores import Store

logger = logging.getLogger(__name__)

EVERY_S: Final = 300.0
AT_ONCE: Final = 20
AUDITED: Final = ("instance", "network", "port", "vedge", "vservice", "vconnector")
"""Types that are looked at; what is below them, and what they are plugged into, comes with them."""
CAUSE: Final = "audit: no event had announced this"
REMOVED: Final = "removed"
"""In place of the type of what is gone: the feed of changes does not tell it."""


class Audit:
    """The audit of one environment."""

    def __init__(self, store: Store, environment: str, looker: Looker, *, first_at: float) -> None:
        self.missed: Counter[str] = Counter()
        """Objects that were found changed, by type."""
        self._store = store
        self._environment = environment
        self._looker = looker
        self._at = first_at + EVERY_S
        self._chance = random.Random()  # noqa: S311 - no secret

    def is_due(self, now: float) -> bool:
        """Return whether some minutes have passed since the last."""
        return now >= self._at

    def look(self, now: float) -> None:
        """Look at some objects; ``missed`` counts what was found changed."""
        self._at = now + EVERY_S
        view = self._store.view(self._environment)
        start = f"{self._chance.getrandbits(96):024x}"  # document ids are digests: any of them is as likely
        chosen = Find(where=(OneOf("type", AUDITED),), after=(start,), limit=AT_ONCE)
        refs = [one.ref for one in view.find(chosen)]
        if not refs:
            return
        base = view.revision
        look = self._looker.at(refs, cause=CAUSE)
        if look.changed:
            self._count(base)

    def _count(self, base: int) -> None:
        own = {one.revision for one in self._store.commits(self._environment) if one.cause == CAUSE}
        found: Counter[str] = Counter()
        for change in self._store.changes(self._environment, since=base):
            if change.kind == "inventory" and change.revision in own:
                found[str(change.document["type"]) if change.document is not None else REMOVED] += 1
        self.missed.update(found)
        if found:
            told = ", ".join(f"{number} {type_}" for type_, number in sorted(found.items()))
            logger.warning("%s: no event had announced what the audit found: %s", self._environment, told)
