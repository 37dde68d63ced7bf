# SPDX-License-Identifier: Apache-2.0
"""Adapts Debian 12's Neutron 21 to its OVN 23.03; runs inside the controller, and changes only the controller's layer.

Neutron reads a chassis' bridge mappings, gateway flag and datapath type from Chassis.external_ids, but ovn-controller
writes them to Chassis.other_config only (LP#1990229: without this change no port of a flat or VLAN network is bound).
"""

import sys
from pathlib import Path

NEUTRON = Path("/usr/lib/python3/dist-packages/neutron")
DRIVER = "plugins/ml2/drivers/ovn"
MAPPINGS = ".{}.get('ovn-bridge-mappings'"
CHANGES = {
    "common/ovn/utils.py": ["opt.strip() for opt in chassis.{}.get("],
    f"{DRIVER}/agent/neutron_agent.py": ["chassis_from_private(chassis_private).{}", f"self.chassis{MAPPINGS}"],
    f"{DRIVER}/mech_driver/mech_driver.py": ["ch.{}.get('datapath-type'", "chassis.{}.get("],
    f"{DRIVER}/mech_driver/ovsdb/extensions/placement.py": [f"chassis{MAPPINGS}"],
    f"{DRIVER}/mech_driver/ovsdb/impl_idl_ovn.py": [f"chassis{MAPPINGS}", "ch.{}.get("],
    f"{DRIVER}/mech_driver/ovsdb/ovsdb_monitor.py": [
        "hasattr(old, '{}') and event",
        f"old{MAPPINGS}",
        f"row{MAPPINGS}",
    ],
}
"""File -> the texts in it to change; ``{}`` stands for the name of the column."""
DELETED_AGENT = ("    external_ids = {}\n    hostname", "    external_ids = {}\n    other_config = {}\n    hostname")
"""The class for a removed chassis needs the other column, too."""


def replace(path: Path, old: str, new: str) -> None:
    """Replace all occurrences; there must be at least one."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        sys.exit(f"{path}: not found: {old!r}; is this another version of Neutron?")
    path.write_text(text.replace(old, new), encoding="utf-8")


replace(NEUTRON / DRIVER / "agent/neutron_agent.py", *DELETED_AGENT)
for name, places in CHANGES.items():
    for place in places:
        replace(NEUTRON / name, place.format("external_ids"), place.format("other_config"))
