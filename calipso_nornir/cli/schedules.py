# SPDX-License-Identifier: Apache-2.0
"""``calipso schedules``: lists the schedules."""

from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory, Output


def schedules(run: Run, *, inventory: Inventory = None, output: Output = Format.TABLE) -> None:
    """List the schedules, the next one first."""
    from calipso_nornir.scan_manager import ScanQueue, Schedules  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory) as store:
        found = Schedules(store, ScanQueue(store)).all()
    if output is not Format.TABLE:
        emit(found, output)
    elif found:
        columns = ("id", "environment", "of", "how often", "next", "state", "last run", "last status")
        table(run.out, columns, [_row(one) for one in found])
    else:
        run.err.say("no schedules yet")


def _row(one: dict[str, object]) -> list[object]:
    often = one.get("cron") or one.get("freq") or one.get("recurrence")
    zone = one.get("time_zone")
    state = "paused" if one.get("paused") else one.get("error") or one.get("status")
    return [
        one.get("id"),
        (str(one.get("environment")), "bold"),
        one.get("object_id") or "all",
        f"{often} ({zone})" if zone not in (None, "UTC") else often,
        str(one.get("scheduled_timestamp") or "-")[:16],
        state,
        str(one.get("last_run") or "-")[:16],
        one.get("last_status"),
    ]
