# SPDX-License-Identifier: Apache-2.0
"""``calipso schedules remove``: removes a schedule."""

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.schedules_pause import ScheduleId
from calipso_nornir.cli.shared_options import Inventory


def schedules_remove(run: Run, *, id_: ScheduleId, inventory: Inventory = None) -> None:
    """Remove a schedule; scans that it has already requested stay."""
    from calipso_nornir.scan_manager import ScanQueue, Schedules  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory, use="write") as store:
        Schedules(store, ScanQueue(store)).remove(id_)
    run.err.say(f"schedule {id_} is removed")
