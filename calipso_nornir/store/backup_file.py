# SPDX-License-Identifier: Apache-2.0
"""The file of a backup: a ZIP archive of members, and a manifest that describes them.

The manifest is written last, so a truncated file has none. It contains the SHA-256 of each member. The file has mode
0600, because it holds hashes of passwords and descriptions of environments.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import IO, TYPE_CHECKING, Final, Literal, TypeAlias

from calipso_nornir.errors import BackupInvalid, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
PROGRAM: Final = "calipso_nornir"
_CHUNK: Final = 1 << 20
Kind: TypeAlias = Literal["sqlite", "mongodb"]


@dataclass(frozen=True, slots=True)
class BackupMember:
    """One member: its size and hash, and how many documents it has, if that is known."""

    bytes: int
    sha256: str
    documents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The contents of a backup.

    Attributes:
        kind: the kind of store; a backup is restored into a store of the same kind.
        layouts: the layout of each inventory (an SQLite file has one layout, under "").
        version: the version of the release that made it.
        made_at: when it was begun; what was committed later is not in it.
    """

    kind: Kind
    layouts: dict[str, int]
    version: str
    made_at: str
    format: int = FORMAT
    program: str = PROGRAM
    members: dict[str, BackupMember] = field(default_factory=dict)


class BackupWriter:
    """Writes the members of a backup, one after the other."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.members: dict[str, BackupMember] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[Hashing]:
        """Write one member."""
        with self._archive.open(name, "w", force_zip64=True) as stream:
            hashing = Hashing(stream)
            yield hashing
        self.members[name] = BackupMember(hashing.bytes, hashing.digest.hexdigest(), hashing.documents)


class Hashing:
    """A stream that computes hash and size of what is written to it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.bytes = 0
        self.documents: int | None = None

    def write(self, data: bytes) -> None:
        """Write."""
        self._stream.write(data)
        self.digest.update(data)
        self.bytes += len(data)

    def document(self, raw: bytes) -> None:
        """Write one document."""
        self.write(raw)
        self.documents = (self.documents or 0) + 1


@contextmanager
def writing(path: Path, manifest: Manifest) -> Iterator[BackupWriter]:
    """Write a backup; the file appears when it is complete. Raises InvalidRequest if the file exists already."""
    if path.exists():
        raise InvalidRequest(f"{path} exists already: a backup never overwrites a file")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                writer = BackupWriter(archive)
                yield writer
                told = {**asdict(manifest), "members": {name: asdict(one) for name, one in writer.members.items()}}
                archive.writestr(MANIFEST, json.dumps(told, indent=1))
            file.flush()
            os.fsync(file.fileno())
        os.link(unfinished, path)  # unlike a rename, it replaces nothing
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def reading(path: Path) -> Iterator[tuple[Manifest, zipfile.ZipFile]]:
    """Provide a backup after checking every byte. Raises BackupInvalid, also for a backup of a later release."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = _manifest(path, archive)
            for name, member in manifest.members.items():
                _check(path, archive, name, member)
            yield manifest, archive
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise BackupInvalid(str(path), f"it is damaged, or not a backup: {error}") from None
    except OSError as error:
        raise BackupInvalid(str(path), error.strerror or str(error)) from None


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    manifest: Manifest | None
    try:
        told = json.loads(archive.read(MANIFEST))
        members = {name: BackupMember(**one) for name, one in told.pop("members").items()}
        manifest = Manifest(**told, members=members)
    except (KeyError, ValueError, TypeError, AttributeError):
        manifest = None
    if manifest is None or manifest.program != PROGRAM:
        raise BackupInvalid(str(path), "it has no backup manifest")
    if manifest.format != FORMAT:
        raise BackupInvalid(str(path), f"it has format {manifest.format}; this release reads format {FORMAT}")
    return manifest


def _check(path: Path, archive: zipfile.ZipFile, name: str, member: BackupMember) -> None:
    digest = hashlib.sha256()
    try:
        with archive.open(name) as stream:
            while data := stream.read(_CHUNK):
                digest.update(data)
    except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        raise BackupInvalid(str(path), f"{name} is damaged: {error}") from None
    if digest.hexdigest() != member.sha256:
        raise BackupInvalid(str(path), f"{name} does not match the manifest")
