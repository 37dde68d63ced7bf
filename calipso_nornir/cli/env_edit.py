# SPDX-License-Identifier: Apache-2.0
"""``calipso env edit``: opens a description in the user's editor, and checks it before storing it."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from calipso_nornir.analysis.lookup import one_environment
from calipso_nornir.cli.output import as_yaml
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import EnvironmentName, Metadata, NamedEnvironment, named_once
from calipso_nornir.errors import EnvironmentInvalid, InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment

DEFAULT_EDITOR = "vi"


def env_edit(
    run: Run, *, name: EnvironmentName = None, environment: NamedEnvironment = None, metadata: Metadata = None
) -> None:
    """Edit a description in $VISUAL or $EDITOR."""
    from calipso_nornir.metadata.environments import environment_document  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.store.environments import save_environment, stored_environment  # noqa: PLC0415 - as above

    with run.store(use="write") as store:
        known = stored_environment(store, one_environment(store, named_once(name, environment)))
        if known is None:
            raise InvalidRequest(f"{store.uri} holds no description of {name}: calipso env add FILE")
        before = {key: value for key, value in known.items() if key not in ("scanned", "last_scanned", "operational")}
    edited = _edited(run, before, str(known["name"]), metadata or ())
    if edited is None or environment_document(edited) == before:
        run.err.say(f"{known['name']}: unchanged")
        return
    with run.store(use="write") as store:  # closed while the user types
        save_environment(store, edited)
    run.err.say(f"{edited.name}: replaced; next: {run.typed('env', 'check', edited.name)}")


def _edited(run: Run, document: dict[str, object], name: str, metadata: Sequence[str]) -> "Environment | None":
    """Return the edited description; None if it is unchanged. Faults can be corrected immediately."""
    with tempfile.TemporaryDirectory(prefix="calipso-edit-") as folder:  # mode 0700
        path = Path(folder) / f"{name}.yaml"
        text = as_yaml(document)
        path.write_text(text, encoding="utf-8")
        while True:
            _run_editor(path)
            if path.read_text(encoding="utf-8", errors="replace") == text:
                return None
            try:
                return _read(path, name, metadata)
            except (EnvironmentInvalid, InvalidRequest) as error:
                run.report(_about(error, path, name))
                if not _again(run):
                    raise InvalidRequest(f"{name}: not changed") from None


def _read(path: Path, name: str, metadata: Sequence[str]) -> "Environment":
    from calipso_nornir.cli.meant import environment_file  # noqa: PLC0415 - as above

    edited = environment_file(str(path), metadata)
    if edited.name != name:
        raise InvalidRequest(f"name: {name} keeps its name; calipso env add FILE describes another")
    return edited


def _about(error: Exception, path: Path, name: str) -> Exception:
    """Return the error without the name of the temporary file, which no longer exists."""
    return InvalidRequest(str(error).replace(str(path), name))


def _run_editor(path: Path) -> None:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or DEFAULT_EDITOR
    try:
        done = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the user's own editor
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"the editor {editor} cannot be run ({error}): set EDITOR") from None
    if done.returncode != 0:
        raise InvalidRequest(f"the editor {editor} ended with {done.returncode}; nothing was changed")


def _again(run: Run) -> bool:
    if not sys.stdin.isatty():
        return False
    run.err.print("Edit again? [Y/n] ", end="")
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")
