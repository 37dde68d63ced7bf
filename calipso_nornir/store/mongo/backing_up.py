# SPDX-License-Identifier: Apache-2.0
"""Backs up a database while others commit: each environment at the revision of its marker when the copy began.

Markers are read first, then current documents, then past ones: a document that is replaced meanwhile is found in the
past (see ``environment_collections``). Documents newer than the marker are left out, and those that a newer revision
has replaced are restored, so the copy is what a reader of that revision sees, with its history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import bson
from bson.raw_bson import RawBSONDocument
from pymongo.read_concern import ReadConcern

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.store.mongo.connection import OPTIONS, RAW_OPTIONS, Connection, translated
from calipso_nornir.store.mongo.environment_collections import OF, REVISION, UNTIL, Places
from calipso_nornir.store.mongo.layout import prepare
from calipso_nornir.store.names import COMMITS, KINDS, LAYOUT, REVISIONS, SEARCH, collection_name, past

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterable, Iterator, Mapping

    from calipso_nornir.store.backup_file import BackupWriter, Manifest
    from calipso_nornir.store.mongo.connection import PlainDatabase, RawCollection

_FOLDER: Final = "collections/"
_AGAIN: Final = ".again"
"""Part of the name of a member with documents that became past before they were copied; the copy has them current."""
_BATCH: Final = 1000
_LENGTH: Final = 4
"""Bytes of a BSON document's length prefix (bsonspec.org)."""


def back_up(uri: str, writer: BackupWriter, inventories: Iterable[str]) -> None:
    """Copy a database."""
    connection = Connection(uri)
    try:
        with translated(connection.uri):
            database = connection.database
            known = list(inventories)
            special = {name for one in known for name in _back_up_inventory(database, writer, one)}
            special |= {collection_name(one, SEARCH) for one in known}  # may be newer than the copy: it is made again
            for name in sorted(database.list_collection_names()):
                if name not in special and not name.startswith("system."):
                    _write(writer, name, (bytes(one.raw) for one in _raw(database, name).find()))
    finally:
        connection.close()


def restore(uri: str, archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Fill an empty database. The layout is recorded last, so an incomplete database is never used."""
    connection = Connection(uri)
    try:
        with translated(connection.uri):
            database = connection.database
            if database.list_collection_names():
                raise InvalidRequest(f"{connection.uri} is not empty: a backup is restored into an empty database")
            notes = {collection_name(one, LAYOUT) for one in manifest.layouts}
            for member in sorted(manifest.members, key=lambda one: _collection(one) in notes):
                _fill(_raw(database, _collection(member)), archive, member)
            for inventory in manifest.layouts:
                prepare(database, connection.uri, inventory)
    finally:
        connection.close()


def vacuum(uri: str) -> tuple[int, int]:
    """Compact each collection (MongoDB manual, "compact")."""
    connection = Connection(uri)
    try:
        with translated(connection.uri):
            database = connection.database
            before = _size(database)
            for name in database.list_collection_names():
                if not name.startswith("system."):
                    database.command("compact", name, force=True)
            return before, _size(database)
    finally:
        connection.close()


def _back_up_inventory(database: PlainDatabase, writer: BackupWriter, inventory: str) -> list[str]:
    """Copy the collections of one inventory; return their names."""
    marked = Places(database, inventory=inventory, environment="").markers
    markers = list(marked.with_options(read_concern=ReadConcern("majority")).find())
    valid = {str(one["_id"]): int(one.get("revision", 0)) for one in markers}
    names = {name: collection_name(inventory, name) for name in (LAYOUT, REVISIONS, COMMITS)}
    _write(writer, names[REVISIONS], (bson.encode(_unlocked(one)) for one in markers))
    for kind in KINDS:
        current, old = collection_name(inventory, kind), collection_name(inventory, past(kind))
        _back_up_kind(database, writer, (current, old), valid)
        names |= {current: current, old: old}
    log = (
        bytes(one.raw)
        for one in _raw(database, names[COMMITS]).find()
        if one["revision"] <= valid.get(one["environment"], 0)
    )
    _write(writer, names[COMMITS], log)
    _write(writer, names[LAYOUT], (bytes(one.raw) for one in _raw(database, names[LAYOUT]).find()))
    return list(names.values())


def _back_up_kind(
    database: PlainDatabase, writer: BackupWriter, names: tuple[str, str], valid: Mapping[str, int]
) -> None:
    current, old = names
    known: set[Any] = set()
    back: list[bytes] = []

    def as_it_was() -> Iterator[bytes]:
        for one in _raw(database, current).find():
            if one[REVISION] <= valid.get(one["environment"], 0):
                known.add(one["_id"])
                yield bytes(one.raw)

    def history() -> Iterator[bytes]:
        for one in _raw(database, old).find():
            newest = valid.get(one["environment"], 0)
            if one[UNTIL] <= newest:
                yield bytes(one.raw)
            elif one[REVISION] <= newest and one[OF] not in known:
                known.add(one[OF])
                back.append(_current_again(bytes(one.raw)))

    _write(writer, current, as_it_was())
    _write(writer, old, history())
    if back:
        _write(writer, current, back, more=_AGAIN)


def _current_again(raw: bytes) -> bytes:
    document = bson.decode(raw, codec_options=OPTIONS)
    again = {"_id": document[OF], **{key: value for key, value in document.items() if key not in ("_id", OF, UNTIL)}}
    return bson.encode(again, codec_options=OPTIONS)


def _unlocked(marker: Mapping[str, Any]) -> dict[str, Any]:
    """Return a marker without a writer's lock; an unfinished commit is not in the copy."""
    return {key: value for key, value in marker.items() if key != "lock"}


def _write(writer: BackupWriter, name: str, documents: Iterable[bytes], *, more: str = "") -> None:
    with writer.member(f"{_FOLDER}{name}{more}.bson") as member:
        for one in documents:
            member.document(one)


def _fill(collection: RawCollection, archive: zipfile.ZipFile, member: str) -> None:
    batch: list[RawBSONDocument] = []
    for raw in _documents(archive, member):
        batch.append(RawBSONDocument(raw, RAW_OPTIONS))
        if len(batch) == _BATCH:
            collection.insert_many(batch)
            batch = []
    if batch:
        collection.insert_many(batch)


def _documents(archive: zipfile.ZipFile, member: str) -> Iterator[bytes]:
    with archive.open(member) as stream:
        while head := stream.read(_LENGTH):
            yield head + stream.read(int.from_bytes(head, "little") - _LENGTH)


def _collection(member: str) -> str:
    return member.removeprefix(_FOLDER).removesuffix(".bson").removesuffix(_AGAIN)


def _raw(database: PlainDatabase, name: str) -> RawCollection:
    return Places.raw(database[name])


def _size(database: PlainDatabase) -> int:
    return int(database.command("dbStats")["totalSize"])
