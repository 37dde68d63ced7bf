# SPDX-License-Identifier: Apache-2.0
"""The programs that watch a host. No I/O."""

from __future__ import annotations

from typing import Final

from calipso_nornir.model.ovs_columns import ACTIVE_MEMBER, READ, columns
from calipso_nornir.model.queries import Command

LINKS: Final = "links"
TUNNELS: Final = "tunnels"
"""The program for the destinations of VXLAN devices."""
LIFE_S: Final = 3600
"""Seconds after which ``ovsdb-client`` ends by itself and is started again: only root could stop it."""


def programs(host: str = "") -> dict[str, Command]:
    """Return the commands that run on a host, by name: "links", "tunnels", and the tables of Open vSwitch."""
    found = {
        LINKS: Command(host, "ip -o monitor link address"),
        TUNNELS: Command(host, "bridge monitor fdb"),
    }
    for table in READ:
        watched = columns(table, *((ACTIVE_MEMBER,) if table == "Port" else ()))
        text = f"ovsdb-client --timeout={LIFE_S} -f json monitor Open_vSwitch {table} '{watched},!initial'"
        found[table] = Command(host, text, root=True)
    return found
