# SPDX-License-Identifier: Apache-2.0
"""Links between Linux bridges and what is a member of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from calipso_nornir.link_finders.making import link_detected, make, network_of, on_hosts, pnics_by_device

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calipso_nornir.model.links import Link
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.protocols import View


class VnicVconnectors:
    """One ``vnic-vconnector`` link per virtual interface that is a member of a bridge of its host.

    An instance's interface is the member of its own name. A service's is inside a namespace; the member is the
    other end of its veth pair, and both have the same Neutron port.
    """

    link_types = ("vnic-vconnector",)

    def find(self, view: View) -> Iterator[Link]:
        """Match by host and device name, or by Neutron port."""
        by_device: dict[tuple[str, str], InventoryObject] = {}
        by_port: dict[tuple[str, str], InventoryObject] = {}
        for vnic in on_hosts(view, "vnic"):
            if vnic.get("vnic_type") == "instance_vnic" and vnic.get("device"):
                by_device[vnic["host"], vnic["device"]] = vnic
            elif vnic.get("vnic_type") == "vservice_vnic" and vnic.get("port_id"):
                by_port[vnic["host"], vnic["port_id"]] = vnic
        for bridge in on_hosts(view, "vconnector", "bridge_name"):
            for member in bridge.get("interfaces") or ():
                owner: InventoryObject | None = by_device.get((bridge["host"], member["name"]))
                why = "is a member of"
                if owner is None and member.get("kind") == "veth" and member.get("port_id"):
                    owner = by_port.get((bridge["host"], member["port_id"]))
                    why = f"has the port of {member['name']}, a member of"
                if owner is not None:
                    yield self._link(owner, bridge, member, f"{owner.name} {why} {bridge['bridge_name']}")

    @staticmethod
    def _link(vnic: InventoryObject, bridge: InventoryObject, member: Mapping[str, Any], rule: str) -> Link:
        return make(
            vnic,
            bridge,
            rule=rule,
            name=vnic.get("mac_address"),
            up=member.get("state", "UP") == "UP",
            network=network_of(vnic),
        )


class VconnectorPnics:
    """One ``vconnector-host_pnic`` link per physical interface, or VLAN on one, that is a member of a bridge.

    It serves the bridge's network; where the bridge holds a tunnel endpoint's address, the networks of its tunnels.
    """

    link_types = ("vconnector-host_pnic",)

    def find(self, view: View) -> Iterator[Link]:
        """Match by host and device."""
        pnics = pnics_by_device(view)
        tunnelled: defaultdict[Any, set[str]] = defaultdict(set)
        for link in view.links("otep-vconnector"):
            networks = link.attributes.get("network")
            tunnelled[link.target].update([networks] if isinstance(networks, str) else networks or ())
        for bridge in on_hosts(view, "vconnector", "bridge_name"):
            own = network_of(bridge)
            networks = {own} if isinstance(own, str) else set(own or ())
            if not networks:
                networks = tunnelled.get(bridge.ref, set())
            for member in bridge.get("interfaces") or ():
                device = member["name"]
                pnic = pnics.get((bridge["host"], device))
                if pnic is not None:
                    yield make(
                        bridge,
                        pnic,
                        rule=f"{device} is a member of {bridge['bridge_name']}",
                        name=pnic.name,
                        up=link_detected(pnic),
                        network=networks or None,
                    )
