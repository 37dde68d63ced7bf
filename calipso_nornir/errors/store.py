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
    """The store was written by a release with another layout."""

    uri: str
    found: str
    expected: str

    def __str__(self) -> str:
        return (
            f"store {self.uri} has layout {self.found}, this release reads and writes layout {self.expected}. "
            "Nothing was changed. Use the release that wrote it, or another store."
        )


@dataclass(eq=False)
class StoreFull(StoreError):
    """No room is left; what was there before is still there."""

    uri: str
    cause: str

    def __str__(self) -> str:
        kept = "The last complete generation is untouched: make room and scan again."
        return f"store {self.uri} is full ({self.cause}). {kept}"


@dataclass(eq=False)
class StoreBusy(StoreError, Retriable):
    """Another process is writing the same environment."""

    uri: str
    environment: str
    owner: str

    def __str__(self) -> str:
        return f"store {self.uri}: {self.owner} is writing environment {self.environment}. Try again when it has ended."


@dataclass(eq=False)
class DocumentRefused(StoreError):
    """A document that no generation may hold: larger than the store's limit, or with an ``_id`` that is not its own."""

    uri: str
    kind: str
    document_id: str
    problem: str

    def __str__(self) -> str:
        return f"store {self.uri}: {self.kind} document {self.document_id} {self.problem}. Nothing was changed."
