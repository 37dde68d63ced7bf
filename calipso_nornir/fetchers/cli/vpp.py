# SPDX-License-Identifier: Apache-2.0
"""FD.io VPP as a host's virtual switch: VPP itself, its bridge domains, its cards and its tunnel endpoints."""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import address_attributes
from calipso_nornir.fetchers.bonding import vpp_lacp_state, vpp_role
from calipso_nornir.fetchers.cli.host_pnics import pnics_folder
from calipso_nornir.fetchers.cli.oteps import DEFAULT_UDP_PORT
from calipso_nornir.fetchers.cli.vedges import agent_attributes, vedges_folder
from calipso_nornir.fetchers.vpp_questions import commands, seen_on
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, together
from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.parsing.rows import Address
from calipso_nornir.wiring.vpp import AF_PACKET, BOND, PHYSICAL, VXLAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.parsing.vpp import VppBond, VppLacp
    from calipso_nornir.wiring.vpp import VppPort, VppSwitch

VEDGE_TYPE = "VPP"
CONNECTOR_TYPE = "bridge-domain"


class VppVedges:
    """VPP of one host, in its vEdges folder (``seen_on`` decides which hosts have it).

    Source: ``vppctl show`` of version, interface, interface addr, hardware-interfaces, bridge-domain, vxlan tunnel,
    vxlan-gpe, vhost-user, bond details, lacp, tap; Neutron, agents, ports and networks.
    Attributes: ``host``, ``vedge_type`` ("VPP"), ``version``, the agent's attributes if Neutron lists one; ``bridges``
    [{name}] (bridge domains); ``ports`` [{name, id (sw_if_index, string), kind, state, mac_address, mtu, bridge_domain,
    split_horizon, bvi, xconnect, parent, lower, vlan_id, addresses, socket, device, namespace, port_id, network,
    networks}], see ``wiring.vpp``; ``tunnel_ports`` [{name, interface, overlay_type, vni, local_ip, remote_ip,
    udp_port, network}].
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask VPP, where the host has it."""
        seen = yield from seen_on(parent)
        if seen is None:
            return []
        switch = seen.switch
        return [
            Fetched(
                id=ids.vedge(parent.id, VEDGE_TYPE),
                name=f"{parent.name}-{VEDGE_TYPE}",
                attributes={
                    **(agent_attributes(seen.agent) if seen.agent is not None else {}),
                    "host": parent.id,
                    "vedge_type": VEDGE_TYPE,
                    "version": switch.tables.version,
                    "bridges": [{"name": domain_name(number)} for number in sorted(switch.networks)],
                    "ports": [port_attributes(one) for one in switch.ports],
                    "tunnel_ports": _tunnels(switch),
                },
                under=vedges_folder(parent),
                sources=seen.sources,
            )
        ]


class VppBridgeDomains:
    """Bridge domains of one host's VPP, in its vConnectors folder.

    Source: as ``VppVedges``.
    Attributes: ``host``, ``connector_type`` ("bridge-domain"), ``bd_id``, ``interfaces`` (as the vEdge's ``ports``),
    ``interfaces_names``, ``network`` (id, if all its interfaces are in one network).
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask VPP, where the host has it."""
        seen = yield from seen_on(parent)
        if seen is None:
            return []
        folder = parent.sibling("vconnectors_folder", ids.folder(parent.id, "vconnectors"))
        found = []
        for number, networks in sorted(seen.switch.networks.items()):
            members, name = seen.switch.members(number), domain_name(number)
            found.append(
                Fetched(
                    id=ids.vconnector(parent.id, name),
                    name=f"{parent.name}-{name}",
                    object_name=name,
                    attributes={
                        "host": parent.id,
                        "connector_type": CONNECTOR_TYPE,
                        "bd_id": number,
                        "interfaces": [port_attributes(one) for one in members],
                        "interfaces_names": [one.name for one in members],
                        **({"network": networks[0]} if len(networks) == 1 else {}),
                    },
                    under=folder,
                    sources=seen.sources,
                )
            )
        return found


