# SPDX-License-Identifier: Apache-2.0
"""Runs all benchmarks, or those named, prints their figures, and ends with 1 when one is beyond its limit."""

from __future__ import annotations

import importlib
import sys

from rich.console import Console
from rich.table import Table

BENCHMARKS = ("topology", "rescan", "small_scan", "commits", "collection")


def main() -> int:
    """Run and print."""
    console = Console()
    table = Table("figure", "ratio", "limit", "measured", title="benchmarks")
    failed = False
    for name in sys.argv[1:] or BENCHMARKS:
        for figure in importlib.import_module(f"benchmarks.{name}").run():
            failed |= not figure.ok
            colour = "green" if figure.ok else "red"
            table.add_row(figure.name, f"[{colour}]{figure.ratio:.2f}[/]", f"{figure.limit:.2f}", figure.detail)
    console.print(table)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
