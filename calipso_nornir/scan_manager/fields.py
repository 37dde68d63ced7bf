# SPDX-License-Identifier: Apache-2.0
"""Reads the fields of requests and schedules, which may come from anywhere; errors name the wrong value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.text import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

EARLIEST: Final = datetime(2, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9990, 1, 1, tzinfo=UTC)
"""The steps of a schedule, and other time zones, must be times, too."""


class Fields:
    """The fields of one document."""

    def __init__(self, document: Mapping[str, Any], what: str) -> None:
        self._document = document
        self._what = what

    def text(self, name: str) -> str | None:
        """Return a string; None when it is missing or empty."""
        value = self._document.get(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "a text")
        return value or None

    def one_of(self, name: str, allowed: Collection[str], *, default: str) -> str:
        """Return one of the allowed words, ignoring case."""
        value = self._document.get(name)
        if value is None:
            return default
        known = {word.casefold(): word for word in allowed}
        if not isinstance(value, str) or value.casefold() not in known:
            raise self.wrong(name, f"one of {', '.join(allowed)}")
        return known[value.casefold()]

    def flag(self, name: str) -> bool:
        """Return a boolean; False when it is missing."""
        value = self._document.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "true or false")
        return bool(value)

    def seconds(self, name: str) -> float | None:
        """Return a number of seconds above 0; None when it is missing."""
        value = self._document.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            raise self.wrong(name, "a number of seconds above 0")
        return float(value)

    def time(self, name: str) -> datetime | None:
        """Return a time (aware, UTC); one without a zone is taken as UTC. None when it is missing."""
        value = self._document.get(name)
        if value is None:
            return None
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            raise self.wrong(name, "a time such as 2026-11-28T19:10:00+00:00") from None
        if not EARLIEST <= at <= LATEST:
            raise self.wrong(name, f"a time from {EARLIEST.year} to {LATEST.year}")
        return at

    def wrong(self, name: str, expected: str) -> InvalidRequest:
        """Return the error for a field."""
        return InvalidRequest(f"{self._what}: {name} is {plain(repr(self._document.get(name)))}; expected {expected}")
