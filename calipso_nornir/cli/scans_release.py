# SPDX-License-Identifier: Apache-2.0
"""``calipso scans release``: puts a draft into the queue."""

from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scans_show import ScanId, scan_meant
from calipso_nornir.cli.shared_options import Inventory


def scans_release(run: Run, *, id_: ScanId, inventory: Inventory = None) -> None:
    """Put a draft into the queue of the scan managers."""
    from calipso_nornir.scan_manager import ScanQueue  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory, use="write") as store:
        one = ScanQueue(store).release(str(scan_meant(store, id_, None)["scan_id"]))
    run.err.say(f"scan {one['scan_id']} of {one['environment']}: {one['status']}")
