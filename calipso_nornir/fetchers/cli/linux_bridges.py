# SPDX-License-Identifier: Apache-2.0
"""Linux bridges: Nova's qbr…, the Linux bridge agent's brq…, and any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import BRQ, TAP_SUFFIX_LENGTH
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched
from calipso_nornir.model.queries import Lookup
from calipso_nornir.wiring.devices import Devices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.rows import Bridge


class LinuxBridges:
    """Bridges of one host, in its vConnectors folder.

    Source: ``ip -d address``; ports and networks of the inventory.
    Attributes: ``host``, ``bridge_name``, ``bridge_id``, ``stp_enabled``, ``connector_type`` ("bridge"), ``mtu``,
    ``state``, ``mac_address``, ``addresses`` (CIDR texts); ``interfaces`` [{name, mac_address (of the Neutron port
    where there is one), port_id, network, kind, lower, peer, stack (``wiring.devices``), vlan_id, vni, state}],
    ``interfaces_names``; ``network`` (id, when all its ports are of one network).
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask for interfaces, then look up the ports and networks behind the bridges."""
        address, interfaces = yield from questions.interfaces(parent.id)
        devices = Devices(interfaces)
        found = devices.bridges()
        ports = yield from questions.ports_of_devices(name for bridge in found for name in bridge.interfaces)
        networks = Lookup.of("network")
        answers = yield [networks]
        by_name = {BRQ + one.id[:TAP_SUFFIX_LENGTH]: one.id for one in answers.or_blank(networks)}
        folder = parent.sibling("vconnectors_folder", ids.folder(parent.id, "vconnectors"))
        return [
            Fetched(
                id=ids.vconnector(parent.id, bridge.name),
                name=f"{parent.name}-{bridge.name}",
                object_name=bridge.name,
                attributes=_attributes(parent, bridge, devices, ports) | _network(bridge, ports, by_name),
                under=folder,
                sources=(address,),
            )
            for bridge in found
        ]


def _attributes(
    host: InventoryObject,
    bridge: Bridge,
    devices: Devices,
    ports: Mapping[str, InventoryObject],
) -> dict[str, Any]:
    own = devices[bridge.name]
    return {
        "host": host.id,
        "bridge_name": bridge.name,
        "bridge_id": bridge.bridge_id,
        "stp_enabled": bridge.stp,
        "connector_type": "bridge",
        "mtu": own.mtu,
        "state": "UP" if own.up else "DOWN",
        "mac_address": own.mac,
        "addresses": [address.cidr for address in own.addresses],
        "interfaces": [_member(devices, name, ports.get(name)) for name in bridge.interfaces],
        "interfaces_names": list(bridge.interfaces),
    }


def _member(devices: Devices, name: str, port: InventoryObject | None) -> dict[str, Any]:
    one, stack = devices[name], devices.stack(name)
    return {
        "name": one.name,
        "mac_address": port["mac_address"] if port is not None else one.mac,
        "port_id": port.id if port is not None else None,
        "network": port["network"] if port is not None else None,
        "kind": one.kind,
        "lower": one.lower if one.kind == "vlan" else one.vxlan.device if one.vxlan else None,
        "peer": devices.peer(name),
        "stack": stack,
        "vlan_id": devices.vlan_of(stack),
        "vni": one.vxlan.vni if one.vxlan else None,
        "state": "UP" if one.up else "DOWN",
    }


def _network(bridge: Bridge, ports: Mapping[str, InventoryObject], by_name: Mapping[str, str]) -> dict[str, Any]:
    """Return the network that a bridge serves, by its ports, else by the name that the agent gave it."""
    of_ports = {ports[name]["network"] for name in bridge.interfaces if name in ports}
    if len(of_ports) == 1:
        return {"network": of_ports.pop()}
    if not of_ports and bridge.name in by_name:
        return {"network": by_name[bridge.name]}
    return {}
