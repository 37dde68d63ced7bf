# SPDX-License-Identifier: Apache-2.0
"""Records a scan of the running lab into a bundle: python -m tests.lab.record FILE (CALIPSO_LAB says the variant)."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.store import open_store
from tests.fixtures import lab

NAMES = {"ovs": "demo-ovs", "ovs-native": "demo-ovs-native", "lb": "demo-lb"}


def main(bundle: Path) -> int:
    """Scan the lab, and record it under a name of the demo's."""
    os.environ[lab.PASSWORD_VARIABLE] = lab.PASSWORD
    with tempfile.TemporaryDirectory() as folder:
        known_hosts = lab.write_known_hosts(Path(folder) / "known_hosts")
        environment = lab.environment(known_hosts, name=NAMES[lab.variant()])
        store = open_store(Path(folder) / "record.db")
        report = run_scan(environment, store=store, plan=ScanPlan(record=bundle))
        store.close()
    print(f"{bundle}: {report.status}, {report.objects.total} objects")  # noqa: T201 - a script's one line
    return int(not report.ok)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