class VppPnics:
    """Cards that VPP has taken from the kernel, and bonds of them, in the pNICs folder of their host.

    Source: as ``VppVedges``, and ``ip -d address``: devices that the kernel still shows belong to the kernel.
    Attributes: ``host``, ``local_name``, ``virtual_switch`` ("VPP"), ``mac_address``, ``mtu``, ``state``,
    ``link_detected``, ``speed``, ``pci_address``, ``addresses`` … as ``HostPnics``; ``vlan_interfaces``
    [{name, vlan_id, addresses, networks}]; of a bond ``ether_channel`` (True), ``bonding_mode``, ``load_balance``,
    ``members`` [{name, id, mac_address, active}], ``lacp_state`` ("negotiated", "no partner") and of its members then
    also ``role`` ("active", "not aggregated", "down") and ``partner_mac``; of members ``ether_channel_master``.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Ask VPP, if the host has it, and the kernel."""
        seen = yield from seen_on(parent)
        if seen is None:
            return []
        [(address, kernel)] = yield from together(questions.interfaces(parent.id))
        switch, of_kernel = seen.switch, {one.name for one in kernel}
        masters = {member: bond.name for bond in switch.tables.bonds for member in bond.members}
        bonds = {bond.name: bond for bond in switch.tables.bonds}
        return [
            Fetched(
                id=ids.host_pnic(parent.id, one.name),
                name=one.name,
                attributes={
                    **_pnic(parent, one, switch),
                    "master": masters.get(one.name),
                    "ether_channel_master": ids.host_pnic(parent.id, masters[one.name]) if one.name in masters else "",
                    **(_bond(parent, bonds.get(one.name), switch) if one.kind == BOND else {}),
                },
                under=pnics_folder(parent),
                sources=(*seen.sources, address),
            )
            for one in switch.ports
            if one.kind in (PHYSICAL, BOND) and one.name not in of_kernel
        ]


class VppOteps:
    """Tunnel endpoints of one VPP: one per overlay type, address and VNI.

    Source: the vEdge's tunnels and ports; ``vppctl show`` of vxlan tunnel, vxlan-gpe.
    Attributes: ``host``, ``overlay_type`` ("vxlan", "vxlan-gpe"), ``vni``, ``ip_address``, ``udp_port``, ``ports``
    (the tunnels) [{name, remote_ip …}], ``network`` (that of the bridge domain, if all its tunnels are in one),
    ``interface`` (which has the address), ``stack`` (that interface and what its frames pass next), ``vlan_id`` (of a
    sub-interface in it).
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Group the tunnels of each network, and find their way out of VPP."""
        asked = commands(parent["host"])
        queries = [asked["tunnels"], asked["gpe_tunnels"]]
        answers = yield queries
        answers.or_gap(asked["gpe_tunnels"])  # if VPP does not list its tunnels, none of them counts as gone
        groups: defaultdict[tuple[str, str, int], list[Mapping[str, Any]]] = defaultdict(list)
        for one in parent.get("tunnel_ports") or ():
            groups[one["overlay_type"], one["local_ip"], one["vni"]].append(one)
        ports = parent.get("ports") or []
        found = []
        for (overlay, local, vni), tunnels in sorted(groups.items()):
            networks = {one["network"] for one in tunnels} - {None}
            udp = {one["udp_port"] for one in tunnels} - {None}
            found.append(
                Fetched(
                    id=ids.otep(parent["host"], f"VPP {'' if overlay == VXLAN else overlay + ' '}{local} {vni}"),
                    name=f"{parent['host']}-otep-{overlay}-{vni}",
                    attributes={
                        "host": parent["host"],
                        "overlay_type": overlay,
                        "vni": vni,
                        "ip_address": local,
                        "udp_port": udp.pop() if len(udp) == 1 else None if udp else DEFAULT_UDP_PORT[overlay],
                        "ports": [dict(one) for one in tunnels],
                        **({"network": networks.pop()} if len(networks) == 1 else {}),
                        **way_out(local, ports),
                    },
                    sources=tuple(queries),
                )
            )
        return found


def domain_name(number: int) -> str:
    """Return the name of a bridge domain."""
    return f"bridge-domain-{number}"


def port_attributes(one: VppPort) -> dict[str, Any]:
    """Return an interface of VPP in the form that the attributes of vEdges and vConnectors have."""
    return {
        "name": one.name,
        "id": str(one.index),
        "kind": one.kind,
        "state": "UP" if one.up else "DOWN",
        "mac_address": one.mac,
        "mtu": one.mtu,
        "bridge_domain": one.bridge_domain,
        "split_horizon": one.split_horizon,
        "bvi": one.bvi,
        "xconnect": one.xconnect,
        "parent": one.parent,
        "lower": one.lower,
        "vlan_id": one.vlan_id,
        "addresses": list(one.addresses),
        "socket": one.socket,
        "device": one.device,
        "namespace": one.namespace,
        "port_id": one.port["id"] if one.port is not None else None,
        "network": one.port["network_id"] if one.port is not None else None,
        "networks": list(one.networks),
    }


