# SPDX-License-Identifier: Apache-2.0
"""The layouts of stores, and the migration from one to another and back.

Layout 1 (release 905c723 and before): generations, no history. Layout 2: revisions, history, status, the log of
commits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from calipso_nornir.model.stores import Kind

LAYOUT: Final = 2
"""The layout that this release reads and writes."""

LAYOUT_1_KINDS: Final[tuple[Kind, ...]] = ("inventory", "links", "implicit_links", "cliques")
LAYOUT_1_FIELDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    "inventory": ("type", "id", "name", "parent_type", "parent_id", "host"),
    "links": ("link_type", "source", "target", "host"),
    "implicit_links": ("link_type", "source", "target", "host"),
    "cliques": ("focal_point_type", "focal_point"),
}
"""Columns of SQLite's tables in layout 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """The result of a migration, or of a dry run.

    Attributes:
        uri: the store's URI, without secrets.
        found: the layout that the store had.
        to: the layout that it has now.
        documents: number of converted documents, by inventory and kind; empty if there was nothing to do.
        dry_run: whether nothing was changed.
    """

    uri: str
    found: int
    to: int
    documents: Mapping[str, int] = field(default_factory=dict)
    dry_run: bool = False

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "uri": self.uri,
            "found": self.found,
            "to": self.to,
            "documents": dict(self.documents),
            "dry_run": self.dry_run,
        }


def layout_of(uri: str | Path) -> tuple[str, Mapping[str, int]]:
    """Return where a store is, and the layout of each of its inventories (a file has one layout, under "")."""
    if is_mongo(uri):
        from calipso_nornir.store.mongo import migrating as of_mongo  # noqa: PLC0415 - pymongo takes long to import
        from calipso_nornir.store.mongo.connection import Connection, translated  # noqa: PLC0415 - as above

        connection = Connection(str(uri))
        try:
            with translated(connection.uri):
                return connection.uri, of_mongo.layouts(connection.database)
        finally:
            connection.close()
    from calipso_nornir.store.sqlite import migrating as of_sqlite  # noqa: PLC0415 - only what is used

    path = _file(uri)
    shown = f"sqlite:///{path}"
    return shown, {"": of_sqlite.layout_of(path, shown)}


def migrate(uri: str | Path, *, to: int = LAYOUT, dry_run: bool = False) -> Migration:
    """Convert a store to a layout; a dry run changes nothing.

    Raises:
        UnknownStore: it does not exist. StoreVersionMismatch: there is no migration from its layout to that one.
        StoreError: it cannot be used.
    """
    if is_mongo(uri):
        from calipso_nornir.store.mongo import migrating as of_mongo  # noqa: PLC0415 - pymongo takes long to import
        from calipso_nornir.store.mongo.connection import Connection, translated  # noqa: PLC0415 - as above

        connection = Connection(str(uri))
        try:
            with translated(connection.uri):
                return of_mongo.migrate(connection.database, connection.uri, to=to, dry_run=dry_run)
        finally:
            connection.close()
    from calipso_nornir.store.sqlite import migrating as of_sqlite  # noqa: PLC0415 - only what is used

    path = _file(uri)
    return of_sqlite.migrate(path, f"sqlite:///{path}", to=to, dry_run=dry_run)


def is_mongo(uri: str | Path) -> bool:
    """Return whether a URI names a MongoDB database."""
    return isinstance(uri, str) and uri.startswith(("mongodb://", "mongodb+srv://"))


def _file(uri: str | Path) -> Path:
    from calipso_nornir.store.opening import path_of  # noqa: PLC0415 - it opens the stores that this migrates
    from calipso_nornir.store.sqlite.presence import must_be_there  # noqa: PLC0415 - as above

    path = path_of(uri).expanduser().absolute()
    must_be_there(path)
    return path
