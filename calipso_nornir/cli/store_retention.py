# SPDX-License-Identifier: Apache-2.0
"""``calipso store retention``: how much history is kept, and for how long scans, messages and the audit trail are."""

from datetime import timedelta
from typing import Annotated

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory


def store_retention(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    days: Annotated[float | None, typer.Option("--days", min=0, help="Days to keep history for.")] = None,
    documents: Annotated[
        int | None, typer.Option("--documents", min=0, help="Maximum number of past documents kept per environment.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Keep no history.")] = False,
    scans: Annotated[
        int | None,
        typer.Option("--scans", min=1, help="Number of ended scans to keep per environment, with their messages."),
    ] = None,
    message_days: Annotated[float | None, typer.Option("--message-days", min=0, help="Days to keep messages.")] = None,
    check_days: Annotated[
        float | None, typer.Option("--check-days", min=0, help="Days to keep connection tests.")
    ] = None,
    audit_days: Annotated[
        float | None, typer.Option("--audit-days", min=0, help="Days to keep the audit trail.")
    ] = None,
    inventory: Inventory = None,
) -> None:
    """Show or change how much history the store keeps, and for how long scans, messages, tests and the audit trail."""
    from calipso_nornir.store.record_retention import keep_records, records_kept  # noqa: PLC0415 - as above
    from calipso_nornir.store.retention import OFF, Retention, keep, retention_of  # noqa: PLC0415 - comes when needed

    records = {"scans": scans, "message_days": message_days, "check_days": check_days, "audit_days": audit_days}
    of_records = any(value is not None for value in records.values())
    changes = off or days is not None or documents is not None
    with run.store(inventory=inventory, use="write" if changes or of_records else "read") as store:
        retention = OFF if off else retention_of(store)
        if changes and not off:
            age = retention.age if days is None else timedelta(days=days)
            retention = Retention(age, retention.documents if documents is None else documents)
        if changes:
            keep(store, retention)
        kept = keep_records(store, **records) if of_records else records_kept(store)
    run.out.say(str(retention))
    run.out.say(str(kept))
