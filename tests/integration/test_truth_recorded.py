# SPDX-License-Identifier: Apache-2.0
"""The truth test on recorded clouds: a scan reports what was there, and the test detects every kind of error."""

from __future__ import annotations

from contextlib import closing
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from calipso_nornir import run_scan
from calipso_nornir.errors import SourceFailed
from calipso_nornir.fetchers.ovn.databases import NORTHBOUND
from calipso_nornir.sources.recording import ReplaySource
from calipso_nornir.store import open_store
from calipso_nornir.store.freshness import freshness_of
from tests.lab import recorded
from tests.lab.comparing import explain
from tests.lab.looking import documents
from tests.lab.mutants import MUTANTS, Mutant
from tests.lab.mutations import NOTHING, UNCHANGED, caught_by, row_of
from tests.lab.oracle.writing import read_written, written
from tests.lab.recorded import VARIANTS, compared, truth_of
from tests.lab.told import unconfirmed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calipso_nornir.errors import CalipsoError
    from calipso_nornir.model.protocols import Reply
    from calipso_nornir.model.queries import Query

README = Path(recorded.__file__).with_name("README.md")
SHOWN = [(mutant, variant) for mutant in MUTANTS for variant in VARIANTS if variant in mutant.variants]


def test_every_variant_that_is_scanned_is_recorded() -> None:
    assert set(VARIANTS) >= {"ovs", "ovs-nativefw", "ovs-dvr", "lxb", "ovn"}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_told_is_true(variant: str) -> None:
    assert [str(one) for one in compared(variant) if one] == []


class WithoutNorthbound(ReplaySource):
    """A recording of a scan during which the Northbound database did not answer."""

    def answer(self, queries: Sequence[Query]) -> dict[Query, Reply | CalipsoError]:
        error = SourceFailed(NORTHBOUND.database, "gone")
        return {query: error if query == NORTHBOUND else told for query, told in super().answer(queries).items()}


def test_what_only_northbound_knows_is_kept_with_its_evidence(tmp_path: Path) -> None:
    bundle = recorded.FOLDER / "ovn.calipso"
    with closing(open_store(tmp_path / "ovn.db")) as store:
        first = run_scan(ReplaySource(bundle).environment, store=store, source=ReplaySource(bundle))
        view = store.view(first.environment)
        before = documents(view)
        report = run_scan(ReplaySource(bundle).environment, store=store, source=WithoutNorthbound(bundle))
        assert (first.status, report.status) == ("completed", "completed_with_errors")
        assert documents(view) == before
        kept = unconfirmed(view, freshness_of(store, first.environment))
        assert {end.type for end in kept} >= {"router_port", "floating_ip"}
        [*protected] = (one for one in view.of_type("port") if one.get("ovn_security"))
        assert protected
        assert all(str(NORTHBOUND) in {one.query for one in port.evidence} for port in protected)
        assert {one.ref.id for one in protected} == {end.name for end in kept if end.type == "port"}
        assert "network" not in {end.type for end in kept}, "Southbound told of them"


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_truth_is_written_as_it_was_read(variant: str) -> None:
    truth = truth_of(variant)
    assert truth.contradictions == ()
    assert truth.chains
    assert read_written(written(truth)) == truth
    assert explain(truth, truth) == ""


@pytest.mark.chaos
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
