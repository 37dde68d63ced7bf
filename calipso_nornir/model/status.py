# SPDX-License-Identifier: Apache-2.0
"""The status of an object or a link, as its monitoring reports it: a document beside the inventory.

Scans never touch it. It is joined when objects and links are read, has a history like everything else, and is removed
with its object or link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

StatusOf: TypeAlias = Literal["inventory", "links"]

_ID: Final = re.compile("[0-9a-f]{24}")
OK, WARNING, ERROR, UNKNOWN = range(4)
SEVERITY: Final = {OK: 0, UNKNOWN: 1, WARNING: 2, ERROR: 3}
"""How bad a status is: unknown is worse than OK, and better than a known failure."""
CAUSE: Final = "cause"
"""Attribute of a status that follows from another one: what it follows from; ``of`` is the ``_id``."""
FOLLOWS: Final = "follows"
"""Attribute of the status of a link that has no check: it is as bad as its worse end."""
FINDING: Final = "_finding"
"""Field of a status's document by which stores find what is wrong (see ``Status.finding``)."""
NOT_GOOD: Final = "!"
"""The findings of what is not good begin with this character, or a later one."""
FOLLOWING_LINK: Final = "-"
FIRST, BEHIND = "1", "4"
"""Findings of failures are below the second and not below the first of these; the worst come first."""
CONSEQUENCE: Final = ">"
"""Findings of consequences begin with this; then comes the ``_id`` of their cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The status of one object or link.

    Attributes:
        environment: the environment of the object or link.
        of: ``_id`` of the object or link.
        kind: the kind of that document.
        value: 0 is good, higher is worse (0 OK, 1 Warning, 2 Critical).
        label: the value as a word.
        text: the check's output.
        since: when it took this value (aware, UTC).
        checked_at: when it was last checked.
        source: the id of the check that reports it.
        attributes: anything else that belongs to it.
    """

    environment: str
    of: str
    kind: StatusOf = "inventory"
    value: int
    label: str
    text: str = ""
    since: datetime | None = None
    checked_at: datetime | None = None
    source: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> int:
        """How bad it is."""
        return severity_of(self.value)

    @property
    def rank(self) -> str:
        """Its finding if it is a failure with no known cause."""
        return str(SEVERITY[ERROR] + 1 - self.severity)

    @property
    def cause(self) -> str | None:
        """The ``_id`` of what it follows from, if anything."""
        told = self.attributes.get(CAUSE)
        of = told.get("of") if isinstance(told, dict) else None
        return of if isinstance(of, str) and _ID.fullmatch(of) and of != self.of else None

    @property
    def finding(self) -> str:
        """What it is in a list of failures: "" if it is good, else a failure, a consequence, or a link that follows."""
        if self.value == OK:
            return ""
        if self.cause is None:
            return self.rank
        return FOLLOWING_LINK if self.attributes.get(FOLLOWS) else f"{CONSEQUENCE}{self.cause}"


def severity_of(value: int) -> int:
    """Return how bad a value is: one that is not known is as bad as an error."""
    return SEVERITY.get(value, SEVERITY[ERROR])
