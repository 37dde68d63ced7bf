# SPDX-License-Identifier: Apache-2.0
"""The virtual switch of a host: Open vSwitch, or what the Linux bridge agent runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers import questions
from calipso_nornir.fetchers.attributes import kept
from calipso_nornir.model import ids
from calipso_nornir.model.fetching import Fetched, together
from calipso_nornir.model.queries import Lookup
from calipso_nornir.parsing.bridge import bridges

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calipso_nornir.model.fetching import Fetching
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.refs import ObjectRef
    from calipso_nornir.parsing.rows import Interface, OvsBridge, OvsInterface, OvsPort

OVS_AGENT = "Open vSwitch agent"
LXB_AGENT = "Linux bridge agent"
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
    Attributes: ``host``, ``vedge_type`` ("OVS"), what Neutron says of the agent, ``bridges`` [{name, datapath_type}];
    ``ports`` [{name, id (OpenFlow port, text), bridge, tag, type, internal, mac_address, port_id, peer, link_state,
    network, network_type, physical_network, segmentation_id}] where ``peer`` is the other end of a patch or veth;
    ``tunnel_ports`` [{name, bridge, overlay_type, local_ip, remote_ip, options}]; ``networks`` [{network, …, tag}]
    that have a local VLAN here.
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look the agent up, then ask for the switch's database."""
        agents = Lookup.of("network_agent", {"host": parent.id, "agent_type": OVS_AGENT})
        answers = yield [agents]
        if not answers[agents]:
            return []
        (database, found), (address, interfaces) = yield from together(
            questions.ovs_bridges(parent.id), questions.interfaces(parent.id)
        )
        rows = {one.name: one for one in interfaces}
        ports = [_port(bridge, port, interface, rows) for bridge, port, interface in _interfaces(found)]
        return [
            Fetched(
                id=ids.vedge(parent.id, "OVS"),
                name=f"{parent.name}-OVS",
                attributes={
                    **_agent(answers[agents][0]),
                    "host": parent.id,
                    "vedge_type": "OVS",
                    "bridges": [{"name": one.name, "datapath_type": one.datapath_type} for one in found],
                    "ports": ports,
                    "tunnel_ports": [
                        _tunnel(bridge, interface)
                        for bridge, _, interface in _interfaces(found)
                        if interface.type in TUNNELS
                    ],
                    "networks": _networks(ports),
                },
                under=_folder(parent),
                sources=(database, address),
            )
        ]


class LinuxBridgeVedges:
    """The Linux bridge agent of one host, in its vEdges folder; hosts without one have none.

    Source: ``ip -d address``; the agent.
    Attributes: ``host``, ``vedge_type`` ("LXB"), what Neutron says of the agent (``configurations`` with its
    ``interface_mappings`` and ``tunneling_ip``), ``bridges`` [{name}] that the agent runs ("brq…").
    """

    def get(self, parent: InventoryObject) -> Fetching:
        """Look the agent up, then ask for the bridges."""
        agents = Lookup.of("network_agent", {"host": parent.id, "agent_type": LXB_AGENT})
        answers = yield [agents]
        if not answers[agents]:
            return []
        address, interfaces = yield from questions.interfaces(parent.id)
        return [
            Fetched(
                id=ids.vedge(parent.id, "LXB"),
                name=f"{parent.name}-LXB",
                attributes={
                    **_agent(answers[agents][0]),
                    "host": parent.id,
                    "vedge_type": "LXB",
                    "bridges": [{"name": one.name} for one in bridges(interfaces) if one.name.startswith("brq")],
                },
                under=_folder(parent),
                sources=(address,),
            )
        ]


def _folder(host: InventoryObject) -> ObjectRef:
    return host.sibling("vedges_folder", ids.folder(host.id, "vedges"))


def _agent(agent: InventoryObject) -> dict[str, Any]:
    return kept({key: agent[key] for key in _OF_AGENT if key in agent})


def _interfaces(found: Iterable[OvsBridge]) -> list[tuple[OvsBridge, OvsPort, OvsInterface]]:
    return [(bridge, port, one) for bridge in found for port in bridge.ports for one in port.interfaces]


def _port(bridge: OvsBridge, port: OvsPort, one: OvsInterface, rows: Mapping[str, Interface]) -> dict[str, Any]:
    """Return one interface of a port; Neutron's agent notes on the port which network is behind its tag."""
    device = rows.get(one.name)
    noted = port.other_config
    return {
        "name": one.name,
        "port": port.name,
        "bridge": bridge.name,
        "id": str(one.ofport) if one.ofport is not None else None,
        "tag": port.tag,
        "trunks": list(port.trunks),
        "type": one.type,
        "internal": one.type == "internal",
        "mac_address": one.mac,
        "link_state": one.link_state,
        "port_id": one.external_ids.get("iface-id"),
        "attached_mac": one.external_ids.get("attached-mac"),
        "peer": one.options.get("peer") or (device.lower if device and device.kind == "veth" else None),
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
        "local_ip": one.options.get("local_ip"),
        "remote_ip": one.options.get("remote_ip"),
        "options": dict(one.options),
    }


def _networks(ports: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    keys = ("network", "network_type", "physical_network", "segmentation_id", "tag")
    noted = {port["network"]: {key: port[key] for key in keys} for port in ports if port["network"]}
    return [noted[network] for network in sorted(noted)]


def _text(value: str | None) -> str | None:
    """Return what Neutron's agent notes; it writes Python's None as text."""
    return None if value in (None, "None") else value
