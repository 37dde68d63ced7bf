# SPDX-License-Identifier: Apache-2.0
"""The virtual switch of a host: Open vSwitch, or the bridges of the Linux bridge agent."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import BRQ, kept
from calipso_nornir.fetchers.bonding import ovs_bond
from calipso_nornir.model import ids
from calipso_nornir.model.agent_types import LXB_AGENT, OVS_AGENT
from calipso_nornir.model.fetching import Fetched, together
from calipso_nornir.parsing.common_values import canonical_ip
from calipso_nornir.wiring.devices import Devices
from calipso_nornir.wiring.vlan_modes import cut_off, integration_of, unbound

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.parsing.rows import Interface, OvsBridge, OvsInterface, OvsPort

TUNNELS = frozenset({"vxlan", "gre", "geneve", "stt"})
"""Interface types of ovs-vswitchd.conf.db(5) that lead to another host."""

_OF_AGENT = (
    "agent_id",
    "agent_type",
    "binary",
    "alive",
    "admin_state_up",
    "configurations",
    "started_at",
    "created_at",
)


class OvsVedges:
    """Open vSwitch of one host, in its vEdges folder; hosts without an Open vSwitch agent have none.

    Source: ``ovs-vsctl list`` of Bridge, Port and Interface (else ``ovs-vsctl show``), ``ip -d address``; the agent.
    Attributes: ``host``, ``vedge_type`` ("OVS"), the agent's attributes, ``bridges`` [{name, datapath_type}]; ``ports``
    [{name, id (OpenFlow port, string), bridge, tag, trunks, vlan_mode, type, internal, mac_address, port_id,
    attached_mac, socket (vhost-user), peer, peer_netns, stack, vlan_id, link_state, network, network_type,
    physical_network, segmentation_id, unbound}], where ``peer`` is the other end of a patch port or veth pair,
    ``stack`` the port's device and those that its frames pass next (``wiring.devices``), ``vlan_id`` the VLAN in which
    they leave the stack, ``unbound`` (True, else missing) marks a Neutron port to which the agent has given no VLAN;
    ``tunnel_ports`` [{name, bridge, overlay_type, local_ip, remote_ip, options}]; ``networks`` [{network, …, tag}] with
    a local VLAN on this switch (tags of ports that are cut off do not count); ``bonds`` [{name, bridge, mode, lacp,
    members [{name, role}]}] (``fetchers.bonding``), if there are any.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look up the agent, then ask for the switch's database."""
        agent = yield from questions.switch_agent(parent)
        if agent is None or agent["agent_type"] != OVS_AGENT:
            return []
        (database, found), (address, interfaces) = yield from together(
            questions.ovs_bridges(parent.id), questions.interfaces(parent.id)
        )
        devices = Devices(interfaces)
        bonds = yield from bonds_of(parent.id, found)
        integration = integration_of(agent.get("configurations"))
        ports = [{**one, "unbound": True} if unbound(one, integration) else one for one in ports_of(found, devices)]
        return [
            Fetched(
                id=ids.vedge(parent.id, "OVS"),
                name=f"{parent.name}-OVS",
                attributes={
                    **agent_attributes(agent),
                    "host": parent.id,
                    "vedge_type": "OVS",
                    **tables_of(found, ports, bonds),
                    "networks": _networks(ports),
                },
                under=vedges_folder(parent),
                sources=(database, address),
            )
        ]


class LinuxBridgeVedges:
    """The Linux bridge agent of one host, in its vEdges folder; hosts without one have none.

    Source: ``ip -d address``; the agent.
    Attributes: ``host``, ``vedge_type`` ("LXB"), the agent's attributes (``configurations`` with its
    ``interface_mappings``, ``bridge_mappings`` and ``tunneling_ip``), ``bridges`` [{name}] that the agent runs: those
    that it creates ("brq…"), and those that its configuration names.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look up the agent, then ask for the bridges."""
        agents = questions.agent_of(parent, LXB_AGENT)
        answers = yield [agents]
        if not answers[agents]:
            return []
        address, interfaces = yield from questions.interfaces(parent.id)
        agent = agent_attributes(answers[agents][0])
        given = set((agent.get("configurations") or {}).get("bridge_mappings", {}).values())
        return [
            Fetched(
                id=ids.vedge(parent.id, "LXB"),
                name=f"{parent.name}-LXB",
                attributes={
                    **agent,
                    "host": parent.id,
                    "vedge_type": "LXB",
                    "bridges": [
                        {"name": one.name}
                        for one in Devices(interfaces).bridges()
                        if one.name in given or one.name.startswith(BRQ)
                    ],
                },
                under=vedges_folder(parent),
                sources=(address,),
            )
        ]