def _tunnels(switch: VppSwitch) -> list[dict[str, Any]]:
    by_index = {one.index: one for one in switch.ports}
    rows = []
    for tunnel in (*switch.tables.tunnels, *switch.tables.gpe_tunnels):
        port = by_index.get(tunnel.index)
        networks = port.networks if port is not None else ()
        name = port.name if port is not None else f"{tunnel.overlay_type} tunnel {tunnel.index}"
        rows.append(
            {
                "name": name,
                "interface": name,
                "overlay_type": tunnel.overlay_type,
                "vni": tunnel.vni,
                "local_ip": canonical_ip(tunnel.local),
                "remote_ip": canonical_ip(tunnel.remote),
                "udp_port": tunnel.udp_port,
                "network": networks[0] if len(networks) == 1 else None,
            }
        )
    return rows


def _pnic(host: InventoryObject, one: VppPort, switch: VppSwitch) -> dict[str, Any]:
    return {
        "host": host.id,
        "local_name": one.name,
        "virtual_switch": VEDGE_TYPE,
        **({"mac_address": one.mac} if one.mac else {}),
        **({"mtu": one.mtu} if one.mtu else {}),
        **({"speed": one.speed} if one.speed else {}),
        **({"pci_address": one.pci} if one.pci else {}),
        "state": "UP" if one.up else "DOWN",
        "link_detected": "yes" if one.link_up else "no",
        **address_attributes(map(_address, one.addresses)),
        "vlan_interfaces": [
            {
                "name": sub.name,
                "vlan_id": sub.vlan_id,
                "addresses": list(sub.addresses),
                "networks": list(sub.networks),
            }
            for sub in switch.sub_interfaces(one.name)
        ],
    }


def _bond(host: InventoryObject, bond: VppBond | None, switch: VppSwitch) -> dict[str, Any]:
    """Return the attributes of a bond; DPDK's own bonds, up to 17.x, do not show their members to VPP."""
    if bond is None:
        return {"ether_channel": True, "members": []}
    ports = {one.name: one for one in switch.ports}
    names = {one.index: one.name for one in switch.ports}
    negotiating = {names.get(one.index): one for one in switch.tables.lacp if one.bond == bond.name}
    return {
        "ether_channel": True,
        "bonding_mode": bond.mode,
        "load_balance": bond.load_balance,
        **({"lacp_state": vpp_lacp_state(negotiating.values())} if negotiating else {}),
        "members": [
            {
                "name": name,
                "id": ids.host_pnic(host.id, name),
                "mac_address": ports[name].mac if name in ports else None,
                "active": name in bond.active,
                **_negotiated(ports.get(name), negotiating.get(name)),
            }
            for name in bond.members
        ],
    }


def _negotiated(port: VppPort | None, lacp: VppLacp | None) -> dict[str, Any]:
    if lacp is None:
        return {}
    return {"role": vpp_role(lacp, up=port is None or port.up), "partner_mac": lacp.partner}


def _address(cidr: str) -> Address:
    interface = ip_interface(cidr)
    family = "inet" if interface.version == 4 else "inet6"  # noqa: PLR2004 - IPv4
    return Address(cidr, family, "link" if interface.is_link_local else "global")


def way_out(local: str, ports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return which interface has an address, and what its frames pass next."""
    holders = [one for one in ports if local in {canonical_ip(cidr.partition("/")[0]) for cidr in one["addresses"]}]
    if len(holders) != 1:  # interfaces in different routing tables may have the same address
        return {"interface": None, "stack": []}
    way = [holders[0], *_below(holders[0], ports)]
    vlan = next((one["vlan_id"] for one in way if one["vlan_id"] is not None), None)
    stack = [name for one in way for name in (one["name"], one["lower"]) if name]
    return {"interface": stack[0], "stack": stack, **({"vlan_id": vlan} if vlan is not None else {})}


def _below(one: Mapping[str, Any], ports: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Return what the frames of an interface pass next; from a bridge domain, only if it has a single way out."""
    by_name = {each["name"]: each for each in ports}
    if one["parent"] is not None:
        return [by_name[one["parent"]]]
    if not one["bvi"]:
        return []
    outward = (PHYSICAL, BOND, AF_PACKET)
    ways = [
        [each, *([by_name[each["parent"]]] if each["parent"] is not None else [])]
        for each in ports
        if each["bridge_domain"] == one["bridge_domain"] and each is not one
    ]
    exits = [way for way in ways if way[-1]["kind"] in outward]
    return exits[0] if len(exits) == 1 else []
