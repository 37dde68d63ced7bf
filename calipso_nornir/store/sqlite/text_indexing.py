# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables are constants or checked; every value is bound
"""Updates the text index in SQLite: a transaction for each new segment, and a last one that makes them valid."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calipso_nornir.store.chunks import chunks
from calipso_nornir.store.sqlite.connection import immediate
from calipso_nornir.store.sqlite.document_rows import from_row, time_text
from calipso_nornir.store.sqlite.tables import revisions, table, texts
from calipso_nornir.store.sqlite.text_index import TableNames
from calipso_nornir.store.text_search import MOST, Key, key_of
from calipso_nornir.store.trigrams import texts_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

_LEASE: Final = timedelta(minutes=5)
_SEGMENT: Final = 16_384
"""Maximum number of objects in a segment; writing one blocks other writers for about half a second."""
_STALE: Final = 2
"""The index is rebuilt when it has more than this many times as many places as there are objects."""


class _Made(NamedTuple):
    first: int
    last: int
    key: Key


class TextIndexing:
    """Updates the index of one environment.

    Args:
        connection: the connection for writing.
        reading: another connection, within a read transaction, for reading.
        inventory: name of the inventory.
        environment: name of the environment.
    """

    def __init__(
        self, connection: sqlite3.Connection, reading: sqlite3.Connection, *, inventory: str, environment: str
    ) -> None:
        self._connection = connection
        self._reading = reading
        self._inventory = inventory
        self._environment = environment
        self._names = TableNames.of(inventory)
        self._token = uuid.uuid4().hex

    def update(self, *, at_least: int) -> int:
        """Extend the index to the newest revision; return how many objects were added.

        Nothing is done if fewer than ``at_least`` objects are fresh, or if another process is updating the index.
        """
        statement = f"SELECT revision FROM {revisions(self._inventory)} WHERE environment = ?"
        found = self._reading.execute(statement, (self._environment,)).fetchone()
        upto = found[0] if found else 0
        covered = 0
        if self._names.exist(self._reading):
            statement = f"SELECT upto FROM {self._names.notes} WHERE environment = ?"
            noted = self._reading.execute(statement, (self._environment,)).fetchone()
            covered = noted[0] if noted else 0
        if not self._is_behind(covered, upto, max(1, at_least)) or not self._taken(covered):
            return 0
        replaced, numbers = self._replaced(self._fresh(covered, upto))
        made: list[_Made] = []
        try:
            made.extend(map(self._written, chunks(self._rows(numbers), _SEGMENT)))
            self._publish(upto, made, replaced)
        except BaseException:
            self._let_go()
            raise
        return sum(one.last - one.first + 1 for one in made)

    # --- what has to be done

    def _is_behind(self, after: int, upto: int, at_least: int) -> bool:
        statement = (
            f"SELECT count(*) FROM (SELECT 1 FROM {table(self._inventory, 'inventory')} "
            "WHERE environment = ? AND revision > ? AND revision <= ? LIMIT ?)"
        )
        values = (self._environment, after, upto, at_least)
        return bool(self._reading.execute(statement, values).fetchone()[0] >= at_least)

    def _fresh(self, after: int, upto: int) -> list[int]:
        """Return the row numbers of the objects that were written after one revision, up to another."""
        statement = (
            f"SELECT number FROM {table(self._inventory, 'inventory')} "
            "WHERE environment = ? AND revision > ? AND revision <= ?"
        )
        return [number for (number,) in self._reading.execute(statement, (self._environment, after, upto))]

    def _replaced(self, fresh: list[int]) -> tuple[list[tuple[int]], list[int] | None]:
        """Return the segments to replace, and the row numbers of the objects for the new ones: None for all objects."""
        statement = f"SELECT first, last FROM {self._names.segments} WHERE environment = ? ORDER BY last - first"
        segments = self._connection.execute(statement, (self._environment,)).fetchall()
        statement = f"SELECT count(*) FROM {table(self._inventory, 'inventory')} WHERE environment = ?"
        [(living,)] = self._reading.execute(statement, (self._environment,))
        there = sum(last - first + 1 for first, last in segments)
        if not segments or len(fresh) > MOST or there + len(fresh) > _STALE * living + MOST:
            return [(first,) for first, _ in segments], None
        numbers = set(fresh)
        replaced = []
        for first, last in segments:
            members = last - first + 1
            if members > 2 * len(numbers) or members + len(numbers) > MOST:
                break
            replaced.append((first,))
            statement = f"SELECT number FROM {self._names.members} WHERE place BETWEEN ? AND ?"
            numbers.update(number for (number,) in self._connection.execute(statement, (first, last)))
        return replaced, sorted(numbers)

    def _rows(self, numbers: list[int] | None) -> Iterator[tuple[int, Key, str, str]]:
        """Yield row number, key and texts of the objects, ordered by key."""
        head, text = table(self._inventory, "inventory"), texts(self._inventory, "inventory")
        statement = (
            f"SELECT head.number, head.last_scanned, head.digest, body.document, body.evidence FROM {head} AS head "
            f"CROSS JOIN {text} AS body ON body.number = head.number WHERE head.environment = ?"
        )
        values: tuple[Any, ...] = (self._environment,)
        if numbers is not None:
            statement = statement.replace("head.environment", "+head.environment")
            statement += " AND head.number IN (SELECT value FROM json_each(?))"
            values = (self._environment, json.dumps(numbers))
        for number, *row in self._reading.execute(f"{statement} ORDER BY head.type, head.id", values):
            document = from_row(*row)
            names, values_ = texts_of(document)
            yield number, key_of(document), names, "".join(values_)

    # --- writing

    def _taken(self, covered: int) -> bool:
        """Claim the update for this process; return whether it succeeded."""
        now = datetime.now(UTC)
        with immediate(self._connection):
            former = () if self._names.exist(self._connection) else self._names.dropping()
            for statement in (*former, *self._names.creating()):
                self._connection.execute(statement)
            self._forget_all_if_stale()
            self._connection.execute(
                f"INSERT OR IGNORE INTO {self._names.notes} VALUES (?, 0, NULL, NULL)", (self._environment,)
            )
            statement = (
                f"UPDATE {self._names.notes} SET token = ?, until = ? "
                "WHERE environment = ? AND upto = ? AND (until IS NULL OR until < ?)"
            )
            values = (self._token, time_text(now + _LEASE), self._environment, covered, time_text(now))
            return self._connection.execute(statement, values).rowcount > 0

    def _forget_all_if_stale(self) -> None:
        """Empty the index of all environments if most of its places are in no segment."""
        sequence = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        found = self._connection.execute(sequence, (self._names.members.strip('"'),)).fetchone()
        [(used,)] = self._connection.execute(f"SELECT coalesce(sum(last - first + 1), 0) FROM {self._names.segments}")
        [(first,)] = self._connection.execute(f"SELECT coalesce(min(place), 0) FROM {self._names.members}")
        if found is not None and found[0] - first > _STALE * used + MOST:
            self._connection.execute(f"INSERT INTO {self._names.words}({self._names.words}) VALUES ('delete-all')")
            for name in (self._names.members, self._names.segments, self._names.notes):
                self._connection.execute(f"DELETE FROM {name}")

    def _written(self, rows: Iterable[tuple[int, Key, str, str]]) -> _Made:
        some = list(rows)
        sequence = "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = ?"
        with immediate(self._connection):
            [(first,)] = self._connection.execute(sequence, (self._names.members.strip('"'),))
            self._connection.executemany(
                f"INSERT INTO {self._names.members} VALUES (?, ?)",
                [(place, number) for place, (number, _, _, _) in enumerate(some, first)],
            )
            self._connection.executemany(
                f'INSERT INTO {self._names.words} (rowid, names, "values") VALUES (?, ?, ?)',
                [(place, names, values) for place, (_, _, names, values) in enumerate(some, first)],
            )
            statement = f"UPDATE {self._names.notes} SET until = ? WHERE token = ?"
            self._connection.execute(statement, (time_text(datetime.now(UTC) + _LEASE), self._token))
        return _Made(first, first + len(some) - 1, some[0][1])

    def _publish(self, upto: int, made: list[_Made], replaced: list[tuple[int]]) -> None:
        with immediate(self._connection):
            statement = (
                f"UPDATE {self._names.notes} SET upto = ?, token = NULL, until = NULL "
                "WHERE environment = ? AND token = ?"
            )
            if not self._connection.execute(statement, (upto, self._environment, self._token)).rowcount:
                made.clear()
                return
            self._connection.executemany(
                f"DELETE FROM {self._names.members} WHERE place BETWEEN ? AND "
                f"(SELECT last FROM {self._names.segments} WHERE first = ?)",
                [(first, first) for (first,) in replaced],
            )
            self._connection.executemany(f"DELETE FROM {self._names.segments} WHERE first = ?", replaced)
            self._connection.executemany(
                f"INSERT INTO {self._names.segments} VALUES (?, ?, ?, ?, ?)",
                [(self._environment, one.first, one.last, *one.key) for one in made],
            )

    def _let_go(self) -> None:
        """Release the claim, so that others can begin at once."""
        self._connection.execute(
            f"UPDATE {self._names.notes} SET token = NULL, until = NULL WHERE token = ?", (self._token,)
        )
