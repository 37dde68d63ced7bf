# SPDX-License-Identifier: Apache-2.0
"""Answers of an unexpected shape, and fetchers that fail for reasons other than their source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from calipso_nornir.errors.base import CalipsoError


@dataclass(eq=False)
class ParseError(CalipsoError):
    """An answer has a shape that the parser does not know."""

    parser: str
    problem: str
    line_number: int | None = None
    line: str = ""
    query: str = ""
    host: str | None = None

    def asked_by(self, query: str, host: str | None) -> Self:
        """Return the error with the query whose answer could not be read."""
        self.query, self.host = query, host
        return self

    def __str__(self) -> str:
        where = f'{self.host or "answer"}: "{self.query}": ' if self.query else ""
        line = f", line {self.line_number} {self.line[:200]!r}" if self.line_number is not None else ""
        return f"{where}{self.parser} cannot read it: {self.problem}{line}"


class FetchError(CalipsoError):
    """A fetching that failed for a reason other than its source."""


@dataclass(eq=False)
class FetcherRaised(FetchError):
    """A fetcher, link finder or parser raised something other than a CalipsoError: it has a bug."""

    plugin: str
    cause: str

    def __str__(self) -> str:
        return f"{self.plugin} raised {self.cause}"


@dataclass(eq=False)
class PromiseBroken(FetchError):
    """A plug-in returned something that plug-ins of its kind must not return: a mistake of its author.

    Attributes:
        plugin: its name and where it is declared.
        problem: what was found, what is expected, and what was perhaps meant.
    """

    plugin: str
    problem: str

    def __str__(self) -> str:
        return f"{self.plugin}: {self.problem}"


@dataclass(eq=False)
class Misplaced(FetchError):
    """An object is in a place where its type is not declared to be."""

    type: str
    parent_type: str
    found_by: str
    problem: str

    def __str__(self) -> str:
        return f"{self.found_by}: {self.type} under {self.parent_type}: {self.problem}"


@dataclass(eq=False)
class DuplicateObject(FetchError):
    """Two fetchings found different objects of one type under one id."""

    type: str
    id: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.type} {self.id} was found twice: under {self.first} and under {self.second}; the first was kept"


@dataclass(eq=False)
class ParentUnknown(FetchError):
    """An object names a place in the tree that was not found in this scan or before."""

    type: str
    id: str
    parent_type: str
    parent_id: str
    problem: str = ""

    def __str__(self) -> str:
        why = f"; {self.problem}" if self.problem else ""
        return f"{self.type} {self.id} belongs under {self.parent_type} {self.parent_id}, which is not known{why}"


@dataclass(eq=False)
class FieldMissing(FetchError):
    """A step hands down a field that an object does not have."""

    step: str
    field: str
    object: str

    def __str__(self) -> str:
        return f"{self.step} hands down the field {self.field!r}, which {self.object} does not have"


@dataclass(eq=False)
class LookupCycle(FetchError):
    """Fetchings wait for each other's objects; none of them can continue."""

    type: str

    def __str__(self) -> str:
        return f"waits for every object of type {self.type}, which cannot be complete before this fetching itself"
