# SPDX-License-Identifier: Apache-2.0
"""Finds conflicts between what a host needs and what its switch port provides: VLANs, MTU, link aggregation."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calipso_nornir.model.segments import segments_of
from calipso_nornir.parsing.vlan_ranges import vlans_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View

TUNNEL_HEADERS = 50
"""Bytes that VXLAN over IPv4 adds to an IP packet of a network (RFC 7348); other tunnels need as many or more."""
TUNNELS = ("vxlan", "geneve", "gre")
NEEDS_LAG = ("802.3ad", "round-robin", "xor", "broadcast")
"""Parts of the kernel's names of bonding modes that need link aggregation on the switch (bonding.rst)."""
CHECKED_MODES = ("access", "trunk")


class PortConflicts:
    """Compares interfaces of hosts with the ports that they are cabled to."""

    def __init__(self, view: View) -> None:
        self._ports = {(one.get("switch"), one.get("local_name")): one for one in view.of_type("switch_pnic")}
        self._pnics = {one.id: one for one in view.of_type("host_pnic")}
        networks = {one.id: one for one in view.of_type("network")}
        self._carried: defaultdict[str, list[InventoryObject]] = defaultdict(list)
        for link in view.links("host_pnic-network"):
            if link.target.id in networks:
                self._carried[link.source.id].append(networks[link.target.id])

    def of(self, pnic: InventoryObject, port: InventoryObject) -> list[str]:
        """Return the contradictions between an interface and its port, in words."""
        return [*self._vlans(pnic, port), *self._mtu(pnic, port), *self._lag(pnic, port)]

    def _networks(self, pnic: InventoryObject) -> list[InventoryObject]:
        """Return the networks that an interface carries, itself or as a member of a bond."""
        return [*self._carried[pnic.id], *self._carried[str(pnic.get("ether_channel_master"))]]

    def _effective(self, port: InventoryObject, attribute: str) -> InventoryObject:
        """Return the LAG of a port if the LAG has the attribute, else the port: a member has the VLANs of its LAG."""
        lag = self._ports.get((port.get("switch"), port.get("lag"))) if port.get("lag") else None
        return lag if lag is not None and lag.get(attribute) is not None else port

    def _vlans(self, pnic: InventoryObject, port: InventoryObject) -> Iterator[str]:
        deciding = self._effective(port, "allowed_vlans")
        if deciding.get("vlan_mode") not in CHECKED_MODES or deciding.get("allowed_vlans") is None:
            return
        allowed = vlans_in(deciding["allowed_vlans"])
        for network in self._networks(pnic):
            vlans = [one.segmentation_id for one in segments_of(network) if one.network_type == "vlan"]
            if len(vlans) == 1 and vlans[0] is not None and int(vlans[0]) not in allowed:
                needs = f"{network.name} (VLAN {vlans[0]}) leaves {pnic['host']} by {pnic.name}"
                shown = deciding["allowed_vlans"] or "none"
                yield f"{needs}; {_named(deciding)} allows VLANs {shown} ({deciding['vlan_mode']})"

    def _mtu(self, pnic: InventoryObject, port: InventoryObject) -> Iterator[str]:
        deciding = self._effective(port, "mtu")
        size = deciding.get("mtu")
        if size is None:
            return
        for network in self._networks(pnic):
            needed = _needed_mtu(network)
            if needed is not None and needed > size:
                needs = f"packets of {network.name} need {needed} bytes on {pnic.name} of {pnic['host']}"
                yield f"{needs}; {_named(deciding)} lets {size} through"

    def _lag(self, pnic: InventoryObject, port: InventoryObject) -> Iterator[str]:
        if "state" not in port.attributes:  # the switch itself was not asked
            return
        bond = pnic if pnic.get("ether_channel") else self._pnics.get(str(pnic.get("ether_channel_master")))
        mode = str(bond.get("bonding_mode") or "") if bond is not None else ""
        if bond is not None and port.get("lag") is None and any(one in mode for one in NEEDS_LAG):
            yield f"{pnic.name} is a member of {bond.name} ({mode}); {_named(port)} is in no LAG"
        elif bond is None and port.get("lag") is not None and not pnic.get("master"):
            yield f"{_named(port)} is a member of {port['lag']}; {pnic.name} is in no bond"
        elif bond is not None and port.get("lag") is not None and "active-backup" in mode:
            yield f"{_named(port)} is a member of {port['lag']}; {bond.name} uses one member at a time ({mode})"


def _needed_mtu(network: InventoryObject) -> int | None:
    kinds = {one.network_type for one in segments_of(network)}
    size = network.get("mtu")
    if not isinstance(size, int) or not kinds or size <= 0:
        return None
    return size + TUNNEL_HEADERS if kinds <= set(TUNNELS) else size


def _named(port: InventoryObject) -> str:
    return str(port.get("local_name") or port.name)
