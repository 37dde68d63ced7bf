# SPDX-License-Identifier: Apache-2.0
"""When schedules are due: calendar steps, time zones, daylight saving, cron."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calipso_nornir.errors import InvalidRequest
from calipso_nornir.scan_manager.recurrence import FREQUENCIES, Recurrence

if TYPE_CHECKING:
    from calipso_nornir.scan_manager.recurrence import Frequency


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dues(one: Recurrence, after: datetime, number: int) -> list[str]:
    """Return the next times, one after the other."""
    found = []
    for _ in range(number):
        due = one.after(after)
        assert due is not None
        found.append(due.isoformat()[:16])
        after = due
    return found


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        ("HOURLY", ["2026-01-31T03:30", "2026-01-31T04:30", "2026-01-31T05:30"]),
        ("DAILY", ["2026-02-01T02:30", "2026-02-02T02:30", "2026-02-03T02:30"]),
        ("WEEKLY", ["2026-02-07T02:30", "2026-02-14T02:30", "2026-02-21T02:30"]),
        ("MONTHLY", ["2026-02-28T02:30", "2026-03-31T02:30", "2026-04-30T02:30"]),
        ("YEARLY", ["2027-01-31T02:30", "2028-01-31T02:30", "2029-01-31T02:30"]),
    ],
)
def test_steps_are_counted_from_the_start(freq: Frequency, expected: list[str]) -> None:
    start = at("2026-01-31T02:30")
    assert dues(Recurrence(freq=freq, start=start), start, 3) == expected
    assert Recurrence(freq=freq, start=start).after(start - timedelta(seconds=1)) == start


def test_the_29th_of_february_comes_back() -> None:
    start = at("2024-02-29T00:00")
    yearly = dues(Recurrence(freq="YEARLY", start=start), start, 4)
    assert yearly == ["2025-02-28T00:00", "2026-02-28T00:00", "2027-02-28T00:00", "2028-02-29T00:00"]


def test_once_is_once() -> None:
    once = Recurrence(freq="ONCE", start=at("2026-01-31T02:30"))
    assert once.after(at("2026-01-01T00:00")) == at("2026-01-31T02:30")
    assert once.after(at("2026-01-31T02:30")) is None


def test_a_day_keeps_its_hour_when_daylight_saving_begins_and_ends() -> None:
    """Europe/Berlin: 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00 (IANA time zone database)."""
    daily = Recurrence(freq="DAILY", start=at("2026-03-27T01:30"), time_zone="Europe/Berlin")  # 02:30 there
    spring = dues(daily, at("2026-03-27T02:00"), 3)
    assert spring == ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"], "02:30, then 03:30, then 02:30"
    autumn = dues(daily, at("2026-10-24T00:00"), 3)
    assert autumn == ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"], "02:30 each day, the first of two"
    hourly = Recurrence(freq="HOURLY", start=at("2026-10-25T00:30"), time_zone="Europe/Berlin")
    assert dues(hourly, at("2026-10-25T00:30"), 2) == ["2026-10-25T01:30", "2026-10-25T02:30"], "elapsed time"


def test_cron_is_read_in_its_time_zone() -> None:
    cron = Recurrence(freq="CRON", cron="30 2 * * 1-5", start=at("2026-07-03T12:00"), time_zone="Europe/Berlin")
    assert dues(cron, at("2026-07-03T12:00"), 2) == ["2026-07-06T00:30", "2026-07-07T00:30"]
    assert dues(cron, at("2020-01-01T00:00"), 1) == ["2026-07-06T00:30"], "not before its start"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"freq": "CRON", "cron": "61 * * * *"}, "cron expression '61 \\* \\* \\* \\*': Bad minute; expected minute"),
        ({"freq": "CRON", "cron": "* * */20 * 1L"}, "no time fits it"),
        ({"freq": "CRON"}, "a cron expression belongs to freq CRON"),
        ({"freq": "DAILY", "cron": "* * * * *"}, "a cron expression belongs to freq CRON"),
        ({"freq": "DAILY", "time_zone": "Mars/Base"}, "time zone Mars/Base is unknown; expected a name such as"),
        ({"freq": "DAILY", "time_zone": "../../etc/passwd"}, "is unknown"),
        ({"freq": "DAILY", "time_zone": ""}, "is unknown"),
        ({"freq": "DAILY", "start": datetime(9999, 12, 1, tzinfo=UTC)}, "start: expected a time from 2 to 9990"),
    ],
)
def test_what_can_never_be_due_is_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        Recurrence(**{"start": at("2026-01-01T00:00"), **wrong})  # type: ignore[arg-type]  # that is the test


@given(
    freq=st.sampled_from([one for one in FREQUENCIES if one not in ("ONCE", "CRON")]),
    start=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2030, 1, 1)),  # noqa: DTZ001 - see below
    passed=st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)),
    part=st.floats(min_value=0, max_value=0.999),
    time_zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/New_York"]),
)
def test_whoever_looks_between_two_times_sees_the_same_next_one(
    freq: Frequency, start: datetime, passed: timedelta, part: float, time_zone: str
) -> None:
    one = Recurrence(freq=freq, start=start.replace(tzinfo=UTC), time_zone=time_zone)
    moment = one.start + passed
    due = one.after(moment)
    assert due is not None
    assert timedelta(0) < due - moment <= timedelta(days=367)
    assert one.after(moment + (due - moment) * part) == due
    following = one.after(due)
    assert following is not None
    assert following - due >= timedelta(hours=1)
