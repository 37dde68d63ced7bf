# SPDX-License-Identifier: Apache-2.0
"""Rows of OVN's databases, read strictly: what a column may hold, and tables by their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from calipso_nornir.errors import ParseError
from calipso_nornir.parsing.ovsdb import Row, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Tables: TypeAlias = "tuple[tuple[str, tuple[str, ...]], ...]"
"""Tables and the columns that are asked for of each."""

NEUTRON = "neutron-"
"""What ML2/OVN puts before the id of a network or router to name a switch or router of OVN."""


@dataclass(frozen=True, slots=True)
class Columns:
    """One row, read column by column; a column that the schema lacks reads as "none"."""

    parser: str
    table: str
    row: Row

    def text(self, name: str) -> str:
        """Return a text that has to be there."""
        value = self.row.get(name)
        if not isinstance(value, str):
            raise self._unlike(name, "a text")
        return value

    def one(self, name: str) -> str | None:
        """Return the text or UUID of a column that may be empty."""
        found = self.many(name)
        if len(found) > 1:
            raise self._unlike(name, "at most one value")
        return found[0] if found else None

    def many(self, name: str) -> tuple[str, ...]:
        """Return a set of texts or UUIDs, ordered."""
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
        """Return a truth value; None for an empty set."""
        value = self.row.get(name, [])
        if value == []:
            return None
        if type(value) is not bool:
            raise self._unlike(name, "true or false")
        return value

    def table_of(self, name: str) -> Mapping[str, str]:
        """Return a map."""
        value = self.row.get(name, {})
        if not isinstance(value, dict):
            raise self._unlike(name, "a map")
        return value

    def _unlike(self, name: str, expected: str) -> ParseError:
        found: Any = self.row.get(name, "nothing")
        return ParseError(self.parser, f"{self.table}.{name}: expected {expected}, found {str(found)[:80]}")


def by_table(text: str, asked: Tables, *, parser: str) -> dict[str, list[Columns]]:
    """Read an answer that has the tables in the order in which they were asked for."""
    found = tables(text, parser=parser)
    if len(found) != len(asked):
        names = ", ".join(name for name, _ in asked)
        raise ParseError(parser, f"{len(found)} results, where {names} have one each")
    return {name: [Columns(parser, name, row) for row in rows] for (name, _), rows in zip(asked, found, strict=True)}


def neutron_id(name: str) -> str | None:
    """Return the id of the network or router that a switch or router of OVN is for; None when it is not Neutron's."""
    return name.removeprefix(NEUTRON) if name.startswith(NEUTRON) else None


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of ``physnet1:br-ex,physnet2:br-two``, as ovn-controller(8) reads ovn-bridge-mappings."""
    for one in text.split(","):
        key, colon, value = one.strip().partition(":")
        if key and colon and value:
            yield key, value
