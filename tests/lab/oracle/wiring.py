# SPDX-License-Identifier: Apache-2.0
"""How frames leave a host: the switch, endpoint and cable that a network uses there, and the other end of the cable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.oracle.hosts import DEAD_VLAN, INTEGRATION_BRIDGE, Host, Port, Vxlan
from tests.lab.oracle.model import End, Link
from tests.lab.oracle.ways import Way, behind, of_bridge, of_device, of_switch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tests.lab.oracle.api import Cloud, Row
    from tests.lab.oracle.ovn import Tables

TUNNELLED = ("vxlan", "geneve")
SWITCH_NAMES = {"Open vSwitch agent": "OVS", "Linux bridge agent": "LXB", "OVN Controller agent": "OVN",
                "OVN Controller Gateway agent": "OVN"}  # fmt: skip
"""Type of the agent that controls the virtual switch -> the type of the switch."""


@dataclass(frozen=True, slots=True)
class Site:
    """All answers: of the API, the hosts and the switches."""

    cloud: Cloud
    hosts: Mapping[str, Host]
    switches: Mapping[str, Host]
    tables: Tables | None = None
    """OVN's tables, if the cloud has OVN."""

    def vedge(self, host: Host) -> End | None:
        """Return the virtual switch of a host, if any: an agent that Neutron knows controls it, or it is a chassis."""
        for agent in self.cloud.agents.values():
            kind = SWITCH_NAMES.get(agent["agent_type"]) if agent["host"] == host.name else None
            if kind == "LXB" or (kind and host.has_ovs):
                return End("vedge", host.name, kind)
        chassis = self.tables.chassis.values() if self.tables is not None and host.has_ovs else ()
        return End("vedge", host.name, "OVN") if host.name in {one["hostname"] for one in chassis} else None

    def port_ends(self) -> dict[tuple[str, str], list[End]]:
        """Return, by host and device, the switch ports with it as LLDP neighbour."""
        found: dict[tuple[str, str], list[End]] = {}
        for switch in self.switches.values():
            for port, told in switch.heard.items():
                where = (told.get("chassis.name", ""), told.get("port.descr", ""))
                found.setdefault(where, []).append(End("switch_pnic", switch.name, port))
        return found


def pnic(host: Host, device: str) -> End:
    """Name the host's end of a cable."""
    return End("host_pnic", host.name, device)


def otep(host: Host, endpoint: str) -> End:
    """Name a tunnel endpoint: by overlay type with Open vSwitch, by device with Linux bridge."""
    return End("otep", host.name, endpoint)


def otep_type(site: Site, host: Host) -> str | None:
    """Return the overlay type of the tunnels that a host's Open vSwitch has or is configured to have."""
    vedge = site.vedge(host)
    types = {port.type for port in host.ports.values() if port.type in TUNNELLED}
    if vedge is None or vedge.name == "LXB":
        return None
    if types:
        (one,) = types
        return one
    configured = host.setting("openvswitch", "local_ip") if vedge.name == "OVS" else ""
    return "vxlan" if configured else None


def tunnel_address(site: Site, host: Host) -> str:
    """Return the source address of Open vSwitch's tunnels: in OVN, the one that is registered for the others."""
    if site.tables is not None:
        registered = site.tables.endpoints(host.setting("ovs", "system-id"))
        return registered[0] if len(registered) == 1 else host.setting("ovs", "ovn-encap-ip")
    own = {port.local for port in host.ports.values() if port.type in TUNNELLED and port.local}
    return own.pop() if len(own) == 1 else host.setting("openvswitch", "local_ip")


def hosts_with(site: Site, ip: str) -> list[Host]:
    """Return the hosts with this endpoint address: in OVN those that registered it, even if no device has it."""
    if site.tables is not None:
        return [one for one in site.hosts.values() if ip in site.tables.endpoints(one.setting("ovs", "system-id"))]
    return [one for one in site.hosts.values() if one.holder(ip) is not None]


def tunnel_exit(site: Site, host: Host) -> Way | None:
    """Return the only way of the packets that leave from the tunnels' address."""
    holder = host.holder(tunnel_address(site, host)) or ""
    found = [*of_device(host, holder)]
    found += of_bridge(host, holder) if holder in host.bridges() else behind(host, holder, frozenset())
    return found[0] if len(found) == 1 else None


