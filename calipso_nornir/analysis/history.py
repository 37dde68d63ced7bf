# SPDX-License-Identifier: Apache-2.0
"""Differences between two times, and the versions of one document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from calipso_nornir.errors import PastUnknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from calipso_nornir.model.changes import Commit
    from calipso_nornir.model.stores import Document, Kind, Store, StoreView


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
    """Yield the versions of one document in the newest commits, newest first: each as of the commit that made it."""
    later: Version | None = None
    for commit in store.commits(environment, limit=commits):
        document = _as_of(store, environment, kind, document_id, commit)
        if later is not None and _digest(later.document) != _digest(document):
            yield later
        later = Version(commit, document)
    if later is not None and later.document is not None:
        yield later


def _as_of(store: Store, environment: str, kind: Kind, document_id: str, commit: Commit) -> Document | None:
    try:
        with store.snapshot(environment, at=commit.at) as view:
            return view.get_by_id(kind, document_id)
    except PastUnknown:
        return None


def _digest(document: Document | None) -> object:
    return None if document is None else document["digest"]


def whole(found: Iterable[Difference], *, limit: int) -> tuple[list[Difference], bool]:
    """Return a limited number of differences, and whether these are all."""
    kept: list[Difference] = []
    for one in found:
        if len(kept) == limit:
            return kept, False
        kept.append(one)
    return kept, True
