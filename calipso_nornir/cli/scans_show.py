# SPDX-License-Identifier: Apache-2.0
"""``calipso scans show``: shows one scan with its failures, notices, changes and cost."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

import typer

from calipso_nornir.cli import completing
from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import Format, Terminal, emit, table
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scans import STYLES, newest_first, scope, seconds
from calipso_nornir.cli.shared_options import Environment, Inventory, Output
from calipso_nornir.cli.summary import print_removed
from calipso_nornir.errors import AmbiguousObject, InvalidRequest
from calipso_nornir.model.stores import Store

LAST = "last"
REMOVED_SHOWN = 20

ScanId: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="ID", autocompletion=completing.scans, help="Id of the scan, its first characters, or last."
    ),
]


def scans_show(  # noqa: PLR0913 - the options of the command
    run: Run,
    *,
    id_: ScanId = LAST,
    environment: Environment = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every removed object and every step.")] = False,
    inventory: Inventory = None,
    output: Output = Format.TABLE,
) -> None:
    """Show one scan: failures, notices, changes, cost."""
    with run.store(inventory=inventory) as store:
        one = scan_meant(store, id_, environment)
    if output is Format.TABLE:
        _print(run.out, one, everything=everything)
    else:
        emit(one, output)


def scan_meant(store: Store, id_: str, environment: str | None) -> dict[str, Any]:
    """Return the document of the named scan; raises UsageError if none or several match."""
    known = newest_first(store, environment)
    if not known:
        raise InvalidRequest(f"{store.uri}: no scans yet")
    if id_ == LAST:
        return known[0]
    found = [one for one in known if str(one.get("scan_id")).startswith(id_)]
    if not found:
        raise InvalidRequest(f'no scan has an id that begins with "{id_}": calipso scans lists the ids')
    if len(found) > 1:
        lines = tuple(f"{one.get('scan_id')}  {one.get('start_timestamp')}  {one.get('environment')}" for one in found)
        raise AmbiguousObject(id_, lines, "Give more of the id:")
    return found[0]


def _print(out: Terminal, one: Mapping[str, Any], *, everything: bool) -> None:
    status = str(one.get("status"))
    out.say((str(one.get("environment")), "bold"), "  ", (status.replace("_", " "), STYLES.get(status, "")))
    took = seconds(dict(one))
    for what, value in (
        ("scan", one.get("scan_id")),
        ("scope", scope(dict(one))),
        ("began", one.get("start_timestamp")),
        ("ended", f"{one['end_timestamp']}, after {took} s" if one.get("end_timestamp") else "-"),
        ("cost", _cost(one)),
        ("time", ", ".join(f"{phase} {spent} s" for phase, spent in (one.get("durations") or {}).items())),
    ):
        if value:
            out.say((f"{what:<7}", "cyan"), str(value))
    _print_changes(out, one)
    _print_steps(out, one.get("steps") or {}, everything=everything)
    _print_troubles(out, one.get("failures") or (), "failure", WRONG)
    _print_troubles(out, one.get("notices") or (), "notice", "yellow")
    print_removed(out, one.get("removed") or (), most=None if everything else REMOVED_SHOWN, option="--all lists them")


def _cost(one: Mapping[str, Any]) -> str:
    rounds = one.get("rounds") or {}
    asked = (one.get("queries") or {}).items()
    return ", ".join(f"{source}: {count} queries in {rounds.get(source, '?')} rounds" for source, count in asked)


def _print_changes(out: Terminal, one: Mapping[str, Any]) -> None:
    kinds = [kind for kind in ("objects", "links", "cliques") if one.get(kind)]
    if kinds:
        keys = ("new", "changed", "unchanged", "removed", "kept")
        out.say("")
        table(out, ("", *keys), [(kind, *(one[kind].get(key, 0) for key in keys)) for kind in kinds])


def _print_steps(out: Terminal, steps: Mapping[str, Mapping[str, int]], *, everything: bool) -> None:
    """Print the steps that did not see everything; on request, all steps."""
    keys = ("attempted", "ok", "incomplete", "failed", "found")
    rows = [
        (name, *(count.get(key, 0) for key in keys))
        for name, count in steps.items()
        if everything or count.get("failed") or count.get("incomplete")
    ]
    if rows:
        out.say("")
        table(out, ("step", *keys), rows)


def _print_troubles(out: Terminal, troubles: Sequence[Mapping[str, Any]], title: str, style: str) -> None:
    if troubles:
        out.say("")
        out.say((f"{len(troubles)} {title}{'s' if len(troubles) != 1 else ''}", style))
    for trouble in troubles:
        for number, line in enumerate(str(trouble.get("message")).splitlines()):
            out.say(("✗ " if number == 0 else "  ", style), line)
        for affected in trouble.get("affected") or ():
            out.say((f"    not seen: {affected}", "dim"))
