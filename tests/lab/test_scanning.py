# SPDX-License-Identifier: Apache-2.0
"""A scan of the lab: without failures, in few rounds, with evidence, and a second one changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ScanReport, run_scan
from tests.lab.looking import objects

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store

pytestmark = pytest.mark.lab


def test_nothing_fails(first_scan: ScanReport) -> None:
    assert [str(one.error) for one in first_scan.failures] == []
    assert [str(one.error) for one in first_scan.notices] == []
    assert first_scan.status == "completed"


def test_a_host_is_asked_in_at_most_three_rounds(first_scan: ScanReport) -> None:
    assert first_scan.rounds["cli"] <= 3


def test_everything_has_evidence(first_scan: ScanReport, store: Store) -> None:
    view = store.view(first_scan.environment)
    for kind in ("inventory", "links"):
        for document in view.documents(kind):
            assert document["evidence"], document
            for one in document["evidence"]:
                assert one["source"] == "derived" or one["at"] is not None


def test_scanning_again_changes_nothing(environment: Environment, first_scan: ScanReport, store: Store) -> None:
    before = objects(store.view(first_scan.environment))
    again = run_scan(environment, store=store)
    for changes in (again.objects, again.links, again.cliques):
        assert (changes.new, changes.changed, changes.removed, changes.kept) == (0, 0, 0, 0)
    assert objects(store.view(first_scan.environment)) == before
