# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables are constants or checked; every value is bound
"""The text index in SQLite (see ``store.text_search``): FTS5 with its trigram tokenizer (sqlite.org/fts5.html).

FTS5 knows where each trigram is in a text, so it finds a text as a phrase: all trigrams in a row. It numbers its
entries; a segment is a range of these numbers, and a table maps each of them to the row number of its object. This form
of FTS5 does not keep the texts, so no entry can be removed: those that are in no segment are ignored until the whole
index is rebuilt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.store.sqlite.document_rows import from_row
from calipso_nornir.store.sqlite.tables import pasts, table, texts
from calipso_nornir.store.text_search import IndexSegment
from calipso_nornir.store.trigrams import LENGTH, beginning, plain

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from calipso_nornir.model.stores import Document
    from calipso_nornir.store.searching import Needle
    from calipso_nornir.store.text_search import Part

FORM: Final = "content = '', detail = full, tokenize = 'trigram case_sensitive 1'"
"""What FTS5 is told; tables of another form are replaced."""
_LONGEST: Final = 200
"""Characters of a text that are looked up."""
_ROW: Final = "head.last_scanned, head.digest, body.document, body.evidence"


@dataclass(frozen=True, slots=True)
class TableNames:
    """The (quoted) names of an index's tables."""

    words: str
    terms: str
    members: str
    segments: str
    notes: str

    @classmethod
    def of(cls, inventory: str) -> TableNames:
        """Return the names for an inventory."""
        return cls(*(f'"calipso_fts_{one}.{inventory}"' for one in ("words", "terms", "members", "segments", "notes")))

    def creating(self) -> Iterator[str]:
        """Yield the statements that create the tables that are missing."""
        yield f'CREATE VIRTUAL TABLE IF NOT EXISTS {self.words} USING fts5(names, "values", {FORM})'
        yield f"CREATE VIRTUAL TABLE IF NOT EXISTS {self.terms} USING fts5vocab({self.words}, row)"
        members = (
            "place INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL"  # AUTOINCREMENT: no place is used twice
        )
        yield f"CREATE TABLE IF NOT EXISTS {self.members} ({members})"
        yield (
            f"CREATE TABLE IF NOT EXISTS {self.segments} (environment TEXT NOT NULL, first INTEGER PRIMARY KEY, "
            "last INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL)"
        )
        yield (
            f"CREATE TABLE IF NOT EXISTS {self.notes} (environment TEXT NOT NULL PRIMARY KEY, upto INTEGER NOT NULL, "
            "token TEXT, until TEXT)"
        )

    def dropping(self) -> Iterator[str]:
        """Yield the statements that drop the tables."""
        yield from (f"DROP TABLE IF EXISTS {one}" for one in (self.terms, self.words, self.members))
        yield from (f"DROP TABLE IF EXISTS {one}" for one in (self.segments, self.notes))

    def exist(self, connection: sqlite3.Connection) -> bool:
        """Return whether the tables are there, in the form of today."""
        statement = "SELECT sql FROM main.sqlite_master WHERE type = 'table' AND name = ?"
        found = connection.execute(statement, (self.words.strip('"'),)).fetchone()
        return found is not None and FORM in found[0]


class SqliteTextIndex:
    """The index of one environment, for one search.

    Args:
        connection: within a read transaction.
        inventory: name of the inventory.
        environment: name of the environment.
        revision: the revision to search.
    """

    def __init__(self, connection: sqlite3.Connection, *, inventory: str, environment: str, revision: int) -> None:
        self._connection = connection
        self._inventory = inventory
        self._environment = environment
        self._revision = revision
        self._names = TableNames.of(inventory)
        self.upto = 0
        self.segments: list[IndexSegment] = []
        self._entries: dict[str, tuple[int, int]] = {}
        if self._names.exist(connection):
            self._read()

    def candidates(self, part: Part, needle: Needle) -> Callable[[IndexSegment, int], Iterable[int]]:
        """Return a function for the places, from one on, of a segment's objects whose part may contain the needle."""
        wanted = [f'"{part}" : ({one})' for text in needle.texts if (one := self._expression(text))]
        match = " OR ".join(f"({one})" for one in wanted)

        def of(segment: IndexSegment, begin: int) -> Iterator[int]:
            if match:
                words = self._names.words
                statement = (
                    f"SELECT rowid FROM main.{words} WHERE {words} MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid"
                )
                first, last = self._entries[segment.name]
                for (number,) in self._connection.execute(statement, (match, first + begin, last)):
                    yield number - first

        return of

    def documents(self, segment: IndexSegment, places: Sequence[int]) -> list[Document]:
        """Return the objects at these places that are current, and were at the revision."""
        head, text = table(self._inventory, "inventory"), texts(self._inventory, "inventory")
        statement = (
            f"SELECT {_ROW} FROM json_each(?) AS wanted CROSS JOIN main.{self._names.members} AS member "
            f"ON member.place = wanted.value CROSS JOIN main.{head} AS head ON head.number = member.number "
            f"CROSS JOIN main.{text} AS body ON body.number = head.number "
            "WHERE +head.environment = ? AND +head.revision <= ?"
        )
        first, _ = self._entries[segment.name]
        values = (json.dumps([first + place for place in places]), self._environment, self._revision)
        return [from_row(*row) for row in self._connection.execute(statement, values)]

    def fresh(self, needle: Needle, *, past: bool) -> Iterator[Document]:
        """Yield possible matches among objects that are not in the index; past ones only with ``past``."""
        head, text = table(self._inventory, "inventory"), texts(self._inventory, "inventory")
        statement = (
            f"SELECT {_ROW} FROM main.{head} AS head CROSS JOIN main.{text} AS body ON body.number = head.number "
            "WHERE head.environment = ? AND head.revision > ? AND head.revision <= ?"
        )
        yield from self._matching(needle, statement, (self._environment, self.upto, self._revision))
        if past:
            statement = (
                f"SELECT last_scanned, digest, document, evidence FROM main.{pasts(self._inventory, 'inventory')} "
                "WHERE environment = ? AND until > ? AND revision <= ?"
            )
            yield from self._matching(needle, statement, (self._environment, self._revision, self._revision))

    def _matching(self, needle: Needle, statement: str, values: tuple[Any, ...]) -> Iterator[Document]:
        rows = self._connection.execute(statement, values)
        return (from_row(*row) for row in rows if needle.may_be_in(row[2]))

    def _read(self) -> None:
        statement = f"SELECT upto FROM main.{self._names.notes} WHERE environment = ?"
        found = self._connection.execute(statement, (self._environment,)).fetchone()
        if found is None:
            return
        self.upto = found[0]
        statement = f"SELECT first, last, type, id FROM main.{self._names.segments} WHERE environment = ?"
        for first, last, type_, id_ in self._connection.execute(statement, (self._environment,)):
            self.segments.append(IndexSegment(str(first), (type_, id_), last - first + 1))
            self._entries[str(first)] = (first, last)

    def _expression(self, text: str) -> str:
        """Return the FTS5 expression for a text; "" if nothing can match."""
        if len(text) >= LENGTH:
            return _quoted(plain(text[:_LONGEST]))
        start = beginning(text)
        statement = f"SELECT term FROM main.{self._names.terms} WHERE term >= ? AND term < ?"
        terms = self._connection.execute(statement, (start, f"{start}\U0010ffff"))
        return " OR ".join(_quoted(term) for (term,) in terms)


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))
