# SPDX-License-Identifier: Apache-2.0
"""Shows which comparison catches which way to be wrong: python -m tests.lab.mutations.

Replays every recorded cloud with each mutant of mutants.py and prints the table of README.md. Ends with 1 when one got
away that a variant shows. No lab is needed.
"""

from __future__ import annotations

import sys

from tests.lab.mutants import MUTANTS
from tests.lab.recorded import VARIANTS, compared

LEFT_OUT = ("counts",)
"""Comparisons that only repeat what others say in more words."""


def caught_by(variant: str, name: str) -> str:
    """Return the comparisons that catch a mutant, "-" where the variant has nothing that it would change."""
    mutant = next(one for one in MUTANTS if one.name == name)
    if variant not in mutant.variants:
        return "-"
    found = [one.of for one in compared(variant, mutant) if one]
    return ", ".join(of for of in found if of not in LEFT_OUT) or ", ".join(found) or "**nothing**"


def main() -> int:
    """Try all mutants, and print a table."""
    rows = [("mutant", *VARIANTS), ("---",) * (len(VARIANTS) + 1)]
    rows += [(one.name, *(caught_by(variant, one.name) for variant in VARIANTS)) for one in MUTANTS]
    for row in rows:
        print("|", " | ".join(row), "|")  # noqa: T201 - a script's output
    return int(any("**nothing**" in row for row in rows))


if __name__ == "__main__":
    sys.exit(main())
