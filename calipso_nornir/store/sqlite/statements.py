# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S608 - names of tables and columns are constants or checked; every value is bound
"""The statements of a commit, made once for each kind of document and inventory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from calipso_nornir.store.selection import FIELDS, LISTS
from calipso_nornir.store.sqlite.document_rows import columns
from calipso_nornir.store.sqlite.tables import keys, pasts, table, texts

if TYPE_CHECKING:
    from calipso_nornir.model.stores import Kind


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements; each is described by its result, if any, and the values that it binds."""

    known: str
    """_id, number, digest, revision, looked-up columns of those that exist; environment, JSON list of ``_id``."""
    known_one: str
    """The same for one; environment, ``_id``."""
    changed_since: str
    """``_id`` of what was written or removed after a revision; environment, revision, environment, revision."""
    last_number: str
    first_past: str
    insert: str
    """number, columns, revision."""
    replace: str
    """As ``insert``, but twice as slow, because SQLite records how to undo each row."""
    update: str
    """last_scanned, digest, revision, number; if no other looked-up column has changed, indexes are not touched."""
    insert_text: str
    """number, text, evidence."""
    replace_text: str
    """text, evidence, number."""
    insert_key: str
    """key, number."""
    to_past: str
    """number in the past, until, number."""
    delete: tuple[str, ...]
    """number."""
    delete_keys: str
    """number."""
    known_keys: str
    """key; number."""
    seen: str
    """at, environment, ``_id``, at, now."""


@lru_cache(maxsize=64)
def statements(inventory: str, kind: Kind) -> Statements:
    """Return the statements for a kind."""
    head, text, before = table(inventory, kind), texts(inventory, kind), pasts(inventory, kind)
    names = columns(kind)
    named = f"(number, {', '.join(names)}, revision)"  # their order differs in a table that was given one later
    places = ", ".join("?" * len(names))
    copied = ", ".join(f"head.{name}" for name in names)
    looked_up = ", ".join(FIELDS[kind])
    known = f"SELECT _id, number, digest, revision, {looked_up} FROM {head} WHERE environment = ? AND _id"
    delete = (f"DELETE FROM {head} WHERE number = ?", f"DELETE FROM {text} WHERE number = ?")
    delete_keys = f"DELETE FROM {keys(inventory, kind)} WHERE number = ?" if kind in LISTS else ""
    return Statements(
        known=f"{known} IN (SELECT value FROM json_each(?))",
        known_one=f"{known} = ?",
        changed_since=(
            f"SELECT _id FROM {head} WHERE environment = ? AND revision > ? "
            f"UNION SELECT _id FROM {before} WHERE environment = ? AND until > ?"
        ),
        last_number=f"SELECT coalesce(max(number), 0) FROM {head}",
        first_past=f"SELECT coalesce(min(number), 0) FROM {before}",
        insert=f"INSERT INTO {head} {named} VALUES (?, {places}, ?)",
        replace=f"REPLACE INTO {head} {named} VALUES (?, {places}, ?)",
        update=f"UPDATE {head} SET last_scanned = ?, digest = ?, revision = ? WHERE number = ?",
        insert_text=f"INSERT INTO {text} VALUES (?, ?, ?)",
        replace_text=f"UPDATE {text} SET document = ?, evidence = ? WHERE number = ?",
        insert_key=f"INSERT OR IGNORE INTO {keys(inventory, kind)} VALUES (?, ?)" if kind in LISTS else "",
        to_past=(
            f"INSERT INTO {before} (number, {', '.join(names)}, revision, until, document, evidence) "
            f"SELECT ?, {copied}, head.revision, ?, body.document, body.evidence "
            f"FROM {head} AS head CROSS JOIN {text} AS body ON body.number = head.number WHERE head.number = ?"
        ),
        delete=delete,
        delete_keys=delete_keys,
        known_keys=f"SELECT key FROM {keys(inventory, kind)} WHERE number = ?" if kind in LISTS else "",
        seen=(
            f"UPDATE {head} SET last_scanned = ? WHERE environment = ? AND _id = ? "
            "AND (last_scanned IS NULL OR last_scanned < ? OR last_scanned > ?)"
        ),
    )
