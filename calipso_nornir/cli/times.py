# SPDX-License-Identifier: Apache-2.0
"""Times as users write them: ISO 8601, or how long ago."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])(?:\s*ago)?")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def a_time(text: str | datetime) -> datetime:
    """Return the time that a text names, in UTC; one without a zone is local time."""
    if isinstance(text, datetime):
        return text
    ago = _AGO.fullmatch(text.strip().lower())
    try:
        if ago is not None:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f'"{text}" is not a time: expected 2026-11-22T19:10, 2026-11-22T19:10:00+01:00, 2026-11-22 or 90m, 12h, 3d'
        ) from None
