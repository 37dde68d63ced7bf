# SPDX-License-Identifier: Apache-2.0
"""``calipso schedules add``: creates a schedule."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from calipso_nornir.cli.author import author
from calipso_nornir.cli.request_options import RequestOptions
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory
from calipso_nornir.cli.times import a_time
from calipso_nornir.errors import InvalidRequest

if TYPE_CHECKING:
    from calipso_nornir.scan_manager.recurrence import Frequency


class Every(StrEnum):
    """How often a schedule is due."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    ONCE = "once"

    @property
    def frequency(self) -> "Frequency":
        """The word in the schedule's document."""
        return cast("Frequency", self.name)


def schedules_add(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    options: RequestOptions,
    every: Annotated[Every | None, typer.Option("--every", case_sensitive=False, help="How often.")] = None,
    cron: Annotated[
        str | None, typer.Option("--cron", metavar='"M H D M W"', help="When, as in crontab(5), in place of --every.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(
            "--start",
            metavar="TIME",
            parser=a_time,
            show_default=False,
            help="The first time, from which the others are counted; default: one step from now.",
        ),
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="Time zone of its days and hours, e.g. Europe/Berlin.")
    ] = "UTC",
    inventory: Inventory = None,
) -> None:
    """Scan an environment, or one object of it, regularly, and print the schedule's id."""
    from calipso_nornir.scan_manager import Recurrence, ScanQueue, Schedule, Schedules  # noqa: PLC0415 - what takes long comes when needed

    if (every is None) == (cron is None):
        raise InvalidRequest("give either --every or --cron")
    if every is Every.ONCE and start is None:
        raise InvalidRequest("--every once needs --start TIME")
    now = datetime.now(UTC)
    recurrence = Recurrence(
        freq="CRON" if every is None else every.frequency, start=start or now, time_zone=time_zone, cron=cron
    )
    due = recurrence.after(now) if start is None else None
    with run.store(inventory=inventory, use="write") as store:
        schedule = Schedule(request=options.request(store), recurrence=recurrence, due=due)
        run.out.say(Schedules(store, ScanQueue(store)).add(schedule, by=author()))
