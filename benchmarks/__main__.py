# SPDX-License-Identifier: Apache-2.0
"""Runs all benchmarks, or the named ones, prints their figures, and ends with 1 if one exceeds its limit.

Yellow: within its limit, but its goal is not reached.
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
"""The benchmarks of every run. ``make bench-api`` runs the other one: search reads everything, and misses its goal."""


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
    """Run one benchmark in its own process: its memory is a figure, and its leftovers must not slow the next one."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run_one, name).result()


if __name__ == "__main__":
    sys.exit(main())
