# SPDX-License-Identifier: Apache-2.0
"""Reads a YAML file of secrets strictly: faults name the file and the place, and never a value."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calipso_nornir.errors import EnvironmentInvalid, Fault
from calipso_nornir.metadata.nearest import nearest
from calipso_nornir.sources.named_files import text_of

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Part:
    """A mapping in a file, and its place."""

    path: Path
    where: str
    value: Any

    def __post_init__(self) -> None:
        if not isinstance(self.value, dict):
            raise EnvironmentInvalid((Fault(self.place(""), "must hold keys and values"),))

    def place(self, key: str) -> str:
        """Return the place of a key, with the file."""
        inside = "/".join(part for part in (self.where, key) if part)
        return f"{self.path}: {inside}" if inside else str(self.path)

    def fault(self, key: str, problem: str) -> EnvironmentInvalid:
        """Return the error for a key."""
        return EnvironmentInvalid((Fault(self.place(key), problem),))

    def get(self, key: str) -> Any:  # noqa: ANN401 - YAML has no type
        """Return a value as it is."""
        return self.value.get(key)

    def text_or_none(self, key: str) -> str | None:
        """Return a text; None if it is missing or empty."""
        found = self.get(key)
        if found is None or found == "":
            return None
        if not isinstance(found, str):
            raise self.fault(key, "must be text")
        return found

    def text(self, key: str) -> str:
        """Return a required text."""
        found = self.text_or_none(key)
        if found is None:
            raise self.fault(key, "is missing")
        return found

    def flag(self, key: str) -> bool:
        """Return a flag; False if it is missing."""
        found = self.get(key)
        if found not in (None, True, False):
            raise self.fault(key, "must be true or false")
        return bool(found)

    def child(self, key: str) -> Part:
        """Return a required mapping."""
        return Part(self.path, "/".join(part for part in (self.where, key) if part), self.get(key))

    def children(self, key: str) -> list[Part]:
        """Return the mappings in a required list."""
        found = self.get(key)
        if not isinstance(found, list):
            raise self.fault(key, "is missing" if found is None else "must be a list")
        return [Part(self.path, f"{key}/{number}", one) for number, one in enumerate(found)]

    def named(self, key: str, name: str) -> Part:
        """Return the member of a list that has a name; kubectl uses the first of several."""
        known = {one.text("name"): one for one in reversed(self.children(key))}
        if name not in known:
            listed = ", ".join(known) or "none"
            raise self.fault(key, f'has none with the name "{name}", only {listed}{nearest(name, known)}')
        return known[name]

    def data_or_file(self, key: str) -> str | None:
        """Return PEM text: a kubeconfig has it in base64 (``…-data``), or names a file. If both, the data counts."""
        data, file = self.text_or_none(f"{key}-data"), self.text_or_none(key)
        if data is None:
            return None if file is None else text_of(self.beside(file), self.place(key))
        try:
            return base64.b64decode("".join(data.split()), validate=True).decode("ascii")
        except (binascii.Error, UnicodeDecodeError):
            raise self.fault(f"{key}-data", "is not a PEM file in base64") from None

    def beside(self, file: str) -> Path:
        """Return the path of a file that is named relative to this one."""
        return self.path.parent / file
