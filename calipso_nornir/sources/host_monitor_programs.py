# SPDX-License-Identifier: Apache-2.0
"""The programs that watch a host. No I/O."""

from __future__ import annotations

from typing import Final

from calipso_nornir.model.queries import Command

LINKS: Final = "links"
TUNNELS: Final = "tunnels"
"""The program for the destinations of VXLAN devices."""
LIFE_S: Final = 3600
"""Seconds after which ``ovsdb-client`` ends by itself and is started again: only root could stop it."""
TABLES: Final = {
    "Bridge": "name,ports,datapath_type",
    "Port": "name,interfaces,tag,trunks,vlan_mode,bond_active_slave",
    "Interface": "name,type,ofport,mac_in_use,link_state,options,external_ids",
}
"""Columns of ovs-vswitchd.conf.db(5); without statistics, which change every few seconds."""


def programs(host: str = "") -> dict[str, Command]:
    """Return the commands that run on a host, by name: "links", "tunnels", and the tables of Open vSwitch."""
    found = {
        LINKS: Command(host, "ip -o monitor link address"),
        TUNNELS: Command(host, "bridge monitor fdb"),
    }
    for table, columns in TABLES.items():
        text = f"ovsdb-client --timeout={LIFE_S} -f json monitor Open_vSwitch {table} '{columns},!initial'"
        found[table] = Command(host, text, root=True)
    return found
