# SPDX-License-Identifier: Apache-2.0
"""Runs all benchmarks, or those named, prints their figures, and ends with 1 when one is beyond its limit.

Yellow: within its limit, but short of its goal.
"""

from __future__ import annotations

import importlib
import sys

from rich.console import Console
from rich.table import Table

BENCHMARKS = ("topology", "rescan", "small_scan", "commits", "collection")


def main() -> int:
    """Run and print."""
    console = Console()
    table = Table("figure", "ratio", "limit", "goal", "measured", title="benchmarks")
    failed = False
    for name in sys.argv[1:] or BENCHMARKS:
        for figure in importlib.import_module(f"benchmarks.{name}").run():
            failed |= not figure.ok
            colour = "red" if not figure.ok else "yellow" if figure.short_of_goal else "green"
            goal = "" if figure.goal is None else f"{figure.goal:.2f}"
            ratio = f"[{colour}]{figure.ratio:.2f}[/]"
            table.add_row(figure.name, ratio, f"{figure.limit:.2f}", goal, figure.detail)
    console.print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
