# SPDX-License-Identifier: Apache-2.0
"""Differences between two times, and the versions of one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from calipso_nornir.model.changes import Commit, Life
    from calipso_nornir.model.stores import Document, Kind, Store, StoreView

_ALL: Final = 1_000_000
"""More commits than any history has."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A document that differs between two times; None: it did not exist."""

    op: Literal["new", "changed", "removed"]
    before: Document | None
    after: Document | None

    @property
    def fields(self) -> list[str]:
        """The fields that differ, sorted; of a changed document only."""
        if self.before is None or self.after is None:
            return []
        names = {*self.before, *self.after} - {"digest", "last_scanned", "_revision"}
        return sorted(name for name in names if self.before.get(name) != self.after.get(name))


def differences(before: StoreView, after: StoreView, kind: Kind) -> Iterator[Difference]:
    """Yield what differs between two pictures, ordered by ``_id``. Both are read once, neither is kept in memory."""
    old, new = iter(before.documents(kind)), iter(after.documents(kind))
    one, other = next(old, None), next(new, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one["_id"] < other["_id"]):
            yield Difference("removed", one, None)
            one = next(old, None)
        elif one is None or other["_id"] < one["_id"]:
            yield Difference("new", None, other)
            other = next(new, None)
        else:
            if one["digest"] != other["digest"]:
                yield Difference("changed", one, other)
            one, other = next(old, None), next(new, None)


@dataclass(frozen=True, slots=True)
class Version:
    """A document after a commit; None: it was removed, or did not exist yet."""

    commit: Commit
    document: Document | None


def versions(store: Store, environment: str, kind: Kind, document_id: str, *, commits: int) -> Iterator[Version]:
    """Yield the versions of one document in the newest commits, newest first: each as of the commit that made it.

    One that is older than these commits comes with the oldest of them. If the document was gone before them, all known
    commits count. Nothing is yielded for a document that never existed, or only before what is known.
    """
    lives = store.lives(environment, kind, document_id)
    log = store.commits(environment, limit=commits)
    if lives and log and lives[0].until is not None and lives[0].until < log[-1].revision:
        log = store.commits(environment, limit=_ALL)
    return _versions(lives, log) if log else iter(())


def _versions(lives: Sequence[Life], log: Sequence[Commit]) -> Iterator[Version]:
    made = {commit.revision: commit for commit in log}
    replaced: int | None = None
    for life in lives:
        if life.until is not None and life.until != replaced and life.until in made:
            yield Version(made[life.until], None)
        if life.until is not None and life.until <= log[-1].revision:
            return
        yield Version(made.get(life.revision, log[-1]), life.document)
        replaced = life.revision


def whole(found: Iterable[Difference], *, limit: int) -> tuple[list[Difference], bool]:
    """Return a limited number of differences, and whether these are all."""
    kept: list[Difference] = []
    for one in found:
        if len(kept) == limit:
            return kept, False
        kept.append(one)
    return kept, True
