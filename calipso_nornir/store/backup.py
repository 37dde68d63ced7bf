# SPDX-License-Identifier: Apache-2.0
"""Backs up a whole store into one file while others use it, and restores such a file into an empty store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calipso_nornir._version import __version__
from calipso_nornir.errors import InvalidRequest, StoreVersionMismatch
from calipso_nornir.store.backup_file import Manifest, reading, writing
from calipso_nornir.store.migrations import LAYOUT, is_mongo, layout_of
from calipso_nornir.store.opening import path_of, shown_uri

if TYPE_CHECKING:
    from pathlib import Path

    from calipso_nornir.store.backup_file import Kind


def back_up(uri: str | Path, file: Path) -> Manifest:
    """Copy a store to a file; return the manifest of the copy.

    The copy has one revision of each environment with its history, even if others commit meanwhile.

    Raises:
        UnknownStore: the store does not exist. InvalidRequest: the file exists. StoreError: the store cannot be read.
    """
    _, layouts = layout_of(uri)
    kind: Kind = "mongodb" if is_mongo(uri) else "sqlite"
    made_at = datetime.now(UTC).isoformat()
    manifest = Manifest(kind=kind, layouts=dict(layouts), version=__version__, made_at=made_at)
    with writing(file, manifest) as writer:
        if is_mongo(uri):
            from calipso_nornir.store.mongo import backing_up as of_mongo  # noqa: PLC0415 - pymongo takes long to import

            of_mongo.back_up(str(uri), writer, list(layouts))
        else:
            from calipso_nornir.store.sqlite import backing_up as of_sqlite  # noqa: PLC0415 - only what is used

            of_sqlite.back_up(_path(uri), writer)
    with reading(file) as (written, _):
        return written


def restore(uri: str | Path, file: Path) -> Manifest:
    """Create a store from a backup. Every byte of the file is checked before anything is written.

    Raises:
        BackupInvalid: the file is damaged, or is not a backup.
        InvalidRequest: the store is not empty, or of another kind.
        StoreVersionMismatch: the backup has a layout of a later release.
        StoreError: the store cannot be written.
    """
    with reading(file) as (manifest, archive):
        newest = max(manifest.layouts.values(), default=LAYOUT)
        if newest > LAYOUT:
            raise StoreVersionMismatch(str(file), str(newest), str(LAYOUT))
        if (manifest.kind == "mongodb") != is_mongo(uri):
            raise InvalidRequest(
                f"{file} is a backup of a store in {manifest.kind}; {shown_uri(str(uri))} is of another kind"
            )
        if is_mongo(uri):
            from calipso_nornir.store.mongo import backing_up as of_mongo  # noqa: PLC0415 - as above

            of_mongo.restore(str(uri), archive, manifest)
        else:
            from calipso_nornir.store.sqlite import backing_up as of_sqlite  # noqa: PLC0415 - as above

            of_sqlite.restore(_path(uri), archive)
        return manifest


def vacuum(uri: str | Path) -> tuple[int, int]:
    """Return the space of removed documents to the file system; return the sizes before and after, in bytes.

    Others may read meanwhile. Raises StoreError, for example if others never stop writing.
    """
    layout_of(uri)
    if is_mongo(uri):
        from calipso_nornir.store.mongo import backing_up as of_mongo  # noqa: PLC0415 - as above

        return of_mongo.vacuum(str(uri))
    from calipso_nornir.store.sqlite import backing_up as of_sqlite  # noqa: PLC0415 - as above

    return of_sqlite.vacuum(_path(uri))


def _path(uri: str | Path) -> Path:
    return path_of(uri).expanduser().absolute()
