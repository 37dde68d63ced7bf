# SPDX-License-Identifier: Apache-2.0
"""Times of requests: with a zone, and not so near the ends of the calendar that none could be counted from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, AwareDatetime

_MARGIN: Final = timedelta(days=2)
_FIRST: Final = datetime.min.replace(tzinfo=UTC) + _MARGIN
_LAST: Final = datetime.max.replace(tzinfo=UTC) - _MARGIN


def within_the_calendar(at: datetime) -> datetime:
    """Return a time. Raises ValueError if another zone could have none of it."""
    if not _FIRST <= at.replace(tzinfo=UTC) <= _LAST:
        raise ValueError("expected a time from the years 1 to 9999, and not within two days of their ends")
    return at


def in_utc(text: str) -> datetime:
    """Read a time with a zone. Raises ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return within_the_calendar(at).astimezone(UTC)


Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(within_the_calendar)]
