# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""The changes since a revision, and the revision that was the newest at a given time; in one read transaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from calipso_nornir.errors import PastUnknown, TooManyChanges
from calipso_nornir.model.changes import Change, Commit, Life
from calipso_nornir.store.names import KINDS
from calipso_nornir.store.sqlite.document_rows import from_row, time_text
from calipso_nornir.store.sqlite.tables import commits, pasts, revisions, table, texts

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from calipso_nornir.model.stores import Kind


class Feed:
    """Reads the log of one environment."""

    def __init__(self, connection: sqlite3.Connection, *, uri: str, inventory: str, environment: str) -> None:
        self._connection = connection
        self._uri = uri
        self._inventory = inventory
        self._environment = environment

    def bounds(self) -> tuple[int, int]:
        """Return the newest revision, and the oldest one whose changes are known."""
        statement = f"SELECT revision, floor FROM {revisions(self._inventory)} WHERE environment = ?"
        found = self._connection.execute(statement, (self._environment,)).fetchone()
        return found or (0, 0)

    def changes(self, since: int, limit: int, most: int | None = None) -> list[Change]:
        """Return what was put and removed after a revision, in complete revisions only; see ``Store.changes``."""
        newest, _ = self.bounds()
        if self._known(since) == newest:
            return []
        until = self._end(since, limit) if most is None else self._end_of_few(since, limit, most)
        found = [one for kind in KINDS for one in (*self._put(kind, since, until), *self._gone(kind, since, until))]
        return sorted(found, key=lambda one: (one.revision, KINDS.index(one.kind), one.document_id))

    def commits(self, limit: int) -> list[Commit]:
        """Return the newest commits, newest first."""
        names = "revision, at, cause, by, new, changed, removed"
        statement = (
            f"SELECT {names} FROM {commits(self._inventory)} WHERE environment = ? ORDER BY revision DESC LIMIT ?"
        )
        rows = self._connection.execute(statement, (self._environment, limit))
        return [
            Commit(
                revision=revision,
                at=datetime.fromisoformat(at),
                cause=cause,
                by=by,
                new=new,
                changed=changed,
                removed=removed,
            )
            for revision, at, cause, by, new, changed, removed in rows
        ]

    def lives(self, kind: Kind, document_id: str, limit: int) -> list[Life]:
        """Return what a document was, the newest first."""
        head, text, before = (make(self._inventory, kind) for make in (table, texts, pasts))
        of = "one.environment = :environment AND one._id = :of"
        read = "one.last_scanned, one.digest"
        statement = (
            f"SELECT one.revision, NULL AS until, {read}, body.document, body.evidence FROM {head} AS one "
            f"CROSS JOIN {text} AS body ON body.number = one.number WHERE {of} UNION ALL "
            f"SELECT * FROM (SELECT one.revision, one.until, {read}, one.document, one.evidence FROM {before} AS one "
            f"WHERE {of} ORDER BY one.until DESC LIMIT :limit)"
        )
        values = {"environment": self._environment, "of": document_id, "limit": limit}
        rows = self._connection.execute(statement, values).fetchall()
        return [Life(revision=one, until=until, document=from_row(*row)) for one, until, *row in rows[:limit]]

    def revision_at(self, at: datetime | int) -> int:
        """Return the revision that was the newest at a time; a given revision is returned if its state is known.

        If a clock was ahead for a while, the last commit whose time is not later counts.
        """
        if isinstance(at, int):
            return self._known(at)
        log = commits(self._inventory)
        statement = f"SELECT max(revision) FROM {log} WHERE environment = ? AND at <= ?"
        [(found,)] = self._connection.execute(statement, (self._environment, time_text(at)))
        newest, floor = self.bounds()
        if found is not None and found >= floor:
            return int(found)
        first = f"SELECT at FROM {log} WHERE environment = ? AND revision >= ? ORDER BY revision LIMIT 1"
        oldest = self._connection.execute(first, (self._environment, floor)).fetchone() if newest else None
        raise PastUnknown(self._uri, self._environment, at.isoformat(), oldest[0] if oldest else "")

    def _known(self, revision: int) -> int:
        newest, floor = self.bounds()
        if floor <= revision <= newest:
            return revision
        known = f"revision {floor}", f"revision {newest}"
        raise PastUnknown(self._uri, self._environment, f"revision {revision}", *known)

    def _end(self, since: int, limit: int) -> int:
        """Return the last of the revisions that together have about ``limit`` changes."""
        statement, values = self._revisions(since)
        ordered = f"SELECT max(one) FROM (SELECT one FROM ({statement}) ORDER BY one LIMIT :limit)"
        [(until,)] = self._connection.execute(ordered, {**values, "limit": max(limit, 1)})
        return int(until) if until is not None else self.bounds()[0]

    def _end_of_few(self, since: int, limit: int, most: int) -> int:
        """Return the same, or an earlier revision, so that no more than ``most`` are put, and as many replaced."""
        until = self._end(since, min(limit, most))  # so those before it are few
        if not any(self._has_more(most, of, since, until) for of in (True, False)):
            return until
        statement, values = self._revisions(since)
        before = f"SELECT max(one) FROM ({statement}) WHERE one < :until"
        [(found,)] = self._connection.execute(before, {**values, "until": until})
        if found is None:
            raise TooManyChanges(self._environment, until, most)
        return int(found)

    def _has_more(self, most: int, of_current: bool, since: int, until: int) -> bool:  # noqa: FBT001 - see the caller
        make, field = (table, "revision") if of_current else (pasts, "until")
        parts = (
            f"SELECT 1 FROM {make(self._inventory, kind)} WHERE environment = :environment "
            f"AND {field} > :since AND {field} <= :until"
            for kind in KINDS
        )
        values = {"environment": self._environment, "since": since, "until": until, "limit": most + 1}
        statement = f"SELECT count(*) FROM (SELECT 1 FROM ({' UNION ALL '.join(parts)}) LIMIT :limit)"
        [(found,)] = self._connection.execute(statement, values)
        return int(found) > most

    def _revisions(self, since: int) -> tuple[str, dict[str, str | int]]:
        """Return the statement for the revision of each change after a revision, and the values that it binds."""
        parts = []
        for kind in KINDS:
            head, before = table(self._inventory, kind), pasts(self._inventory, kind)
            parts += [
                f"SELECT revision AS one FROM {head} WHERE environment = :environment AND revision > :since",
                f"SELECT until AS one FROM {before} WHERE environment = :environment AND until > :since",
            ]
        return " UNION ALL ".join(parts), {"environment": self._environment, "since": since}

    def _put(self, kind: Kind, since: int, until: int) -> Iterator[Change]:
        statement = (
            f"SELECT head.revision, head._id, head.last_scanned, head.digest, body.document, body.evidence "
            f"FROM {table(self._inventory, kind)} AS head "
            f"CROSS JOIN {texts(self._inventory, kind)} AS body ON body.number = head.number "
            "WHERE head.environment = ? AND head.revision > ? AND head.revision <= ?"
        )
        for revision, document_id, *row in self._connection.execute(statement, (self._environment, since, until)):
            yield Change(revision=revision, op="put", kind=kind, document_id=document_id, document=from_row(*row))

    def _gone(self, kind: Kind, since: int, until: int) -> Iterator[Change]:
        """Yield what was removed, except documents that were both added and removed since."""
        statement = (
            f"SELECT max(before.until), before._id FROM {pasts(self._inventory, kind)} AS before "
            "WHERE before.environment = :environment AND before.until > :since "
            f"AND NOT EXISTS (SELECT 1 FROM {table(self._inventory, kind)} AS head "
            "WHERE head.environment = :environment AND head._id = before._id) "
            "GROUP BY before._id HAVING min(before.revision) <= :since AND max(before.until) <= :until"
        )
        values = {"environment": self._environment, "since": since, "until": until}
        for revision, document_id in self._connection.execute(statement, values):
            yield Change(revision=revision, op="remove", kind=kind, document_id=document_id)