def bonds_of(host: str, found: Iterable[OvsBridge]) -> Generator[Sequence[Query], Answers, list[dict[str, Any]]]:
    """Ask for the state of ports with several interfaces, if there are any."""
    bonds = [(bridge.name, port) for bridge in found for port in bridge.ports if len(port.interfaces) > 1]
    if not bonds:
        return []
    queries = {port.name: questions.ovs_bond(host, port) for _, port in bonds}
    answers = yield [query for pair in queries.values() for query in pair]
    told = []
    for bridge, port in bonds:
        rows, interfaces = (answers.or_blank(query) for query in queries[port.name])
        if rows and interfaces is not None:
            current = {row["name"]: row.get("lacp_current") for row in interfaces}
            told.append(ovs_bond(bridge, port.name, port.interfaces, rows[0], current))
    return told


def vedges_folder(host: InventoryObject) -> ObjectRef:
    """Return the folder of a host's virtual switches."""
    return host.sibling("vedges_folder", ids.folder(host.id, "vedges"))


def agent_attributes(agent: InventoryObject) -> dict[str, Any]:
    """Return the attributes that a virtual switch takes from its agent."""
    return kept({key: agent[key] for key in _OF_AGENT if key in agent})


def tables_of(
    found: Sequence[OvsBridge], ports: Sequence[Mapping[str, Any]], bonds: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the attributes that every Open vSwitch has, with what ``ports_of`` and ``bonds_of`` have found."""
    return {
        "bridges": [{"name": one.name, "datapath_type": one.datapath_type} for one in found],
        "ports": ports,
        "tunnel_ports": list(chain.from_iterable(bridge.once(_tunnels) for bridge in found)),
        **({"bonds": bonds} if bonds else {}),
    }


def ports_of(found: Iterable[OvsBridge], devices: Devices) -> list[dict[str, Any]]:
    """Return the ports of an Open vSwitch in the form of an attribute."""
    ports = chain.from_iterable(bridge.once(_ports) for bridge in found)
    return [one if (device := devices.get(one["name"])) is None else _on(device, one, devices) for one in ports]


def _ports(bridge: OvsBridge) -> list[dict[str, Any]]:
    return [_port(bridge, port, interface) for port in bridge.ports for interface in port.interfaces]


def _tunnels(bridge: OvsBridge) -> list[dict[str, Any]]:
    return [_tunnel(bridge, one) for port in bridge.ports for one in port.interfaces if one.type in TUNNELS]


def _on(device: Interface, port: dict[str, Any], devices: Devices) -> dict[str, Any]:
    """Return a port with what its device shows; a tunnel's port has no device."""
    stack = devices.stack(device.name)
    return {
        **port,
        "peer": port["peer"] or devices.peer(device.name),
        "peer_netns": device.peer_netns,
        "stack": stack,
        "vlan_id": devices.vlan_of(stack),
    }


def _port(bridge: OvsBridge, port: OvsPort, one: OvsInterface) -> dict[str, Any]:
    """Return one interface of a port; Neutron's agent records on the port which network its tag stands for."""
    noted = port.other_config
    return {
        "name": one.name,
        "port": port.name,
        "bridge": bridge.name,
        "id": str(one.ofport) if one.ofport is not None else None,
        "tag": port.tag,
        "trunks": list(port.trunks),
        **({} if port.vlan_mode is None else {"vlan_mode": port.vlan_mode}),
        "type": one.type,
        "internal": one.type == "internal",
        "mac_address": one.mac,
        "link_state": one.link_state,
        "port_id": one.external_ids.get("iface-id"),
        "attached_mac": one.external_ids.get("attached-mac"),
        "socket": one.options.get("vhost-server-path"),
        "peer": one.options.get("peer") or None,
        "peer_netns": None,
        "stack": [],
        "vlan_id": None,
        "network": noted.get("net_uuid"),
        "network_type": noted.get("network_type"),
        "physical_network": _text(noted.get("physical_network")),
        "segmentation_id": _text(noted.get("segmentation_id")),
    }


def _tunnel(bridge: OvsBridge, one: OvsInterface) -> dict[str, Any]:
    return {
        "name": one.name,
        "interface": one.name,
        "bridge": bridge.name,
        "overlay_type": one.type,
        "local_ip": _ip(one.options.get("local_ip")),
        "remote_ip": _ip(one.options.get("remote_ip")),
        "options": dict(one.options),
    }


def _networks(ports: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    keys = ("network", "network_type", "physical_network", "segmentation_id", "tag")
    noted = {
        port["network"]: {key: port[key] for key in keys} for port in ports if port["network"] and not cut_off(port)
    }
    return [noted[network] for network in sorted(noted)]


def _ip(text: str | None) -> str | None:
    return text and canonical_ip(text)


def _text(value: str | None) -> str | None:
    """Return a value that Neutron's agent recorded; it writes Python's None as the string "None"."""
    return None if value in (None, "None") else value
