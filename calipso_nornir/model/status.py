# SPDX-License-Identifier: Apache-2.0
"""The status of an object or a link, as its monitoring reports it: a document beside the inventory.

Scans never touch it. It is joined when objects and links are read, has a history like everything else, and is removed
with its object or link.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

StatusOf: TypeAlias = Literal["inventory", "links"]


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
