# SPDX-License-Identifier: Apache-2.0
"""``calipso store info``: the layout of a store, its environments' revisions, and how much history it keeps."""

from typing import Any

from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Inventory, Output


def store_info(run: Run, *, inventory: Inventory = None, output: Output = Format.TABLE) -> None:
    """Show the store's layout, its environments' revisions, and how much history it keeps."""
    from calipso_nornir.store import default_uri  # noqa: PLC0415 - what takes long comes when needed
    from calipso_nornir.store.migrations import LAYOUT, layout_of  # noqa: PLC0415 - as above

    uri, layouts = layout_of(run.store_uri or default_uri())
    told: dict[str, Any] = {"uri": uri, "layouts": dict(layouts), "layout_of_this_release": LAYOUT}
    current = set(layouts.values()) == {LAYOUT}
    if current:
        told |= _environments(run, inventory)
    if output is not Format.TABLE:
        emit(told, output)
        return
    shown = ", ".join(f"{name}: {version}" if name else str(version) for name, version in layouts.items())
    run.out.say(f"{uri}: layout {shown or 'none'}; this release reads and writes layout {LAYOUT}")
    if not current:
        run.err.say(f"bring it up to date: {run.typed('store', 'migrate')}")
        return
    run.out.say(told["retention"]["text"])
    columns = ("environment", "revision", "last commit", "cause", "by")
    rows = [
        [(one["environment"], "bold"), one["revision"], one["at"], one["cause"], one["by"]]
        for one in told["environments"]
    ]
    table(run.out, columns, rows)


def _environments(run: Run, inventory: str | None) -> dict[str, Any]:
    from calipso_nornir.store.retention import DAY_S, retention_of  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory) as store:
        retention = retention_of(store)
        rows = []
        for name in store.environments():
            newest = next(iter(store.commits(name, limit=1)), None)
            rows.append(
                {
                    "environment": name,
                    "revision": store.view(name).revision,
                    "at": newest.at.isoformat(timespec="seconds") if newest else None,
                    "cause": newest.cause if newest else None,
                    "by": newest.by if newest else None,
                }
            )
    kept = {"days": retention.kept.total_seconds() / DAY_S, "documents": retention.documents, "text": str(retention)}
    return {"retention": kept, "environments": rows}
