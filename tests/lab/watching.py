# SPDX-License-Identifier: Apache-2.0
"""Scans the lab while faults come and go, and compares each time with what the oracle says."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ScanReport, run_scan
from calipso_nornir.store.freshness import freshness_of
from tests.lab import oracle
from tests.lab.comparing import explain
from tests.lab.looking import documents
from tests.lab.told import told, unconfirmed

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.protocols import Store
    from tests.lab.oracle import End, Truth

ATTEMPTS = 6


@dataclasses.dataclass(slots=True)
class Watch:
    """Scans the lab again and again, into one store."""

    environment: Environment
    store: Store
    truth: Truth = dataclasses.field(init=False)
    """As it was when it was last told."""
    restarted: set[str] = dataclasses.field(default_factory=set)
    """Hosts whose agents were started anew."""

    def scan(self) -> ScanReport:
        """Scan."""
        return run_scan(self.environment, store=self.store)

    def tells_the_truth(self) -> Truth:
        """Scan, and compare with the truth read anew; again where the cloud has changed meanwhile.

        That the truth reads the same before and after a scan does not show that it did not change in between: Neutron
        hears of a gateway's move by several workers, and may tell the former host once more. So two scans have to
        differ from one truth in the same way.
        """
        view = self.store.view(self.environment.name)
        truth = oracle.read()
        seen = ""
        for _ in range(ATTEMPTS):
            report = self.scan()
            assert report.ok, [str(one.error) for one in report.failures]
            told_ = told(view)
            differences = explain(told_, truth)
            if not differences:
                self.truth = truth
                return truth
            before, truth = truth, oracle.read()
            if before == truth and differences == seen:
                break
            seen = differences
        pytest.fail(explain(told_, truth))

    def unknown(self) -> set[End]:
        """Return what is told to be kept without anybody having looked at it."""
        name = self.environment.name
        return unconfirmed(self.store.view(name), freshness_of(self.store, name))

    def keeps_everything(self) -> ScanReport:
        """Scan, and see that nothing of what was known is gone or changed."""
        view = self.store.view(self.environment.name)
        before = documents(view)
        report = self.scan()
        assert report.status != "completed"
        assert report.objects.removed == report.links.removed == report.cliques.removed == 0
        assert documents(view) == before
        return report


def running(truth: Truth) -> list[oracle.Thing]:
    """Return the servers that run, those with most interfaces first."""
    return sorted(
        (one for one in truth.of_type("instance") if one.facts["status"] == "ACTIVE"),
        key=lambda one: -sum(chain.owner == one.end for chain in truth.chains),
    )
