# SPDX-License-Identifier: Apache-2.0
"""Records a scan of the running lab into a bundle: python -m tests.lab.record FOLDER. The variant names the file."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from calipso_nornir import ScanPlan, run_scan
from calipso_nornir.store import open_store
from tests.fixtures import lab

NAMES = {"ovs": "ovs", "ovs-nativefw": "ovs-native", "lxb": "lb", "ovn": "ovn"}
"""Variant -> the bundle's name, which is older than the variant's."""


def main(folder: Path) -> int:
    """Scan the lab, and record it under a name of the demo's."""
    here = lab.here()
    os.environ[lab.PASSWORD_VARIABLE] = here.password
    bundle = folder / f"{NAMES[here.variant]}.calipso"
    with tempfile.TemporaryDirectory() as temporary:
        known_hosts = lab.write_known_hosts(Path(temporary) / "known_hosts")
        environment = lab.environment(known_hosts, name=f"demo-{NAMES[here.variant]}")
        store = open_store(Path(temporary) / "record.db")
        report = run_scan(environment, store=store, plan=ScanPlan(record=bundle))
        store.close()
    print(f"{bundle}: {report.status}, {report.objects.total} objects")  # noqa: T201 - a script's one line
    return int(not report.ok)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
