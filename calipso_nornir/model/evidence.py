# SPDX-License-Identifier: Apache-2.0
"""Where a fact comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from calipso_nornir.model.quickly_made import maker, quickly_made

if TYPE_CHECKING:
    from datetime import datetime


@quickly_made
@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation of one source.

    Attributes:
        source: "api", "db", "cli", or "derived" for what follows from other objects.
        query: the query, as a person would type it; for "derived" the rule in words.
        host: the host that answered, for "cli"; else None.
        at: time of the answer (aware, UTC); None for "derived".
    """

    source: str
    query: str
    host: str | None = None
    at: datetime | None = None

    @property
    def stable(self) -> tuple[str, str, str]:
        """Everything but the time: two observations with the same identity are the same."""
        return (self.source, self.query, self.host or "")


_new: Final = maker(Evidence)


def derived(rule: str) -> tuple[Evidence, ...]:
    """Return the evidence for something that follows from objects by a rule."""
    return (_new("derived", rule),)
