# SPDX-License-Identifier: Apache-2.0
"""Determines which networks of a trunk pass the Linux bridge that its interface is a member of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calipso_nornir.link_finders.making import network_of
from calipso_nornir.wiring.host import stack_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calipso_nornir.model.objects import InventoryObject


def networks_untaken(trunk: InventoryObject, bridges: Iterable[InventoryObject]) -> list[str]:
    """Return the networks of a trunk that no VLAN device on its interface leads to a bridge of their own.

    The Linux bridge agent makes such devices (neutron/services/trunk/drivers/linuxbridge). With the hybrid firewall of
    Open vSwitch there are none: tagged frames of all networks pass the bridge, and the trunk's switch separates them.
    """
    device = trunk.get("device")
    members = (row for bridge in bridges if bridge["host"] == trunk["host"] for row in bridge.get("interfaces") or ())
    taken = {row.get("network") for row in members if device in stack_of(row)[1:]}
    own = network_of(trunk) or []
    return [one for one in ([own] if isinstance(own, str) else own) if one not in taken]


def networks_of_trunks(bridge: InventoryObject, trunks: Iterable[InventoryObject]) -> set[str]:
    """Return the networks of those trunks whose interfaces are members of a bridge."""
    members = {row["name"] for row in bridge.get("interfaces") or ()}
    inside = (one for one in trunks if one.get("device") in members)
    return {network for one in inside for network in networks_untaken(one, [bridge])}
