# SPDX-License-Identifier: Apache-2.0
"""What happened to an environment, revision by revision: the change feed and the log of commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from calipso_nornir.model.protocols import Document, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One document was put or removed by a commit.

    Attributes:
        revision: the one that the commit made.
        op: ``put`` for new or replaced, ``remove`` for gone.
        kind: of document.
        document_id: its ``_id``.
        document: as it was put; None when it is gone.
    """

    revision: int
    op: Literal["put", "remove"]
    kind: Kind
    document_id: str
    document: Document | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit, as the log of an environment tells it.

    Attributes:
        revision: the one that it made.
        at: when (aware, UTC), by the clock of who wrote; order goes by ``revision``, never by it.
        cause: why, in the writer's words: ``scan <id>``, ``event port.create.end`` …
        by: the process that wrote it.
        new: documents that were not there before.
        changed: documents that were replaced.
        removed: documents that are gone.
    """

    revision: int
    at: datetime
    cause: str = ""
    by: str = ""
    new: int = 0
    changed: int = 0
    removed: int = 0
