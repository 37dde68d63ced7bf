# SPDX-License-Identifier: Apache-2.0
"""The history of an environment, revision by revision: the change feed, the log of commits, lives of documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime

    from calipso_nornir.model.stores import Document, Kind

Op: TypeAlias = Literal["put", "remove"]
MOST_AT_ONCE: Final = 20_000
"""Changes of one revision that are told one by one: those of a large cloud's first scan would fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One document was put or removed by a commit.

    Attributes:
        revision: the revision of the commit.
        op: ``put`` for a new or replaced document, ``remove`` for a removed one.
        kind: the kind of document.
        document_id: its ``_id``.
        document: as it was put; None if it was removed.
    """

    revision: int
    op: Op
    kind: Kind
    document_id: str
    document: Document | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A document as one commit put it.

    Attributes:
        revision: the revision of that commit.
        until: the revision that replaced or removed it; None: it is there now.
        document: as it was put.
    """

    revision: int
    until: int | None
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit, as in the log of an environment.

    Attributes:
        revision: the revision that it made.
        at: time (aware, UTC) by the writer's clock; commits are ordered by ``revision``, never by this time.
        cause: the reason, in the writer's words: ``scan <id>``, ``event port.create.end`` …
        by: the process that wrote it.
        new: number of documents that did not exist before.
        changed: number of documents that were replaced.
        removed: number of documents that were removed.
    """

    revision: int
    at: datetime
    cause: str = ""
    by: str = ""
    new: int = 0
    changed: int = 0
    removed: int = 0
