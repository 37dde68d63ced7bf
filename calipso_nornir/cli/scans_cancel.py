# SPDX-License-Identifier: Apache-2.0
"""``calipso scans cancel``: stops a scan of any process, or removes a waiting request."""

from calipso_nornir.cli.author import author
from calipso_nornir.cli.running import Run
from calipso_nornir.cli.scans_show import ScanId, scan_meant
from calipso_nornir.cli.shared_options import Inventory


def scans_cancel(run: Run, *, id_: ScanId, inventory: Inventory = None) -> None:
    """Cancel a waiting or running scan; a running one stops within seconds, and changes nothing."""
    from calipso_nornir.scan_manager import ScanQueue  # noqa: PLC0415 - what takes long comes when needed

    with run.store(inventory=inventory, use="write") as store:
        one = ScanQueue(store).cancel(str(scan_meant(store, id_, None)["scan_id"]), by=author())
    state = "is asked to stop" if one["status"] == "running" else one["status"]
    run.err.say(f"scan {one['scan_id']} of {one['environment']}: {state}")
