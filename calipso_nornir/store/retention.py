# SPDX-License-Identifier: Apache-2.0
"""How long history is kept: a setting of the store, by age and by number of documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.model.protocols import Store

COLLECTION: Final = "store_settings"
KEY: Final = "retention"
DAY_S: Final = 86_400

LEAST: Final = timedelta(hours=2)
"""What is kept even when no history is wanted: readers that are at it, and scans, which have to know what others
changed since they began."""

_EVERY: Final = 64
"""Commits between two looks at what is too old."""
_COUNT_EVERY: Final = 1024
"""Commits between two counts of what there is."""
_LARGE: Final = 1000
"""A commit that makes so many documents past looks and counts in any case."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How much history is kept.

    Attributes:
        age: documents that were replaced or removed longer ago go.
        documents: the most of them to keep in an environment; None for any number.
    """

    age: timedelta = timedelta(days=30)
    documents: int | None = 1_000_000

    def __post_init__(self) -> None:
        if self.age < timedelta(0) or (self.documents is not None and self.documents < 0):
            raise InvalidRequest(f"retention of {self.age} and {self.documents} documents: expected no negative number")

    def __str__(self) -> str:
        days = self.kept.total_seconds() / DAY_S
        age = f"{days:g} days" if days >= 1 else f"{days * 24:g} hours"
        number = "any number of documents" if self.documents is None else f"at most {self.documents} documents"
        return f"history is kept for {age}, {number} per environment"

    @property
    def kept(self) -> timedelta:
        """The age that counts."""
        return max(self.age, LEAST)


def is_due(revision: int, *, made_past: int, by_size: bool = False) -> bool:
    """Return whether the commit that made a revision, and that many documents past, is to look (count) too."""
    return revision % (_COUNT_EVERY if by_size else _EVERY) == 0 or made_past > _LARGE


OFF: Final = Retention(age=timedelta(0), documents=0)
"""No history."""


def retention_of(store: Store) -> Retention:
    """Read the setting."""
    return read_retention(store.collection(COLLECTION).get(KEY))


def read_retention(document: dict[str, object] | None) -> Retention:
    """Return the setting that a document holds; the default when there is none."""
    if document is None:
        return Retention()
    seconds, documents = document.get("age_s"), document.get("documents")
    if not isinstance(seconds, (int, float)) or not isinstance(documents, (int, type(None))):
        raise InvalidRequest(f"{COLLECTION}/{KEY} is not a retention: {document}")
    return Retention(timedelta(seconds=seconds), documents)


def keep(store: Store, retention: Retention) -> None:
    """Change the setting; what is too old by it goes with one of the next commits."""
    document = {"age_s": retention.age.total_seconds(), "documents": retention.documents}
    store.collection(COLLECTION).put(KEY, document)
