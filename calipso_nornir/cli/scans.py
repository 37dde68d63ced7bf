# SPDX-License-Identifier: Apache-2.0
"""``calipso scans``: lists the last scans with their outcome."""

from datetime import datetime
from typing import Annotated, Any

import typer

from calipso_nornir.analysis.lookup import environments_meant
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.shared_options import Environment, Inventory, Output
from calipso_nornir.model.stores import Store
from calipso_nornir.store.liveness import status_of

STYLES = {
    "completed": "green",
    "completed_with_errors": "yellow",
    "failed": WRONG,
    "running": "cyan",
    "lost": WRONG,
    "aborted": WRONG,
    "timed_out": WRONG,
    "pending": "dim",
    "draft": "dim",
}
_ONLY = ("inventory_only", "links_only", "cliques_only", "clear")


def scans(
    run: Run,
    *,
    environment: Environment = None,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Maximum number shown.")] = 20,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """List the last scans, newest first; scans show ID shows one."""
    with run.store(inventory=inventory) as store:
        found = newest_first(store, environment)
    if output is not Format.TABLE:
        emit(found[:limit], output)
    elif found:
        columns = ("started", "environment", "status", "seconds", "scope", "objects", "changes", "failures", "scan_id")
        table(run.out, columns, [_row(one) for one in found[:limit]])
    else:
        run.err.say("no scans yet")


def newest_first(store: Store, environment: str | None) -> list[dict[str, Any]]:
    """Return the records of the scans of one environment, or of all, the newest first."""
    names = environments_meant(store, environment)
    found = [one for name in names for one in store.collection("scans").find({"environment": name})]
    found = [{**one, "status": status_of(one)} for one in found]
    return sorted(found, key=lambda one: (str(one.get("start_timestamp")), str(one.get("scan_id"))), reverse=True)


def _row(one: dict[str, Any]) -> list[Any]:
    status = status_of(one)
    objects = one.get("objects") or {}
    total = sum(int(objects.get(key, 0)) for key in ("new", "changed", "unchanged", "kept")) if objects else None
    changes = f"+{objects.get('new', 0)} ~{objects.get('changed', 0)} -{objects.get('removed', 0)}" if objects else None
    return [
        str(one.get("start_timestamp", ""))[:19],
        (str(one.get("environment")), "bold"),
        (status, STYLES.get(status, "")),
        seconds(one),
        scope(one),
        total,
        changes,
        len(one.get("failures") or ()),
        (one.get("scan_id"), "dim"),
    ]


def scope(one: dict[str, Any]) -> str:
    """Return the scope of a scan: everything, or one object; and the part of the work, if it was limited."""
    of = str(one["object_id"]) if one.get("object_id") else "all"
    return " ".join([of, *(key for key in _ONLY if one.get(key))])


def seconds(one: dict[str, Any]) -> str:
    """Return how long a scan took, as text; nothing while it runs."""
    try:
        began, ended = (datetime.fromisoformat(str(one[f"{key}_timestamp"])) for key in ("start", "end"))
    except (KeyError, ValueError):
        return ""
    return f"{(ended - began).total_seconds():.1f}"
