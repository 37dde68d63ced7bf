# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""One commit: in one transaction, the operations become the next revision, and what they replace becomes past."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calipso_nornir.errors import Overtaken
from calipso_nornir.store.process import this_process
from calipso_nornir.store.sqlite.document_rows import time_text
from calipso_nornir.store.sqlite.statements import statements
from calipso_nornir.store.sqlite.tables import commits, indexes, revisions, table
from calipso_nornir.store.write_operations import Put, Remove, Seen

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.stores import Kind
    from calipso_nornir.store.sqlite.document_rows import Row
    from calipso_nornir.store.write_operations import Operations

WITH_STATUS: Final = ("inventory", "links")
_MANY: Final = 1000
"""If at least this many documents are put into an empty table, as in a first scan, its indexes are made afterwards."""


class _Known(NamedTuple):
    number: int
    digest: str
    revision: int
    looked_up: tuple[str | None, ...]


class Committing:
    """The work within a transaction, which the caller begins and ends."""

    def __init__(self, connection: sqlite3.Connection, *, inventory: str, environment: str) -> None:
        self._connection = connection
        self._inventory = inventory
        self._environment = environment
        self._now = time_text(datetime.now(UTC))
        self._numbers: dict[Kind, int] = {}
        self._pasts: dict[Kind, int] = {}
        self._written: dict[Kind, set[str] | None] = {}
        self._dropped: dict[Kind, list[str]] = {}
        self.new = self.changed = self.removed = 0
        statement = f"SELECT revision, floor FROM {revisions(inventory)} WHERE environment = ?"
        found = connection.execute(statement, (environment,)).fetchone()
        self.before: int = found[0] if found else 0
        self._floor: int = found[1] if found else 0
        self.revision = self.before + 1

    def check(self, operations: Operations, depends: Mapping[Kind, set[str]], *, base: int, uri: str) -> None:
        """Raise Overtaken if a document that the operations concern was changed after ``base``."""
        if base >= self.before:
            return
        overtaken = [f"{kind}/{one}" for kind, one in self._overtaken(operations, depends, base)]
        if overtaken:
            documents = tuple(sorted(set(overtaken)))
            raise Overtaken(uri, self._environment, base, self.before, documents)

    def apply(self, operations: Operations) -> None:
        """Carry out the operations in order."""
        for operation in operations:
            match operation:
                case Put(kind, rows):
                    self._put(kind, rows)
                case Seen(kind, document_ids, at):
                    self._seen(kind, [(one, time_text(at)) for one in document_ids])
                case Remove(kind, document_ids):
                    self._remove(kind, document_ids)

    def end(self, cause: str) -> bool:
        """Make the next revision; return whether anything has changed, so that there was one to make."""
        if not (self.new or self.changed or self.removed):
            return False
        for kind in list(self._dropped):
            self._need_indexes(kind)
        self._connection.execute(
            f"INSERT INTO {revisions(self._inventory)} VALUES (?, ?, 0) "
            "ON CONFLICT (environment) DO UPDATE SET revision = excluded.revision",
            (self._environment, self.revision),
        )
        self._connection.execute(
            f"INSERT INTO {commits(self._inventory)} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._environment,
                self.revision,
                self._now,
                cause,
                this_process(),
                self.new,
                self.changed,
                self.removed,
            ),
        )
        return True

    # --- operations

    def _put(self, kind: Kind, rows: Sequence[Row]) -> None:
        known = self._known(kind, [row.document_id for row in rows])
        new: list[Row] = []
        replaced: list[tuple[_Known, Row]] = []
        seen: list[tuple[str, str]] = []
        for row in rows:
            there = known.get(row.document_id)
            if there is None:
                new.append(row)
            elif there.digest != row.digest:
                replaced.append((there, row))
            elif row.seen is not None:
                seen.append((row.document_id, row.seen))
        self.new += len(new)
        self.changed += len(replaced)
        if replaced:
            self._replace(kind, replaced)
        if new:
            self._insert(kind, new)
        if seen:
            self._seen(kind, seen)

    def _insert(self, kind: Kind, rows: Sequence[Row]) -> None:
        own, run = statements(self._inventory, kind), self._connection.executemany
        if (ids := self._written.get(kind)) is not None:
            ids.update([row.document_id for row in rows])
        if kind not in self._numbers:
            [(self._numbers[kind],)] = self._connection.execute(own.last_number)
            if not self._numbers[kind] and len(rows) >= _MANY:
                self._leave_indexes_for_later(kind)
        first = self._numbers[kind] + 1
        self._numbers[kind] += len(rows)
        revision = self.revision
        run(own.insert, [(n, *row.columns, revision) for n, row in enumerate(rows, first)])
        run(own.insert_text, [(n, row.text, row.evidence) for n, row in enumerate(rows, first)])
        if own.insert_key:
            run(own.insert_key, sorted([(key, n) for n, row in enumerate(rows, first) for key in row.keys]))

    def _leave_indexes_for_later(self, kind: Kind) -> None:
        """Drop the indexes of an empty table until they are needed: one sort is cheaper than inserting row by row."""
        made = indexes(self._inventory, kind)
        for name in made:
            self._connection.execute(f"DROP INDEX IF EXISTS {name}")
        self._dropped[kind] = list(made.values())

    def _need_indexes(self, kind: Kind) -> None:
        for statement in self._dropped.pop(kind, ()):
            self._connection.execute(statement)

    def _replace(self, kind: Kind, replaced: Sequence[tuple[_Known, Row]]) -> None:
        """Replace documents; indexed columns are written only if they changed, because each index costs a page more."""
        own, run = statements(self._inventory, kind), self._connection.executemany
        self._keep(kind, [there for there, _ in replaced])
        same = [(there.number, row) for there, row in replaced if there.looked_up == row.looked_up]
        other = [(there.number, row) for there, row in replaced if there.looked_up != row.looked_up]
        run(own.update, [(row.seen, row.digest, self.revision, n) for n, row in same])
        if other:
            run(own.replace, [(n, *row.columns, self.revision) for n, row in other])
        run(own.replace_text, [(row.text, row.evidence, there.number) for there, row in replaced])
        if own.insert_key:
            for there, row in replaced:
                before = {key for (key,) in self._connection.execute(own.known_keys, (there.number,))}
                if before != set(row.keys):
                    self._connection.execute(own.delete_keys, (there.number,))
                    run(own.insert_key, [(key, there.number) for key in row.keys])

    def _seen(self, kind: Kind, seen: Iterable[tuple[str, str]]) -> None:
        """Record when documents were seen. A time replaces an earlier one, or one that is in the future."""
        self._need_indexes(kind)
        statement = statements(self._inventory, kind).seen
        values = [(at, self._environment, one, at, self._now) for one, at in seen]
        self._connection.executemany(statement, values)

    def _remove(self, kind: Kind, document_ids: Sequence[str]) -> None:
        gone = self._known(kind, document_ids)
        if not gone:
            return
        own = statements(self._inventory, kind)
        self._keep(kind, gone.values())
        numbers = [(one.number,) for one in gone.values()]
        for statement in (*own.delete, own.delete_keys):
            if statement:
                self._connection.executemany(statement, numbers)
        self.removed += len(gone)
        if kind in WITH_STATUS:
            self._remove("status", list(gone))

    def _keep(self, kind: Kind, replaced: Iterable[_Known]) -> None:
        """Copy what is replaced or removed to the past, except what this commit has written itself."""
        own = statements(self._inventory, kind)
        values = []
        for one in replaced:
            if one.revision < self.revision:
                if kind not in self._pasts:
                    [(self._pasts[kind],)] = self._connection.execute(own.first_past)
                self._pasts[kind] -= 1
                values.append((self._pasts[kind], self.revision, one.number))
        self._connection.executemany(own.to_past, values)

    def _known(self, kind: Kind, document_ids: Sequence[str]) -> dict[str, _Known]:
        own = statements(self._inventory, kind)
        document_ids = self._perhaps_there(kind, document_ids)
        if document_ids:
            self._need_indexes(kind)
        rows: Iterable[Any] = ()
        if len(document_ids) == 1:
            rows = self._connection.execute(own.known_one, (self._environment, document_ids[0]))
        elif document_ids:
            rows = self._connection.execute(own.known, (self._environment, json.dumps(document_ids)))
        return {row[0]: _Known(row[1], row[2], row[3], row[4:]) for row in rows}

    def _perhaps_there(self, kind: Kind, document_ids: Sequence[str]) -> Sequence[str]:
        """Return those documents that may exist: in an empty environment, only those that this commit has written."""
        if kind not in self._written:
            statement = f"SELECT 1 FROM {table(self._inventory, kind)} WHERE environment = ? LIMIT 1"
            empty = self._connection.execute(statement, (self._environment,)).fetchone() is None
            self._written[kind] = set() if empty else None
        written = self._written[kind]
        return document_ids if written is None else [one for one in document_ids if one in written]

    # --- what was overtaken

    def _overtaken(
        self, operations: Operations, depends: Mapping[Kind, set[str]], base: int
    ) -> Iterable[tuple[Kind, str]]:
        changed: dict[Kind, set[str]] = {}
        for kind, document_ids in depends.items():
            yield from ((kind, one) for one in document_ids if self._is_changed(kind, one, base, changed))
        for operation in operations:
            match operation:
                case Put(kind, rows):
                    doubtful = [row for row in rows if self._is_changed(kind, row.document_id, base, changed)]
                    known = self._known(kind, [row.document_id for row in doubtful])
                    for row in doubtful:  # two writers of the same content do not conflict
                        if row.document_id not in known or known[row.document_id].digest != row.digest:
                            yield kind, row.document_id
                case Remove(kind, gone):
                    doubtful_ids = [one for one in gone if self._is_changed(kind, one, base, changed)]
                    yield from ((kind, one) for one in self._known(kind, doubtful_ids))

    def _is_changed(self, kind: Kind, document_id: str, base: int, changed: dict[Kind, set[str]]) -> bool:
        """Return whether a document was written or removed after ``base``; True if that is no longer known."""
        if base < self._floor:
            return True
        if kind not in changed:
            statement = statements(self._inventory, kind).changed_since
            rows = self._connection.execute(statement, (self._environment, base, self._environment, base))
            changed[kind] = {one for (one,) in rows}
        return document_id in changed[kind]
