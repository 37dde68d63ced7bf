# SPDX-License-Identifier: Apache-2.0
"""``calipso schedules resume``: resumes a paused schedule."""

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.schedules_pause import ScheduleId
from calipso_nornir.cli.shared_options import Inventory


def schedules_resume(run: Run, *, id_: ScheduleId, inventory: Inventory = None) -> None:
    """Resume a paused schedule; missed scans are not made up for."""
    from calipso_nornir.scan_manager import ScanQueue, Schedules  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory, use="write") as store:
        one = Schedules(store, ScanQueue(store)).resume(id_)
    run.err.say(f"schedule {id_} is due at {one['scheduled_timestamp']}")
