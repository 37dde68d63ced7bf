# SPDX-License-Identifier: Apache-2.0
"""Files that set up a service for logins: read, checked as a whole, and never repeated in an error."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from calipso_nornir.access.roles import Grants
from calipso_nornir.errors import Fault, InvalidRequest, SettingsInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)

S = TypeVar("S", bound=BaseModel)


def read_settings(path: str | Path, kind: type[S]) -> S:
    """Read a file: JSON, or the original's lines of ``key value``. Raises SettingsInvalid, which repeats no value."""
    file = Path(path).expanduser()
    try:
        text = file.read_text(encoding="utf-8")
        open_to_others = file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    given = _parsed(text, path)
    try:
        settings = kind.model_validate(given)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise SettingsInvalid(tuple(_fault(path, one["loc"], one["msg"]) for one in faults)) from None
    if isinstance(getattr(settings, "password", None), str) and open_to_others:
        logger.warning("%s holds a password and others may read it; run: chmod 600 %s", path, path)
    return settings


def grants(roles: Mapping[str, str]) -> Grants:
    """Read roles as they are written in such a file. Raises ValueError, as pydantic expects it."""
    try:
        return Grants.read(roles)
    except InvalidRequest as error:
        raise ValueError(str(error)) from None


def _parsed(text: str, path: str | Path) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        lines = (line.strip().partition(" ") for line in text.splitlines() if not line.lstrip().startswith("#"))
        return {key: value.strip() for key, _, value in lines if key and value.strip()}
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise _invalid(path, f"is no JSON: {error}") from None
    return found


def _fault(path: str | Path, place: tuple[int | str, ...], problem: str) -> Fault:
    return Fault(": ".join([str(path), *(str(part) for part in place[:2])]), problem.removeprefix("Value error, "))


def _invalid(path: str | Path, problem: str) -> SettingsInvalid:
    return SettingsInvalid((Fault(str(path), problem),))
