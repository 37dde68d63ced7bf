# SPDX-License-Identifier: Apache-2.0
"""Writes rendered files to the store, without secrets, and to a folder. Removes files that are no longer rendered."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.model.stores import Store
    from calipso_nornir.monitoring.back_ends.base import Rendered

COLLECTION: Final = "monitoring_config"
MANIFEST: Final = ".calipso-files.json"
"""Lists the files that were written to a folder; nothing else there is ever removed."""
OWNER_ONLY, READABLE = 0o600, 0o644


def keep_in_store(store: Store, environment: str, files: Sequence[Rendered]) -> int:
    """Store the files of an environment; of a file with a secret only its name. Return how many have changed."""
    kept = store.collection(COLLECTION)
    before = {str(one["path"]): one for one in kept.find({"environment": environment})}
    changed = 0
    for one in files:
        parts = PurePosixPath(one.path).parts
        document = {
            "id": f"{environment}|{one.path}",
            "environment": environment,
            "side": "client" if parts[0] == "host" else "server",
            "host": parts[1] if parts[0] == "host" else None,
            "type": parts[-1],
            "path": one.path,
            "config": None if one.secret else one.text,
        }
        known = before.pop(one.path, None)
        if known is None or {key: known.get(key) for key in document} != document:
            kept.put(str(document["id"]), document)
            changed += 1
    for one_gone in before.values():
        kept.delete(str(one_gone["id"]))
        changed += 1
    return changed


def write_files(folder: Path, files: Sequence[Rendered], *, environment: str) -> int:
    """Write files into a folder, those with secrets for their owner only; return how many were written or removed.

    Raises:
        InvalidRequest: the folder cannot be written to, has files of another environment, or a path leads out of it.
    """
    for one in files:
        if PurePosixPath(one.path).is_absolute() or ".." in PurePosixPath(one.path).parts:
            raise InvalidRequest(f"{one.path!r} leads out of the folder {folder}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        before = _listed(folder, environment)
        changed = sum(_written(folder / one.path, one) for one in files)
        for path in before - {one.path for one in files}:
            (folder / path).unlink(missing_ok=True)
            changed += 1
        manifest = json.dumps({"environment": environment, "files": sorted(one.path for one in files)})
        _put(folder / MANIFEST, manifest, READABLE)
    except OSError as error:
        raise InvalidRequest(f"{error.filename or folder}: {error.strerror}") from error
    return changed


def _listed(folder: Path, environment: str) -> set[str]:
    try:
        value = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(value, dict):
        return set()
    other = value.get("environment")
    if other != environment:
        raise InvalidRequest(
            f"{folder} has the files of environment {other}: give {environment} a folder of its own (config_folder)"
        )
    listed = value.get("files")
    known = listed if isinstance(listed, list) else []
    return {one for one in known if isinstance(one, str) and ".." not in PurePosixPath(one).parts and one[:1] != "/"}


def _written(path: Path, one: Rendered) -> int:
    mode = OWNER_ONLY if one.secret else READABLE
    try:
        same = path.read_text(encoding="utf-8") == one.text and (path.stat().st_mode & 0o777) == mode
    except (OSError, ValueError):
        same = False
    if same:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(path, one.text, mode)
    return 1


def _put(path: Path, text: str, mode: int) -> None:
    """Write a file so that it never exists with other permissions, or incomplete."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".calipso-")  # readable by its owner only
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
