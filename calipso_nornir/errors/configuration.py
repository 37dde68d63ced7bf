# SPDX-License-Identifier: Apache-2.0
"""Faults in what a person wrote; they must be corrected first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from calipso_nornir.errors.base import CalipsoError


class ConfigurationError(CalipsoError):
    """Faults in what a person wrote; they must be corrected first."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in one place of one file."""

    where: str
    """File, then the JSON pointer or key path inside it."""
    problem: str
    """What is there, what would be right, and the nearest known name."""

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}"


class _Faulty(ConfigurationError):
    title = "faults"
    faults: tuple[Fault, ...]

    def __init__(self, faults: tuple[Fault | dict[str, str], ...]) -> None:
        super().__init__()
        self.faults = tuple(one if isinstance(one, Fault) else Fault(**one) for one in faults)

    def data(self) -> dict[str, Any]:
        return {"error": type(self).__name__, "faults": [{"where": f.where, "problem": f.problem} for f in self.faults]}

    def __str__(self) -> str:
        count = f"{len(self.faults)} fault{'s' if len(self.faults) != 1 else ''}"
        return "\n".join([f"{self.title}: {count}", *(f"  {fault}" for fault in self.faults)])


class MetadataError(_Faulty):
    """All faults of all metadata files, found in one pass."""

    title = "metadata cannot be used"


class EnvironmentInvalid(_Faulty):
    """All faults of an environment's description."""

    title = "environment cannot be used"


class SettingsInvalid(_Faulty):
    """All faults of a file that sets up a service."""

    title = "settings cannot be used"


@dataclass(eq=False)
class SecretUnavailable(ConfigurationError):
    """A secret could not be read from where its reference points."""

    reference: str
    cause: str

    def __str__(self) -> str:
        return f"secret {self.reference} cannot be read: {self.cause}"


@dataclass(eq=False)
class BundleInvalid(ConfigurationError):
    """A file that is not a recording, is truncated, or has another format version."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass(eq=False)
class ResourceMissing(ConfigurationError):
    """A data folder of the product is missing: the installation is damaged."""

    name: str
    looked_in: tuple[str, ...]

    def __str__(self) -> str:
        places = " or ".join(self.looked_in)
        return f'the data folder "{self.name}" is missing (looked for {places}). Reinstall calipso_nornir.'


@dataclass(eq=False)
class RecordingFailed(ConfigurationError):
    """A recording cannot be written; the scan itself is not affected."""

    path: str
    cause: str

    def __str__(self) -> str:
        return f"{self.path}: the recording cannot be written: {self.cause}. No file was left there."


@dataclass(eq=False)
class NornirUnusable(ConfigurationError):
    """A Nornir configuration that yields no inventory."""

    path: str
    cause: str

    def __str__(self) -> str:
        return f"Nornir configuration {self.path} cannot be used: {self.cause}"
