# SPDX-License-Identifier: Apache-2.0
"""Records a scan of the running lab: python -m tests.lab.record demo|truth; the file is named by the variant.

``demo``: as one of the bundles of the demo. ``truth``: for tests (recorded.py), together with the oracle's truth.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from calipso_nornir import ScanPlan, ScanReport, run_scan
from calipso_nornir.resources import data
from calipso_nornir.store import open_store
from tests.fixtures import lab
from tests.lab import oracle, recorded
from tests.lab.oracle.writing import written

DEMO_NAMES = {"ovs": "ovs", "lxb": "lb", "ovn": "ovn"}
"""Variant -> its name in the demo."""


def record(bundle: Path, name: str) -> ScanReport:
    """Record a scan of the lab, as an environment with a name."""
    os.environ[lab.PASSWORD_VARIABLE] = lab.here().password
    with tempfile.TemporaryDirectory() as temporary:
        known_hosts = lab.write_known_hosts(Path(temporary) / "known_hosts")
        store = open_store(Path(temporary) / "record.db")
        report = run_scan(lab.environment(known_hosts, name=name), store=store, plan=ScanPlan(record=bundle))
        store.close()
    print(f"{bundle}: {report.status}, {report.objects.total} objects")  # noqa: T201 - a script's one line
    return report


def record_demo() -> bool:
    """Record a bundle of the demo."""
    name = DEMO_NAMES[lab.here().variant]
    return record(data("demo") / f"{name}.calipso", f"demo-{name}").ok


def record_truth() -> bool:
    """Record a cloud and the truth; neither is written if the cloud changed meanwhile, or is faulty."""
    variant = lab.here().variant
    truth = oracle.read()
    with tempfile.TemporaryDirectory() as temporary:
        bundle = Path(temporary) / f"{variant}.calipso"
        if not record(bundle, f"lab-{variant}").ok or truth.contradictions or oracle.read() != truth:
            print("not recorded: the scan failed, or the cloud is faulty or has changed", *truth.contradictions)  # noqa: T201
            return False
        (recorded.FOLDER / bundle.name).write_bytes(bundle.read_bytes())
    (recorded.FOLDER / f"{variant}.json").write_text(written(truth), "utf-8")
    return True


if __name__ == "__main__":
    sys.exit(not {"demo": record_demo, "truth": record_truth}[sys.argv[1]]())
