# SPDX-License-Identifier: Apache-2.0
"""Keeps written metadata: one document, changed atomically, and every earlier one beside it.

A change is checked with all other metadata before it is stored. So no change can make a catalog that scans could not
load, not even two changes at the same moment: the second one is then checked again, with the first one in place.
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
    from calipso_nornir.model.protocols import Document, Store

COLLECTION: Final = "metadata_written"
VERSIONS: Final = "metadata_versions"
KEY: Final = "now"
MOST: Final = 1000
"""Rows; each scan checks all of them."""
APPLIED: Final = "metadata_applied"
"""Environment → number of the written metadata with which its cliques were built."""


def written_metadata(store: Store) -> Written:
    """Return what is written."""
    return _read(store.collection(COLLECTION).get(KEY))


def catalog_of(store: Store, folders: Iterable[Path | str] = ()) -> Catalog:
    """Return all metadata of a store's scans: the shipped files, those of others, folders, then what is written.

    Raises MetadataError.
    """
    written, folders = written_metadata(store), tuple(folders)
    return load_catalog(folders, written=written) if folders else _installed(written)


@lru_cache(maxsize=8)
def _installed(written: Written) -> Catalog:
    return load_catalog(written=written)


class Catalogs:
    """The catalog of a store, for a process that runs for long: read again when somebody has written.

    Args:
        store: where metadata is written.
        folders: with further metadata; they are read once, and when somebody has written.
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
        """Write a row, and return it with its id. Raises MetadataError with all faults; nothing is written then.

        Args:
            kind: the file that the row would be in.
            value: the row, as in a file; of constants ``{"values": […]}``.
            by: who writes it.
            id_: by default a new one; for constants the name.
        """
        row = WrittenRow(
            id=id_ or uuid.uuid4().hex[:12], kind=kind, text=_text(value), by=by, at=datetime.now(UTC).isoformat()
        )
        self._change(lambda rows: (*rows, row), by=by)
        return row

    def replace(self, kind: WrittenKind, id_: str, value: Mapping[str, Any], *, by: str) -> WrittenRow:
        """Write another row in the place of one. Raises UnknownName, MetadataError."""
        before = self.row(kind, id_)
        row = replace(before, text=_text(value), by=by, at=datetime.now(UTC).isoformat())
        self._change(lambda rows: tuple(row if (one.kind, one.id) == (kind, id_) else one for one in rows), by=by)
        return row

    def remove(self, kind: WrittenKind, id_: str, *, by: str) -> None:
        """Remove a row. Raises UnknownName, or MetadataError if something written or described needs it."""
        self.row(kind, id_)
        self._change(lambda rows: tuple(one for one in rows if (one.kind, one.id) != (kind, id_)), by=by)

    def row(self, kind: WrittenKind, id_: str) -> WrittenRow:
        """Return a written row. Raises UnknownName; the shipped rows are not written, and have no id."""
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
        """Return the catalog after a change; None if the change only removes, and there was no catalog before.

        Raises MetadataError.
        """
        if len(after.rows) > MOST:
            raise MetadataError((Fault("written metadata", f"has {MOST} rows already: remove some first"),))
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
        except MetadataError:  # after an update of what is installed
            return False
        return True

    def _misfits(self, catalog: Catalog) -> Iterator[Fault]:
        """Yield why described environments could not be scanned with a catalog, though they can be now."""
        for name in environment_names(self._store):
            try:
                load_environment(self._store, name, complete=False, constants=self.current.constants)
            except CalipsoError:
                continue  # nothing becomes worse; there may be no catalog now, either
            try:
                environment = load_environment(self._store, name, complete=False, constants=catalog.constants)
                for focal_type in catalog.focal_types():
                    catalog.clique_types_for(environment, focal_type)
            except (EnvironmentInvalid, MetadataError) as error:
                yield from error.faults


def cliques_are_of(store: Store, environment: str) -> int:
    """Return the number of the written metadata with which the cliques of an environment were built."""
    return int((store.collection(APPLIED).get(environment) or {}).get("number", 0))


def note_cliques(store: Store, environment: str, catalog: Catalog) -> None:
    """Note that all cliques of an environment were built with a catalog."""
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
