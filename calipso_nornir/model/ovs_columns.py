# SPDX-License-Identifier: Apache-2.0
"""The columns of Open vSwitch that a scan reads, and whose changes are reported while a host is watched.

They are described in ovs-vswitchd.conf.db(5). Statistics are not among them, because they change every few seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

READ: Final[Mapping[str, str]] = {
    "Bridge": "name,ports,datapath_type",
    "Port": "name,interfaces,tag,trunks,other_config",
    "Interface": "name,type,ofport,mac_in_use,link_state,options,external_ids",
}
"""Table -> columns."""
READ_LATER: Final[Mapping[str, str]] = {"Port": "vlan_mode"}
"""Columns that earlier releases did not request, so their recordings lack them."""
ACTIVE_MEMBER: Final = "bond_active_slave"
"""Column of Port: the MAC address of the member that carries a bond's frames."""


def columns(table: str, *further: str, earlier: bool = False) -> str:
    """Return the columns of a table and further ones; with ``earlier`` those that earlier releases requested."""
    later = () if earlier or table not in READ_LATER else (READ_LATER[table],)
    return ",".join((READ[table], *later, *further))
