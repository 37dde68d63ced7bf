# SPDX-License-Identifier: Apache-2.0
"""Runs all benchmarks, or those named, prints their figures, and ends with 1 when one is beyond its limit.

Yellow: within its limit, but short of its goal.
"""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.figures import run_one

if TYPE_CHECKING:
    from benchmarks.figures import Figure

BENCHMARKS = (
    *("topology", "whole_scan", "rescan", "small_scan", "event", "commits", "collection", "ovn", "monitoring"),
    "deployment",
)
"""Those of every run. ``make bench-api`` runs the other one: search, which reads everything, is beyond its goal."""


def main() -> int:
    """Run and print."""
    console = Console()
    table = Table("figure", "ratio", "limit", "goal", "measured", title="benchmarks")
    failed = False
    for name in sys.argv[1:] or BENCHMARKS:
        for figure in _measured(name):
            failed |= not figure.ok
            colour = "red" if not figure.ok else "yellow" if figure.short_of_goal else "green"
            goal = "" if figure.goal is None else f"{figure.goal:.2f}"
            ratio = f"[{colour}]{figure.ratio:.2f}[/]"
            table.add_row(figure.name, ratio, f"{figure.limit:.2f}", goal, figure.detail)
    console.print(table)
    return int(failed)


def _measured(name: str) -> list[Figure]:
    """Run one benchmark in a process of its own: its memory is a figure, and what one leaves behind slows the next."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run_one, name).result()


if __name__ == "__main__":
    sys.exit(main())
