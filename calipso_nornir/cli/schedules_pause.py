# SPDX-License-Identifier: Apache-2.0
"""``calipso schedules pause``: pauses a schedule."""

from typing import Annotated, TypeAlias

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory

ScheduleId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="Id of the schedule.")]


def schedules_pause(run: Run, *, id_: ScheduleId, inventory: Inventory = None) -> None:
    """Make no more requests until the schedule is resumed."""
    from calipso_nornir.scan_manager import ScanQueue, Schedules  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory, use="write") as store:
        Schedules(store, ScanQueue(store)).pause(id_)
    run.err.say(f"schedule {id_} is paused")
