# SPDX-License-Identifier: Apache-2.0
"""Determines when a schedule is due, counted from its own start, never from the time of a check.

Days, weeks, months and years are those of a time zone's calendar: a scan at 02:30 stays at 02:30 when daylight saving
time begins or ends. A time that does not exist on a day (02:30 when clocks go from 02:00 to 03:00) is an hour later;
of a time that occurs twice, the first counts. Hours are elapsed time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from dateutil.relativedelta import relativedelta

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.model.text import plain
from calipso_nornir.scan_manager.fields import EARLIEST, LATEST

Frequency: TypeAlias = Literal["ONCE", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY", "CRON"]
FREQUENCIES: Final[tuple[Frequency, ...]] = get_args(Frequency)

_STEPS: Final = {
    "HOURLY": relativedelta(hours=1),
    "DAILY": relativedelta(days=1),
    "WEEKLY": relativedelta(weeks=1),
    "MONTHLY": relativedelta(months=1),
    "YEARLY": relativedelta(years=1),
}
_LONGEST_S: Final = {"HOURLY": 3600, "DAILY": 86400, "WEEKLY": 604800, "MONTHLY": 31 * 86400, "YEARLY": 366 * 86400}
"""The longest duration of a step, apart from changes to and from daylight saving time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """How often something is due.

    Attributes:
        freq: how often; "CRON" takes ``cron``.
        start: the first time it is due (aware). For "CRON" only later times count.
        time_zone: name of a zone in the IANA database, for calendar days and cron expressions.
        cron: five fields as in crontab(5).

    Raises:
        InvalidRequest: the zone or the cron expression is invalid.
    """

    freq: Frequency
    start: datetime
    time_zone: str = "UTC"
    cron: str | None = None

    def __post_init__(self) -> None:
        if (self.cron is not None) != (self.freq == "CRON"):
            raise InvalidRequest(
                f"freq {self.freq}, cron {self.cron!r}: a cron expression belongs to freq CRON", "cron"
            )
        if not EARLIEST <= self.start <= LATEST:
            raise InvalidRequest(f"start: expected a time from {EARLIEST.year} to {LATEST.year}", "start")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidRequest(
                f"time zone {plain(self.time_zone)} is unknown; expected a name such as Europe/Berlin or UTC",
                "time_zone",
            ) from None
        if self.cron is not None:
            try:
                next(CronSim(self.cron, self._local_start))
            except (CronSimError, StopIteration) as error:
                raise InvalidRequest(
                    f"cron expression {plain(self.cron)!r}: {str(error) or 'no time fits it'}; "
                    "expected minute, hour, day of the month, month and day of the week, e.g. 30 2 * * 1-5",
                    "cron",
                ) from None

    def after(self, moment: datetime) -> datetime | None:
        """Return the first due time (UTC) after a moment; None if there are no more."""
        if self.freq == "ONCE":
            return self.start.astimezone(UTC) if self.start > moment else None
        if self.cron is not None:
            after = max(moment, self.start - timedelta(microseconds=1)).astimezone(self._zone)
            found: datetime | None = next(CronSim(self.cron, after), None)
            return found.astimezone(UTC) if found is not None else None
        number = max(0, int((moment - self.start).total_seconds() / _LONGEST_S[self.freq]) - 2)
        while (due := self._due(number)) <= moment:
            number += 1
        return due

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def _local_start(self) -> datetime:
        return self.start.astimezone(self._zone)

    def _due(self, number: int) -> datetime:
        """Return the time that is ``number`` steps after the start."""
        step = _STEPS[self.freq] * number
        if self.freq == "HOURLY":
            return self.start.astimezone(UTC) + step
        wall: datetime = self._local_start.replace(tzinfo=None) + step
        return wall.replace(tzinfo=self._zone).astimezone(UTC)
