# SPDX-License-Identifier: Apache-2.0
"""The truth test on recorded clouds: a scan reports what was there, and the test detects every kind of error."""

from __future__ import annotations

from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest

from tests.lab import recorded
from tests.lab.comparing import explain
from tests.lab.mutants import MUTANTS, Mutant
from tests.lab.mutations import NOTHING, UNCHANGED, caught_by, row_of
from tests.lab.oracle.writing import read_written, written
from tests.lab.recorded import VARIANTS, compared, truth_of

README = Path(recorded.__file__).with_name("README.md")
SHOWN = [(mutant, variant) for mutant in MUTANTS for variant in VARIANTS if variant in mutant.variants]


def test_every_variant_that_is_scanned_is_recorded() -> None:
    assert set(VARIANTS) >= {"ovs", "ovs-nativefw", "ovs-dvr", "lxb", "ovn"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_told_is_true(variant: str) -> None:
    assert [str(one) for one in compared(variant) if one] == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_truth_is_written_as_it_was_read(variant: str) -> None:
    truth = truth_of(variant)
    assert truth.contradictions == ()
    assert truth.chains
    assert read_written(written(truth)) == truth
    assert explain(truth, truth) == ""


@pytest.mark.parametrize(("mutant", "variant"), SHOWN, ids=lambda one: one.name if isinstance(one, Mutant) else one)
def test_a_mutant_is_caught_by_what_the_readme_says(mutant: Mutant, variant: str) -> None:
    caught = caught_by(variant, mutant)
    assert caught != NOTHING
    assert shown_in_readme()[mutant.name][variant] == caught


def test_the_readme_shows_every_mutant() -> None:
    shown = shown_in_readme()
    assert list(shown) == [mutant.name for mutant in MUTANTS]
    unchanged = {(name, variant) for name, row in shown.items() for variant in row if row[variant] == UNCHANGED}
    assert unchanged == {(one.name, variant) for one in MUTANTS for variant in VARIANTS if variant not in one.variants}


@cache
def shown_in_readme() -> dict[str, dict[str, str]]:
    """Read the README's table: mutant -> variant -> what catches it."""
    lines = README.read_text("utf-8").splitlines()
    head = row_of(("mutant", *VARIANTS))
    assert head in lines, "make mutations prints the table"
    rows = takewhile(lambda line: line.startswith("|"), lines[lines.index(head) + 2 :])
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {name: dict(zip(VARIANTS, row, strict=True)) for name, *row in cells}
