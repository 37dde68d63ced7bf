# SPDX-License-Identifier: Apache-2.0
"""Stores the metadata that admins write through the API: one document, replaced atomically; all its versions are kept.

Before a change is stored, it is checked together with all other metadata, so that scans can always load the result. If
two changes are made at the same moment, the second one is checked again on top of the first.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import CalipsoError, EnvironmentInvalid, Fault, MetadataError, UnknownName
from calipso_nornir.metadata.loading import load_catalog
from calipso_nornir.metadata.written import Written, WrittenKind, WrittenRow
from calipso_nornir.store.environments import environment_names, load_environment
from calipso_nornir.store.publishing import publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from calipso_nornir.metadata.catalog import Catalog
    from calipso_nornir.model.stores import Document, Store

COLLECTION: Final = "metadata_written"
VERSIONS: Final = "metadata_versions"
KEY: Final = "now"
MOST: Final = 1000
"""Maximum number of rows: each scan checks all of them."""
APPLIED: Final = "metadata_applied"
"""Collection: environment → version of the written metadata with which its cliques were built."""


def written_metadata(store: Store) -> Written:
    """Return the metadata that is written in a store."""
    return _read(store.collection(COLLECTION).get(KEY))


def catalog_of(store: Store, folders: Iterable[Path | str] = ()) -> Catalog:
    """Return all metadata that scans of a store use: shipped files, installed packages, folders, then what is written.

    Raises MetadataError.
    """
    written, folders = written_metadata(store), tuple(folders)
    return load_catalog(folders, written=written) if folders else _installed(written)


@lru_cache(maxsize=8)
def _installed(written: Written) -> Catalog:
    return load_catalog(written=written)


class Catalogs:
    """The catalog of a store, for long-running processes: it is loaded again whenever metadata was written.

    Args:
        store: where metadata is written.
        folders: folders with further metadata; they are read at the start, and whenever metadata was written.
    """

    def __init__(self, store: Store, folders: Iterable[Path | str] = ()) -> None:
        self._store = store
        self._folders = tuple(folders)
        self._known: Catalog | None = None

    @property
    def current(self) -> Catalog:
        """The catalog as it is now."""
        known = self._known
        if known is None or known.written != written_metadata(self._store).number:
            self._known = known = catalog_of(self._store, self._folders)
        return known

    def add(self, kind: WrittenKind, value: Mapping[str, Any], *, by: str, id_: str = "") -> WrittenRow:
        """Write a row, and return it with its id. Raises MetadataError with all faults, and then writes nothing.

        Args:
            kind: the kind of metadata file to which the row belongs.
            value: the row, in the form that it has in a file; for a constant ``{"values": […]}``.
            by: name of the user who writes it.
            id_: id of the row; by default a new one is made. For a constant, its name.
        """
        row = WrittenRow(
            id=id_ or uuid.uuid4().hex[:12], kind=kind, text=_text(value), by=by, at=datetime.now(UTC).isoformat()
        )
        self._change(lambda rows: (*rows, row), by=by)
        return row

    def replace(self, kind: WrittenKind, id_: str, value: Mapping[str, Any], *, by: str) -> WrittenRow:
        """Replace a row. Raises UnknownName, MetadataError."""
        before = self.row(kind, id_)
        row = replace(before, text=_text(value), by=by, at=datetime.now(UTC).isoformat())
        self._change(lambda rows: tuple(row if (one.kind, one.id) == (kind, id_) else one for one in rows), by=by)
        return row

    def remove(self, kind: WrittenKind, id_: str, *, by: str) -> None:
        """Remove a row. Raises UnknownName, or MetadataError if another row or an environment needs it."""
        self.row(kind, id_)
        self._change(lambda rows: tuple(one for one in rows if (one.kind, one.id) != (kind, id_)), by=by)

    def row(self, kind: WrittenKind, id_: str) -> WrittenRow:
        """Return a written row. Raises UnknownName, also for a shipped row: it has no id."""
        rows = {one.id: one for one in written_metadata(self._store).rows if one.kind == kind}
        if id_ not in rows:
            raise UnknownName(f"written row of {kind}", id_, tuple(rows))
        return rows[id_]

    def _change(self, changed: Callable[[tuple[WrittenRow, ...]], tuple[WrittenRow, ...]], *, by: str) -> None:
        kept = self._store.collection(COLLECTION)
        while True:
            before = written_metadata(self._store)
            after = Written(before.number + 1, changed(before.rows))
            catalog = self._checked(before, after)
            document = _document(after, by=by)
            first = before.number == 0 and kept.insert(KEY, document)
            if first or kept.update_if(KEY, {"number": before.number}, document) is not None:
                break
        self._store.collection(VERSIONS).put(f"{after.number:09}", document)
        if catalog is not None:
            self._known = catalog
            publish(catalog, self._store)

    def _checked(self, before: Written, after: Written) -> Catalog | None:
        """Return the catalog after a change. Raises MetadataError if scans could not use it.

        Returns None if there was no usable catalog before, and the change only removes rows.
        """
        if len(after.rows) > MOST:
            raise MetadataError((Fault("written metadata", f"has the maximum of {MOST} rows: remove some first"),))
        try:
            catalog = load_catalog(self._folders, written=after)
            faults = tuple(self._misfits(catalog))
        except MetadataError as error:
            catalog, faults = None, error.faults
        if faults and (len(after.rows) >= len(before.rows) or self._loads(before)):
            raise MetadataError(faults)
        return catalog

    def _loads(self, written: Written) -> bool:
        try:
            load_catalog(self._folders, written=written)
        except MetadataError:  # an update of an installed package can break what was written before
            return False
        return True

    def _misfits(self, catalog: Catalog) -> Iterator[Fault]:
        """Yield a fault for each environment that can be scanned now, but not with this catalog."""
        for name in environment_names(self._store):
            try:
                load_environment(self._store, name, complete=False, constants=self.current.constants)
            except CalipsoError:
                continue  # it cannot be scanned now, either
            try:
                environment = load_environment(self._store, name, complete=False, constants=catalog.constants)
                for focal_type in catalog.focal_types():
                    catalog.clique_types_for(environment, focal_type)
            except (EnvironmentInvalid, MetadataError) as error:
                yield from error.faults


def cliques_are_of(store: Store, environment: str) -> int:
    """Return the version of the written metadata with which the cliques of an environment were built; 0 for none."""
    return int((store.collection(APPLIED).get(environment) or {}).get("number", 0))


def note_cliques(store: Store, environment: str, catalog: Catalog) -> None:
    """Record that all cliques of an environment were built with this catalog."""
    if cliques_are_of(store, environment) != catalog.written:
        document = {"environment": environment, "number": catalog.written}
        store.collection(APPLIED).put(environment, document)


def _document(written: Written, *, by: str) -> Document:
    rows = [asdict(one) for one in written.rows]
    return {"number": written.number, "at": datetime.now(UTC).isoformat(), "by": by, "rows": rows}


def _read(document: Document | None) -> Written:
    if document is None:
        return Written()
    return Written(document["number"], tuple(WrittenRow(**one) for one in document["rows"]))


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)
