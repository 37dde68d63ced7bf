# SPDX-License-Identifier: Apache-2.0
"""The request cannot be fulfilled as it was made."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from calipso_nornir.errors.base import CalipsoError


class UsageError(CalipsoError):
    """The request cannot be fulfilled as it was made."""


@dataclass(eq=False)
class UnknownEnvironment(UsageError):
    """No environment of that name is in the store."""

    name: str
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        have = f"the store holds: {', '.join(self.known)}" if self.known else "the store holds none yet"
        near = get_close_matches(self.name, self.known, n=1)
        what = f'Did you mean "{near[0]}"?' if near else 'Add it with "calipso env add FILE".'
        return f'no environment "{self.name}" ({have}). {what}'


@dataclass(eq=False)
class UntestedEnvironment(UsageError):
    """A scan of an unsupported kind of cloud; ``problems`` say what is not listed."""

    name: str
    problems: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.name}: {'; '.join(self.problems)}. Such clouds are untested: results may be incomplete or "
            "wrong. Use --untested to scan it anyway."
        )


@dataclass(eq=False)
class UnknownStore(UsageError):
    """There is no store to read or change; ``near`` are stores with similar names."""

    uri: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        near = f" Did you mean {' or '.join(self.near)}?" if self.near else ""
        return f"there is no store {self.uri}.{near} A scan creates one: calipso scan FILE.yaml"


@dataclass(eq=False)
class UnknownInventory(UsageError):
    """The store exists, but holds no inventory of that name."""

    uri: str
    name: str

    def __str__(self) -> str:
        return f'store {self.uri} holds no inventory "{self.name}" yet: the first scan into it creates it'


@dataclass(eq=False)
class UnknownObject(UsageError):
    """No object matches the request."""

    environment: str
    wanted: str
    near: tuple[str, ...] = ()

    def __str__(self) -> str:
        near = f" Did you mean {' or '.join(self.near)}?" if self.near else ""
        return f'"{self.wanted}" was not found in environment {self.environment}.{near}'


@dataclass(eq=False)
class UnknownName(UsageError):
    """An unknown name of something (``what``: "object type", "attribute" …)."""

    what: str
    name: str
    near: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        article = "an" if self.what[0] in "aeiou" else "a"
        if self.near:
            help_ = f". Did you mean {' or '.join(self.near)}?"
        else:
            help_ = f"; known: {', '.join(self.known)}" if self.known else "; none is known yet"
        return f'"{self.name}" is not {article} {self.what}{help_}'


@dataclass(eq=False)
class AmbiguousObject(UsageError):
    """Several objects match the request; ``candidates`` name each of them unambiguously."""

    wanted: str
    candidates: tuple[str, ...]
    remedy: str = "Give one of these as TYPE:ID:"

    def __str__(self) -> str:
        return "\n".join([f'"{self.wanted}" is ambiguous. {self.remedy}', *(f"  {c}" for c in self.candidates)])


@dataclass(eq=False)
class NotAvailable(UsageError):
    """A known option that this release does not implement."""

    what: str
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.what} is not available in this release.{' ' + self.instead if self.instead else ''}"


@dataclass(eq=False)
class InvalidRequest(UsageError):
    """Options that contradict each other, or a value in the wrong format; ``field``: where, if one is to blame."""

    problem: str
    field: str | None = None

    def __str__(self) -> str:
        return self.problem


class Conflict(InvalidRequest):
    """A request that would have been good in another state: what it makes exists, what it ends has ended."""
