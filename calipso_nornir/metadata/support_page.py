# SPDX-License-Identifier: Apache-2.0
"""Writes docs/support.md from ``supported_environments``: ``python -m calipso_nornir.metadata.support_page FILE``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calipso_nornir.metadata.loading import load_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

HEAD = """<!-- Written by "make schemas" from metadata/data/supported_environments.json. Do not edit. -->
# What is supported

Each row is one kind of cloud that can be scanned. "Tested" says what a scan of it was tested against. "No" means that
the parts have been tested, but no whole scan of such a cloud. Other kinds are refused unless you pass `--untested`.
Platforms of switches are listed in [operations.md](operations.md#switches).

| Cloud | Mechanism drivers | Network types | What it can be used for | Tested |
|---|---|---|---|---|"""


def page(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the text of the page, with tested environments first."""
    ordered = sorted(rows, key=lambda row: not row.get("tested"))
    return "\n".join([HEAD, *_lines(ordered), ""])


def _lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        versions = ", ".join(row["distribution_version"]) or "any version"
        used = ", ".join(name for name, so in row["features"].items() if so) or "nothing yet"
        cells = (
            f"{row['distribution']}, {versions}",
            ", ".join(row["mechanism_drivers"]),
            ", ".join(row["type_drivers"]),
            used,
            row.get("tested") or "no",
        )
        yield f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str]) -> int:
    """Run as a program; return 2 for wrong arguments."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m calipso_nornir.metadata.support_page FILE\n")
        return 2
    Path(arguments[0]).write_text(page(load_catalog().documents["supported_environments"]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
