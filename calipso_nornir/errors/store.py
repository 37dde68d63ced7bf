# SPDX-License-Identifier: Apache-2.0
"""The store cannot do its work."""

from __future__ import annotations

from dataclasses import dataclass

from calipso_nornir.errors.base import CalipsoError, Retriable


class StoreError(CalipsoError):
    """The store cannot do its work."""


@dataclass(eq=False)
class StoreUnavailable(StoreError, Retriable):
    """The store does not answer or cannot be opened."""

    uri: str
    cause: str

    def __str__(self) -> str:
        return f"store {self.uri} cannot be used: {self.cause}"


@dataclass(eq=False)
class StoreVersionMismatch(StoreError):
    """The store was written by a release with a different layout."""

    uri: str
    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"store {self.uri} has layout {self.found}, this release reads and writes layout {self.expected}. "
            f"Nothing was changed. {self._advice}"
        )

    @property
    def _advice(self) -> str:
        if self.found.isdigit() and self.expected.isdigit() and 0 < int(self.found) < int(self.expected):
            return "calipso store migrate brings it up to date (--dry-run tries it)."
        return "Use the release that wrote it, or another store."


@dataclass(eq=False)
class StoreFull(StoreError):
    """No space is left; what was stored before is unchanged."""

    uri: str
    cause: str

    def __str__(self) -> str:
        kept = "What was stored before is unchanged: make room and scan again."
        return f"store {self.uri} is full ({self.cause}). {kept}"


@dataclass(eq=False)
class StoreBusy(StoreError, Retriable):
    """Another process is writing the same environment."""

    uri: str
    environment: str
    owner: str

    def __str__(self) -> str:
        return (
            f"store {self.uri}: {self.owner} is writing environment {self.environment}. Try again when it has finished."
        )


@dataclass(eq=False)
class DocumentRefused(StoreError):
    """A document that cannot be stored: larger than the store's limit, or with an ``_id`` that is not its own."""

    uri: str
    kind: str
    document_id: str
    problem: str

    def __str__(self) -> str:
        return f"store {self.uri}: {self.kind} document {self.document_id} {self.problem}. Nothing was changed."


@dataclass(eq=False)
class BackupInvalid(StoreError):
    """A file from which no store can be restored."""

    path: str
    cause: str

    def __str__(self) -> str:
        return f"backup {self.path} cannot be restored: {self.cause}. Nothing was written"


@dataclass(eq=False)
class Overtaken(StoreError, Retriable):
    """What a commit was computed from was changed by others in the meantime; nothing was written.

    Attributes:
        environment: its name.
        base: the revision from which the commit was computed.
        revision: the newest one.
        documents: what was overtaken, each as ``<kind>/<_id>``; ``by_kind`` splits these.
    """

    uri: str
    environment: str
    base: int
    revision: int
    documents: tuple[str, ...]

    def by_kind(self) -> dict[str, list[str]]:
        """Return the ``_id``s of what was overtaken, by kind of document."""
        found: dict[str, list[str]] = {}
        for one in self.documents:
            kind, _, document_id = one.partition("/")
            found.setdefault(kind, []).append(document_id)
        return found

    def __str__(self) -> str:
        count = len(self.documents)
        which = self.documents[0] + (f" and {count - 1} more were" if count > 1 else " was")
        return (
            f"store {self.uri}: {which} changed in environment {self.environment} after revision {self.base}, "
            f"which this commit was computed from (newest: {self.revision}). Nothing was written: compute it again."
        )


@dataclass(eq=False)
class TooManyChanges(StoreError):
    """One revision has more changes than are to be read at once."""

    environment: str
    revision: int
    most: int

    def __str__(self) -> str:
        return (
            f"revision {self.revision} of environment {self.environment} has more than {self.most:,} changes: read the "
            f"picture of revision {self.revision}, and go on after it."
        )


@dataclass(eq=False)
class PastUnknown(StoreError):
    """The store does not know the state at that time: it is older than the history, or before the first commit."""

    uri: str
    environment: str
    wanted: str
    oldest: str
    newest: str = ""

    def __str__(self) -> str:
        known = f"the oldest known state is that of {self.oldest}" if self.oldest else "there is no history"
        if self.newest:
            known += f", the newest that of {self.newest}"
        return f"store {self.uri}: the state of environment {self.environment} at {self.wanted} is not known; {known}."
