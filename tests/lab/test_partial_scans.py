# SPDX-License-Identifier: Apache-2.0
"""Scans of one object of the lab, for every type of object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calipso_nornir import ScanPlan, ScanReport, run_scan
from tests.fixtures import lab

if TYPE_CHECKING:
    from calipso_nornir.model.environment import Environment
    from calipso_nornir.model.stores import Store

pytestmark = pytest.mark.lab


@pytest.mark.parametrize(
    "type_", ["region", "project", "availability_zone", "host", "network", "port", "instance", "vnic", "vservice",
              "host_pnic", "vconnector", "vedge", "otep", "network_agent", "switch", "switch_pnic", "aggregate"]
)  # fmt: skip
def test_a_partial_scan_looks_at_its_object_and_changes_nothing(
    environment: Environment, first_scan: ScanReport, store: Store, type_: str
) -> None:
    view = store.view(first_scan.environment)
    known = view.of_type(type_)
    if not known:
        pytest.fail(f"the lab has no {type_}") if type_ != "vconnector" or lab.here().variant not in (
            "ovs-nativefw",
            "ovs-dvr",
            "ovn",
        ) else None
        return
    target = known[0]
    inside = {target.ref.document_id}
    todo = [target.ref]
    while todo:
        below = view.children(todo.pop())
        inside |= {one.ref.document_id for one in below}
        todo += [one.ref for one in below]
    before = {d["_id"]: d["last_scanned"] for d in view.documents("inventory")}
    report = run_scan(environment, store=store, plan=ScanPlan(object_id=target.id, object_type=type_))
    assert report.ok
    assert (report.objects.new, report.objects.changed, report.objects.removed) == (0, 0, 0)
    after = {d["_id"]: d["last_scanned"] for d in view.documents("inventory")}
    assert {one for one in after if after[one] != before[one]} >= inside  # and at what these hang on
