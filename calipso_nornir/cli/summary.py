# SPDX-License-Identifier: Apache-2.0
"""The summary of a scan: status, changes, counts, failures with their causes, and suggested next commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from calipso_nornir.cli.facts import WRONG
from calipso_nornir.cli.output import table
from calipso_nornir.store.meaning import find_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.cli.output import Terminal
    from calipso_nornir.cli.running import Run
    from calipso_nornir.model.stores import StoreView
    from calipso_nornir.scan.report import ScanReport, Trouble

AFFECTED_SHOWN: Final = 3
REMOVED_SHOWN: Final = 10
NOTICES_SHOWN: Final = 10
TRIED_FOR_CLIQUE: Final = 50
_STATUS: Final = {
    "completed": ("completed", "bold green"),
    "completed_with_errors": ("completed with errors", "bold yellow"),
    "failed": ("failed", WRONG),
    "aborted": ("aborted", WRONG),
    "timed_out": ("timed out", WRONG),
}


def print_summary(out: Terminal, report: ScanReport, *, everything: bool = False, whole: bool = True) -> None:
    """Print a report.

    ``everything`` prints all of it, at any length; ``whole`` is false for a scan of one object, which counts what
    was scanned, not the whole environment.
    """
    words, style = _STATUS[report.status]
    seconds = (report.ended_at - report.started_at).total_seconds() if report.ended_at else 0.0
    out.say((report.environment, "bold"), "  ", (words, style), f" in {seconds:.1f} s")
    if report.stored:
        _print_changes(out, report, whole=whole)
        counts = [f"{count} {type_}" for type_, count in _counted(report)]
        if counts:
            out.say("")
            out.say((", ".join(counts), "dim"))
        _print_removed(out, report, everything=everything)
    _print_troubles(out, report.failures, kept=report.stored, everything=everything)
    _print_notices(out, report.notices, everything=everything)


def next_steps(run: Run, view: StoreView) -> list[str]:
    """Return the suggested commands after a scan."""
    steps = [run.typed("tree", environment=view.environment)]
    instances = sorted(view.of_type("instance"), key=lambda one: (one.name, one.id))[:TRIED_FOR_CLIQUE]
    focal = next((one for one in instances if view.cliques(one.ref)), None)
    if focal is not None:
        alone = focal.name.isprintable() and find_all(view, focal.name) == [focal]
        shown = focal.name if alone else f"{focal.type}:{focal.id}"
        steps += [run.typed(verb, shown, environment=view.environment) for verb in ("clique", "explain")]
    return steps


def print_removed(out: Terminal, removed: Sequence[Mapping[str, Any]], *, most: int | None, option: str) -> None:
    """Print objects that a scan removed, up to a limit, and the option that shows the others."""
    shown = removed[:most]
    if shown:
        out.say("")
    for one in shown:
        out.say(
            ("gone  ", "yellow"), f"{one.get('type')} ", (str(one.get("name")), "bold"), (f"  {one.get('id')}", "dim")
        )
    if len(removed) > len(shown):
        out.say((f"      and {len(removed) - len(shown)} more ({option})", "dim"))


def print_next(out: Terminal, steps: Iterable[str]) -> None:
    """Print suggested commands."""
    out.say("")
    for step in steps:
        out.say(("next  ", "dim"), step)


def _print_changes(out: Terminal, report: ScanReport, *, whole: bool) -> None:
    rows = [
        (what, changes.total, changes.new, changes.changed, changes.unchanged, changes.removed, changes.kept)
        for what, changes in (("objects", report.objects), ("links", report.links), ("cliques", report.cliques))
    ]
    out.say("")
    table(out, ("", "now" if whole else "scanned", "new", "changed", "unchanged", "removed", "kept"), rows)


def _counted(report: ScanReport) -> list[tuple[str, int]]:
    return [(type_, count) for type_, count in sorted(report.counts.items()) if not type_.endswith("_folder") and count]


def _print_removed(out: Terminal, report: ScanReport, *, everything: bool) -> None:
    gone = sorted(
        (one for one in report.removed if not one.get("type", "").endswith("_folder")),
        key=lambda one: (str(one.get("type")), str(one.get("name")), str(one.get("id"))),
    )
    print_removed(out, gone, most=None if everything else REMOVED_SHOWN, option="-v lists all")


def _print_troubles(out: Terminal, troubles: Sequence[Trouble], *, kept: bool, everything: bool) -> None:
    if not troubles:
        return
    out.say("")
    out.say((f"{len(troubles)} failure{'s' if len(troubles) != 1 else ''}", WRONG))
    for trouble in troubles:
        for number, line in enumerate(str(trouble.error).splitlines()):
            out.say(("✗ " if number == 0 else "  ", WRONG), line)
        affected = sorted(trouble.affected)
        shown = affected if everything else affected[:AFFECTED_SHOWN]
        for one in shown:
            out.say((f"    not seen: {one}", "dim"))
        if len(affected) > len(shown):
            out.say((f"    and {len(affected) - len(shown)} more (-v lists all)", "dim"))
    if kept:
        out.say(("Nothing was removed because of this: what could not be examined is kept as it was.", "dim"))


def _print_notices(out: Terminal, notices: Sequence[Trouble], *, everything: bool) -> None:
    shown = notices if everything else notices[:NOTICES_SHOWN]
    if shown:
        out.say("")
    for trouble in shown:
        out.say((f"notice  {' '.join(str(trouble.error).split())}", "dim"))
    if len(notices) > len(shown):
        out.say((f"        and {len(notices) - len(shown)} more (-v lists all)", "dim"))