def underlay(host: Host, vxlan: Vxlan) -> list[Way]:
    """Return the ways of a VXLAN device's packets, if its lower device has its address."""
    below = vxlan.below
    if host.holder(vxlan.local) != below:
        return []
    return list(of_bridge(host, below)) if below in host.bridges() else list(of_device(host, below))


def speaks(site: Site, host: Host, port: Port) -> bool:
    """Return whether a port of the integration bridge is wired to its network: in OVN, whether it is bound there."""
    if port.bridge != INTEGRATION_BRIDGE or not port.iface_id:
        return False
    if site.tables is not None:
        return site.tables.is_bound(port.iface_id, host.name)
    return port.tag not in ("", DEAD_VLAN)


def networks_on_switch(site: Site, host: Host) -> set[str]:
    """Return the networks with a port that is wired to the integration bridge."""
    return _networks_of(site, host, host.ports.values())


def networks_of_port(site: Site, host: Host, name: str) -> set[str]:
    """Return the networks to which a port is wired: more than one if it is the parent of a trunk.

    With OVN, all of them use the one port of the integration bridge; otherwise the trunk has its own bridge, with a
    patch for each network.
    """
    port = host.ports[name]
    if port.bridge == INTEGRATION_BRIDGE:
        return _networks_of(site, host, [port])
    patches = (one for one in host.ports.values() if one.bridge == port.bridge and one.type == "patch")
    inner = [there for one in patches if (there := host.ports.get(one.peer)) is not None and there.peer == one.name]
    return _networks_of(site, host, inner)


def _networks_of(site: Site, host: Host, plugged: Iterable[Port]) -> set[str]:
    ports = site.cloud.ports
    wired = [one.iface_id for one in plugged if speaks(site, host, one)]
    subs = [sub for one in wired for sub in site.tables.sub_ports(one, host.name)] if site.tables is not None else []
    return {ports[id_]["network_id"] for id_ in (*wired, *subs) if id_ in ports}


def switch_exit(site: Site, host: Host, network: Row, *, ovn: bool) -> tuple[str | None, tuple[Way, ...]]:
    """Return the endpoint's overlay type, if there is one, and the ways by which a network leaves Open vSwitch.

    There is more than one way only by the members of a bond.
    """
    kind = network["provider:network_type"]
    if kind in TUNNELLED:
        way = tunnel_exit(site, host) if otep_type(site, host) == kind else None
        return (kind if otep_type(site, host) == kind else None), (() if way is None else (way,))
    bridge = host.mappings(ovn=ovn).get(network.get("provider:physical_network") or "")
    found = tuple(of_switch(host, bridge)) if bridge in host.patched() else ()
    cables = {way.cable for way in found}
    return None, found if len(found) == 1 or any(cables == one.members.keys() for one in host.bonds) else ()


def network_of_bridge(site: Site, host: Host, bridge: str) -> str | None:
    """Return the network of a bridge of the Linux bridge agent: by where it leads, not by its name.

    A bridge that leads nowhere belongs to the network of its ports.
    """
    for member in host.members(bridge):
        vxlan = host.vxlans.get(member)
        for network in site.cloud.networks.values():
            kind, segment = network["provider:network_type"], network["provider:segmentation_id"]
            if vxlan is not None and kind == "vxlan" and str(segment) == vxlan.vni:
                return str(network["id"])
            if kind == "flat":
                mapped = host.setting("linuxbridge", "physical_interface_mappings").split(",")
                if f"{network['provider:physical_network']}:{member}" in mapped:
                    return str(network["id"])
    suffixes = {member[3:] for member in host.members(bridge)}
    inside = {one["network_id"] for one in site.cloud.ports.values() if one["id"][:11] in suffixes}
    return inside.pop() if len(inside) == 1 else None


def up_the_cable(site: Site, host: Host, device: str) -> Iterator[Link]:
    """Yield the links from a cable to the switch port at its other end, and to that port's switch."""
    for port in site.port_ends().get((host.name, device), []):
        yield Link(pnic(host, device), port)
        yield Link(End("switch", "", port.host), port)
