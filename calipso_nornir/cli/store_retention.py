# SPDX-License-Identifier: Apache-2.0
"""``calipso store retention``: how much history is kept."""

from datetime import timedelta
from typing import Annotated

import typer

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory


def store_retention(
    run: Run,
    *,
    days: Annotated[float | None, typer.Option("--days", min=0, help="Days to keep history for.")] = None,
    documents: Annotated[
        int | None, typer.Option("--documents", min=0, help="Maximum number of past documents kept per environment.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Keep no history.")] = False,
    inventory: Inventory = None,
) -> None:
    """Show or change how much history the store keeps, by age and by number of documents."""
    from calipso_nornir.store.retention import OFF, Retention, keep, retention_of  # noqa: PLC0415 - comes when needed

    changes = off or days is not None or documents is not None
    with run.store(inventory=inventory, use="write" if changes else "read") as store:
        retention = OFF if off else retention_of(store)
        if changes and not off:
            age = retention.age if days is None else timedelta(days=days)
            retention = Retention(age, retention.documents if documents is None else documents)
        if changes:
            keep(store, retention)
    run.out.say(str(retention))
