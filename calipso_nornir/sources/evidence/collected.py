# SPDX-License-Identifier: Apache-2.0
"""Opens collected files: a folder with a folder or archive for each host, or a single sosreport.

Such files may come from strangers: nothing is unpacked to the disk, links out of a folder are not followed, and sizes
are limited.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.sources.evidence.host_files import HostFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ARCHIVES: Final = (".tar", ".tar.gz", ".tar.xz", ".tar.bz2", ".tgz")
MAX_FILES: Final = 200_000
MAX_BYTES: Final = 16 << 20
"""Maximum size of one file; no output that a scan reads is larger."""
MAX_IN_ARCHIVE: Final = 1 << 30
_KEPT: Final = ("sos_commands/", "etc/os-release", "usr/lib/os-release", "proc/net/bonding/", "hostname")
"""The files of a sosreport that a scan may read; all others are ignored."""
_HOST_NAME: Final = ("sos_commands/host/hostname", "sos_commands/general/hostname", "hostname", "etc/hostname")


def collected(path: Path) -> dict[str, HostFiles]:
    """Return the files of each host. Raises InvalidRequest if it is not such a folder or archive."""
    if path.is_dir():
        hosts = [_of_folder(path)] if _is_report(path) else [_of(one) for one in _children(path)]
    elif path.is_file():
        hosts = [_of_archive(path)]
    else:
        raise InvalidRequest(f"{path} is neither a folder nor an archive")
    found: dict[str, HostFiles] = {}
    for one in hosts:
        if one.host in found:
            raise InvalidRequest(f"{path} has two sets of files for the host {one.host}")
        found[one.host] = one
    if not found:
        raise InvalidRequest(f"{path} is empty: a folder or a sosreport for each host is expected")
    return found


def _children(path: Path) -> Iterator[Path]:
    for one in sorted(path.iterdir()):
        if one.is_dir() or one.name.endswith(ARCHIVES):
            yield one


def _of(path: Path) -> HostFiles:
    return _of_folder(path) if path.is_dir() else _of_archive(path)


def _is_report(path: Path) -> bool:
    return (path / "sos_commands").is_dir()


def _of_folder(path: Path) -> HostFiles:
    root = path.resolve()
    files: dict[str, Callable[[], str]] = {}
    for one in sorted(root.rglob("*")):
        real = one.resolve()
        if one.is_file() and real.is_relative_to(root) and real.stat().st_size <= MAX_BYTES:
            files[one.relative_to(root).as_posix()] = partial(real.read_text, encoding="utf-8", errors="replace")
        if len(files) > MAX_FILES:
            raise InvalidRequest(f"{path} has more than {MAX_FILES} files")
    host = _named(path, files) if _is_report(path) else path.name
    newest = max((one.stat().st_mtime for one in root.rglob("*") if one.is_file()), default=0.0)
    return HostFiles(host, files, datetime.fromtimestamp(newest, UTC))


def _of_archive(path: Path) -> HostFiles:
    texts: dict[str, bytes] = {}
    links: dict[str, str] = {}
    total, newest = 0, 0.0
    try:
        with tarfile.open(path, "r|*") as archive:
            for number, member in enumerate(archive):
                name = member.name.removeprefix("./").partition("/")[2]  # below the folder of the report
                if number > MAX_FILES:
                    raise InvalidRequest(f"{path} has more than {MAX_FILES} files")
                if not name.startswith(_KEPT):
                    continue
                if member.issym():
                    links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
                elif member.isfile() and member.size <= MAX_BYTES:
                    total += member.size
                    if total > MAX_IN_ARCHIVE:
                        raise InvalidRequest(f"{path} has more than {MAX_IN_ARCHIVE >> 20} MiB of outputs")
                    file = archive.extractfile(member)
                    texts[name] = file.read() if file is not None else b""
                    newest = max(newest, member.mtime)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InvalidRequest(f"{path} is not a readable sosreport: {error}") from error
    texts |= {name: texts[target] for name, target in links.items() if target in texts}
    files = {name: partial(_text, content) for name, content in texts.items()}
    return HostFiles(_named(path, files), files, datetime.fromtimestamp(newest, UTC))


def _text(content: bytes) -> str:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="replace").read()


def _named(path: Path, files: Mapping[str, Callable[[], str]]) -> str:
    """Return the host's name from its own report."""
    for name in _HOST_NAME:
        if name in files and (said := files[name]().strip()) and len(said.split()) == 1:
            return said
    raise InvalidRequest(f"{path} does not name its host: {_HOST_NAME[0]} is expected in it")
