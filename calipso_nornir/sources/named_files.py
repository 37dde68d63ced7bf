# SPDX-License-Identifier: Apache-2.0
"""Files that the description of an environment names: certificates, keys, kubeconfigs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.errors import EnvironmentInvalid, Fault

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 1 << 20


def text_of(path: Path, place: str) -> str:
    """Return the text of a file that is named at ``place``. Raises EnvironmentInvalid, never with the text."""
    try:
        with path.expanduser().open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: the home of an unknown user
        raise _unusable(place, path, getattr(error, "strerror", None) or "there is no such user") from None
    if len(raw) > MAX_FILE_BYTES:
        raise _unusable(place, path, f"is larger than {MAX_FILE_BYTES} bytes")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise _unusable(place, path, "is not text") from None


def _unusable(place: str, path: Path, problem: str) -> EnvironmentInvalid:
    return EnvironmentInvalid((Fault(place, f"{path}: {problem}"),))
