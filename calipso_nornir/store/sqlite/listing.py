# SPDX-License-Identifier: Apache-2.0

"""Lists of plain documents by index in SQLite: one partial index for each declared collection and order.

SQLite uses a partial index only if the statement contains the index's condition literally, without bound values
(sqlite.org/partialindex.html, 3). So the name of the collection is a literal in the statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from calipso_nornir.store.listing import LISTED
from calipso_nornir.store.names import collection_name
from calipso_nornir.store.sqlite.connection import immediate
from calipso_nornir.store.sqlite.tables import DOCUMENTS

if TYPE_CHECKING:
    import sqlite3

    from calipso_nornir.store.listing import Listing

_PREFIX: Final = "calipso_list."


class Ordered(NamedTuple):
    """Further conditions of a statement, its order, and the values that the conditions bind."""

    where: str
    by: str
    values: tuple[str, ...]


def value_of(field: str) -> str:
    """Return the SQL expression of a top-level field; an index is used only if it has exactly the same expression."""
    return f"json_extract(document, '$.{field}')"


def literal(name: str) -> str:
    """Return the name of a collection as a literal."""
    return "'" + name.replace("'", "''") + "'"


def list_clauses(one: Listing) -> Ordered:
    """Return what a statement for a list needs besides its conditions on the first fields of the index."""
    value, way = value_of(one.field), " DESC" if one.falling else ""
    where, values = "", []
    for at_least, below in one.bounds:
        for bound, comparison in ((at_least, ">="), (below, "<")):
            if bound is not None:
                where += f" AND {value} {comparison} ?"
                values.append(bound)
    if one.after is not None:
        beyond = "<" if one.falling else ">"
        where += f" AND {value} {beyond}= ? AND ({value} {beyond} ? OR key {beyond} ?)"
        values += [one.after[0], *one.after]
    return Ordered(where, f"{value}{way}, key{way}", tuple(values))


def holds_odd(connection: sqlite3.Connection, name: str, one: Listing) -> bool:
    """Return whether any document of a list has something other than a text in the field to sort by.

    Each way to be something else is a range of the index: null and numbers come before every text, and what JSON has no
    scalar for is a text that begins with a bracket.
    """
    value = value_of(one.field)
    base = f"FROM {DOCUMENTS} WHERE collection = {literal(name)}"
    base += "".join(f" AND {value_of(field)} = ?" for field, _ in one.equal)
    texts = tuple(text for _, text in one.equal)
    ways = (
        f"{value} IS NULL",
        f"{value} < ''",
        f"{value} >= '[' AND {value} < '\\'",
        f"{value} >= '{{' AND {value} < '|'",
    )
    select = " OR ".join(f"EXISTS (SELECT 1 {base} AND {way})" for way in ways)
    [(found,)] = connection.execute(f"SELECT {select}", texts * len(ways))
    return bool(found)


def make_list_indexes(connection: sqlite3.Connection, inventory: str) -> None:
    """Create the indexes of lists that are missing: all of them in a new store, or in one of an earlier release."""
    wanted: dict[str, str] = {}
    for name, indexes in LISTED.items():
        collection = collection_name(inventory, name)
        for fields in indexes:
            columns = ", ".join(("collection", *map(value_of, fields), "key"))
            where = f"{DOCUMENTS} ({columns}) WHERE collection = {literal(collection)}"
            wanted[f"{_PREFIX}{collection}.{'_'.join(fields)}"] = where
    missing = sorted(wanted.keys() - _indexes(connection))
    if missing:
        with immediate(connection):
            for name in missing:
                connection.execute(f'CREATE INDEX IF NOT EXISTS "{name}" ON {wanted[name]}')


def drop_list_indexes(connection: sqlite3.Connection) -> None:
    """Drop the indexes of lists, of all inventories: earlier layouts have none."""
    for name in sorted(_indexes(connection)):
        if name.startswith(_PREFIX):
            connection.execute(f'DROP INDEX "{name}"')


def _indexes(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
