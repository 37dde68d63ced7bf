# SPDX-License-Identifier: Apache-2.0
"""Shows which comparison detects which mutant: python -m tests.lab.mutations.

Replays every recorded cloud with each mutant of mutants.py, and prints the table of README.md. Exits with 1 if a mutant
is not detected in a variant in which it makes a difference. No lab is needed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.lab.mutants import MUTANTS, Mutant
from tests.lab.recorded import VARIANTS, compared

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = "**nothing**"
UNCHANGED = "-"
LEFT_OUT = ("counts",)
"""Comparisons that only repeat the findings of others."""


def caught_by(variant: str, mutant: Mutant) -> str:
    """Return the comparisons that catch a mutant; "-" if it makes no difference in the variant."""
    if variant not in mutant.variants:
        return UNCHANGED
    found = [one.of for one in compared(variant, mutant) if one]
    return ", ".join(of for of in found if of not in LEFT_OUT) or ", ".join(found) or NOTHING


def table() -> list[str]:
    """Try all mutants; return the lines of the table."""
    rows = [("mutant", *VARIANTS), ("---",) * (len(VARIANTS) + 1)]
    rows += [(one.name, *(caught_by(variant, one) for variant in VARIANTS)) for one in MUTANTS]
    return [row_of(row) for row in rows]


def row_of(cells: Sequence[str]) -> str:
    """Write one row of the table."""
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print the table."""
    lines = table()
    print("\n".join(lines))  # noqa: T201 - a script's output
    return int(any(NOTHING in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
