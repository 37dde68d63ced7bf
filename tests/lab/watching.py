# SPDX-License-Identifier: Apache-2.0
"""Scans the lab while faults come and go, and compares each scan with the oracle."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, TypeVar

import pytest
import requests

from calipso_nornir import ScanReport, run_scan
from calipso_nornir.store.freshness import freshness_of
from tests.lab import oracle
from tests.lab.comparing import explain
from tests.lab.looking import documents
from tests.lab.told import told, unconfirmed

if TYPE_CHECKING:
    from collections.abc import Callable

    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store, StoreView
    from tests.lab.oracle import End, Truth

T = TypeVar("T")
LASTS_S = 20
"""A scan is wrong if it differs from the same truth in the same way for this long."""
LIMIT_S = 300
"""Limit for a cloud that does not settle: two busy cores may need minutes for what two idle ones do in seconds."""
BETWEEN_S = 2


def whole(read: Callable[[], T]) -> T:
    """Read the truth; read it again if it contradicts itself because the cloud changed meanwhile."""
    end = time.monotonic() + LIMIT_S
    while True:
        try:
            return read()
        except (LookupError, RuntimeError, requests.RequestException):
            if time.monotonic() > end:
                raise
            time.sleep(BETWEEN_S)


@dataclasses.dataclass(slots=True)
class Watch:
    """Scans the lab again and again, into one store."""

    environment: Environment
    store: Store
    truth: Truth = dataclasses.field(init=False)
    """The truth at the last comparison."""
    tells: Callable[[StoreView], Truth] = told
    """What of a picture is compared with the truth."""

    def scan(self) -> ScanReport:
        """Scan."""
        return run_scan(self.environment, store=self.store)

    def tells_the_truth(self) -> Truth:
        """Scan until a scan equals the truth; fail if it differs from the same truth in the same way for LASTS_S.

        An equal truth before and after a scan does not prove that nothing changed in between: several workers of
        Neutron notice a gateway's move, and one may report the former host once more.
        """
        view = self.store.view(self.environment.name)
        began = since = time.monotonic()
        truth, seen = whole(oracle.read), ""
        while True:
            report = self.scan()
            told_ = self.tells(view)
            differences = "\n".join(str(one.error) for one in report.failures) or explain(told_, truth)
            if report.ok and not differences:
                self.truth = truth
                return truth
            before, truth = truth, whole(oracle.read)
            if before != truth or differences != seen:
                seen, since = differences, time.monotonic()
            if time.monotonic() - since > LASTS_S or time.monotonic() - began > LIMIT_S:
                pytest.fail(differences)
            time.sleep(BETWEEN_S)

    def comes_to(self, wanted: Callable[[Truth], object]) -> Truth:
        """Compare repeatedly until the truth is as wanted: a changed cloud needs time."""
        end = time.monotonic() + LIMIT_S
        while not wanted(truth := self.tells_the_truth()):
            assert time.monotonic() < end, f"the scans are right, but after {LIMIT_S} s the truth is not yet as wanted"
            time.sleep(BETWEEN_S)
        return truth

    def unknown(self) -> set[End]:
        """Return the objects that are reported as kept but not examined."""
        name = self.environment.name
        return unconfirmed(self.store.view(name), freshness_of(self.store, name))

    def keeps_everything(self) -> ScanReport:
        """Scan, and check that nothing that was known is gone or changed."""
        view = self.store.view(self.environment.name)
        before = documents(view)
        report = self.scan()
        assert report.status != "completed"
        assert report.objects.removed == report.links.removed == report.cliques.removed == 0
        assert documents(view) == before
        return report


def ordinary(truth: Truth) -> list[oracle.Thing]:
    """Return the running servers without a trunk: moving a server with one would move its trunk's bridges, too."""
    trunks = {one.facts["owner"] for one in truth.of_type("vnic") if one.facts.get("trunk")}
    return [one for one in running(truth) if one.end.name not in trunks]


def running(truth: Truth) -> list[oracle.Thing]:
    """Return the running servers, those with most interfaces first."""
    return sorted(
        (one for one in truth.of_type("instance") if one.facts["status"] == "ACTIVE"),
        key=lambda one: -sum(chain.owner == one.end for chain in truth.chains),
    )
