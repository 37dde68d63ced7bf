# SPDX-License-Identifier: Apache-2.0
"""Looks from time to time for changes that no event announced, by scanning a few random objects again.

This corrects what has changed; the changes are counted by type, and logged.
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
"""Types that are audited, together with what is below them and what they are plugged into."""
CAUSE: Final = "audit: no event had announced this"
REMOVED: Final = "removed"
"""Stands for the type of a removed object, which the feed of changes does not give."""


class Audit:
    """The audits of one environment."""

    def __init__(self, store: Store, environment: str, looker: Looker, *, first_at: float) -> None:
        self.missed: Counter[str] = Counter()
        """Objects that were found changed, by type."""
        self._store = store
        self._environment = environment
        self._looker = looker
        self._at = first_at + EVERY_S
        self._chance = random.Random()  # noqa: S311 - no secret

    def is_due(self, now: float) -> bool:
        """Return whether it is time for the next audit."""
        return now >= self._at

    def look(self, now: float) -> None:
        """Scan some objects; ``missed`` counts those that had changed."""
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
