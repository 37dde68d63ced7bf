# SPDX-License-Identifier: Apache-2.0
"""Reads rows of OVN's databases strictly: checks the type of each column, and returns tables by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.ovsdb import Row, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Tables: TypeAlias = "tuple[tuple[str, tuple[str, ...]], ...]"
"""Tables, each with the columns to query."""

NEUTRON = "neutron-"
"""Prefix that ML2/OVN adds to the id of a network or router to name the OVN switch or router."""


@dataclass(frozen=True, slots=True)
class Columns:
    """One row, read column by column; columns missing from the schema are treated as empty."""

    parser: str
    table: str
    row: Row

    def text(self, name: str) -> str:
        """Return a required string."""
        value = self.row.get(name)
        if not isinstance(value, str):
            raise self._unlike(name, "a text")
        return value

    def one(self, name: str) -> str | None:
        """Return the string or UUID in a column; None when it is empty."""
        found = self.many(name)
        if len(found) > 1:
            raise self._unlike(name, "at most one value")
        return found[0] if found else None

    def many(self, name: str) -> tuple[str, ...]:
        """Return a set of strings or UUIDs, sorted."""
        value = self.row.get(name, [])
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str) for one in values):
            raise self._unlike(name, "texts")
        return tuple(sorted(values))

    def number(self, name: str) -> int | None:
        """Return an integer; None for an empty set."""
        value = self.row.get(name, [])
        if value == []:
            return None
        if type(value) is not int:
            raise self._unlike(name, "an integer")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean; None for an empty set."""
        value = self.row.get(name, [])
        if value == []:
            return None
        if type(value) is not bool:
            raise self._unlike(name, "true or false")
        return value

    def table_of(self, name: str) -> Mapping[str, str]:
        """Return a map of strings."""
        value = self.row.get(name, {})
        if not isinstance(value, dict):
            raise self._unlike(name, "a map")
        return value

    def _unlike(self, name: str, expected: str) -> ParseError:
        found: Any = self.row.get(name, "nothing")
        return ParseError(self.parser, f"{self.table}.{name}: expected {expected}, found {str(found)[:80]}")


def by_table(text: str, asked: Tables, *, parser: str) -> dict[str, list[Columns]]:
    """Return the rows of an answer by table name; the answer has the tables in the order of ``asked``."""
    found = tables(text, parser=parser)
    if len(found) != len(asked):
        names = ", ".join(name for name, _ in asked)
        raise ParseError(parser, f"{len(found)} results, where {names} have one each")
    return {name: [Columns(parser, name, row) for row in rows] for (name, _), rows in zip(asked, found, strict=True)}


def neutron_id(name: str) -> str | None:
    """Return the Neutron id in the name of an OVN switch or router; None when Neutron did not create it."""
    return name.removeprefix(NEUTRON) if name.startswith(NEUTRON) else None


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of ``physnet1:br-ex,physnet2:br-two``, as ovn-controller(8) reads ovn-bridge-mappings."""
    for one in text.split(","):
        key, colon, value = one.strip().partition(":")
        if key and colon and value:
            yield key, value
