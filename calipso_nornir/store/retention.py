# SPDX-License-Identifier: Apache-2.0
"""The retention of history: a setting of the store, by age and by number of documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Store

COLLECTION: Final = "store_settings"
KEY: Final = "retention"
DAY_S: Final = 86_400

LEAST: Final = timedelta(hours=2)
"""The minimum, even without history: running readers need it, and running scans need to know what others have changed
since they began."""

_EVERY: Final = 64
"""Number of commits between two checks for documents that are too old."""
_COUNT_EVERY: Final = 1024
"""Number of commits between two counts of documents."""
_LARGE: Final = 1000
"""After a commit that makes more documents past than this, age and number are always checked."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How much history is kept.

    Attributes:
        age: documents that were replaced or removed longer ago are deleted.
        documents: maximum number of them to keep in an environment; None for any number.
    """

    age: timedelta = timedelta(days=30)
    documents: int | None = 1_000_000

    def __post_init__(self) -> None:
        if self.age < timedelta(0) or (self.documents is not None and self.documents < 0):
            raise InvalidRequest(f"retention of {self.age} and {self.documents} documents: expected 0 or more")

    def __str__(self) -> str:
        days = self.kept.total_seconds() / DAY_S
        age = f"{days:g} days" if days >= 1 else f"{days * 24:g} hours"
        number = "any number of documents" if self.documents is None else f"at most {self.documents} documents"
        return f"history is kept for {age}, {number} per environment"

    @property
    def kept(self) -> timedelta:
        """The effective age."""
        return max(self.age, LEAST)


def is_due(revision: int, *, made_past: int, by_size: bool = False) -> bool:
    """Return whether to check age (``by_size``: number) after a commit that made ``made_past`` documents past."""
    return revision % (_COUNT_EVERY if by_size else _EVERY) == 0 or made_past > _LARGE


OFF: Final = Retention(age=timedelta(0), documents=0)
"""No history."""


def retention_of(store: Store) -> Retention:
    """Return the store's setting."""
    return read_retention(store.collection(COLLECTION).get(KEY))


def read_retention(document: dict[str, object] | None) -> Retention:
    """Return the setting in a document; the default when there is none."""
    if document is None:
        return Retention()
    seconds, documents = document.get("age_s"), document.get("documents")
    if not isinstance(seconds, (int, float)) or not isinstance(documents, (int, type(None))):
        raise InvalidRequest(f"{COLLECTION}/{KEY} is not a valid retention: {document}")
    return Retention(timedelta(seconds=seconds), documents)


def keep(store: Store, retention: Retention) -> None:
    """Change the setting; one of the next commits deletes what exceeds it."""
    document = {"age_s": retention.age.total_seconds(), "documents": retention.documents}
    store.collection(COLLECTION).put(KEY, document)
