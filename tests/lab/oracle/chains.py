# SPDX-License-Identifier: Apache-2.0
"""Walks from every interface of a server, router or DHCP server, hop by hop, to the switch and the network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.lab.oracle.model import Chain, End, Link
from tests.lab.oracle.ways import Way, links_of_bridges, of_device
from tests.lab.oracle.wiring import Site, networks_of_port, otep, pnic, switch_exit, underlay, up_the_cable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.lab.oracle.api import Row
    from tests.lab.oracle.hosts import Device, Host, Nic

SERVICES = ("qrouter-", "snat-", "fip-", "qdhcp-", "ovnmeta-")
"""Prefixes of Neutron's namespaces."""
SERVER_HOST = "OS-EXT-SRV-ATTR:host"


@dataclass(slots=True)
class Walk:
    """One walk: its current place, and the links that it has taken."""

    site: Site
    host: Host
    network: Row | None
    links: list[Link] = field(default_factory=list)

    def take(self, source: End, target: End) -> None:
        """Take a link, once."""
        if (link := Link(source, target)) not in self.links:
            self.links.append(link)

    def from_device(self, vnic: End, device: str) -> str:
        """Continue from a device; return why the walk ends before the switch, "" if it does not."""
        bridge = self.host.bridge_of(device)
        if bridge is not None:
            self.take(vnic, vconnector := End("vconnector", self.host.name, bridge))
            return self._from_bridge(vconnector, bridge)
        if device in self.host.ports:
            return self._from_port(vnic, device)
        return f"{device} is not in a bridge" if self.host.device(device) else f"there is no device {device}"

    def _from_bridge(self, vconnector: End, bridge: str) -> str:
        vedge = self.site.vedge(self.host)
        for member in self.host.members(bridge):
            peer = self.host.peer(member)
            if peer is not None and peer in self.host.ports:
                return self._from_port(vconnector, peer)
        if vedge is None or vedge.name != "LXB":
            return f"{bridge} leads nowhere"
        self.take(vconnector, vedge)
        out = False
        for member in self.host.members(bridge):
            vxlan = self.host.vxlans.get(member)
            if vxlan is not None:
                self.take(endpoint := otep(self.host, member), vconnector)
                for way in underlay(self.host, vxlan):
                    out = self._go(endpoint, way)
            else:
                for way in of_device(self.host, member, frozenset({bridge})):
                    out = self._go(vconnector, way)
        return "" if out else f"nothing leads out of {bridge}"

    def _go(self, start: End, way: Way) -> bool:
        """Take a way out that leads over Linux bridges only."""
        first = End("vconnector", self.host.name, way.bridges[0]) if way.bridges else pnic(self.host, way.cable)
        self.take(*((first, start) if start.type == "vedge" and way.bridges else (start, first)))
        for link in links_of_bridges(self.host, way.bridges, way.cable):
            self.take(link.source, link.target)
        return self._leave(way.cable)

    def _from_port(self, before: End, name: str) -> str:
        vedge = self.site.vedge(self.host)
        if vedge is None:
            return f"Neutron knows no agent that controls the switch of {self.host.name}"
        self.take(before, vedge)
        ovn = vedge.name == "OVN"
        if self.network is None or self.network["id"] not in networks_of_port(self.site, self.host, name):
            return f"{name} is wired to no network"
        overlay, ways = switch_exit(self.site, self.host, self.network, ovn=ovn)
        if overlay is not None:
            self.take(vedge, endpoint := otep(self.host, overlay))
        if not ways:
            return f"{self.network['id']} does not leave {self.host.name}"
        unheard = [way.cable for way in ways if not self._go(vedge if overlay is None else endpoint, way)]
        return f"{' '.join(unheard)} is not an LLDP neighbour of any switch" if unheard else ""

    def _leave(self, device: str) -> bool:
        if self.network is not None:
            self.take(pnic(self.host, device), End("network", "", self.network["id"]))
        heard = list(up_the_cable(self.site, self.host, device))
        for link in heard:
            self.take(link.source, link.target)
        return bool(heard)


def instance_vnic(host: Host, nic: Nic) -> End:
    """Name an interface of a domain: by its device, else by domain and MAC."""
    return End("vnic", host.name, nic.device if nic.device != "-" else f"{nic.domain} {nic.mac}")


def own_nics(site: Site, host: Host) -> list[Nic]:
    """Return the interfaces of the domains whose servers are on this host according to Nova."""
    return [nic for nic in host.nics if (site.cloud.servers.get(nic.domain) or {}).get(SERVER_HOST) == host.name]


def service_vnic(host: Host, device: Device) -> End:
    """Name an interface inside a namespace."""
    return End("vnic", host.name, f"{device.namespace}/{device.name}")


def services(host: Host) -> dict[str, list[Device]]:
    """Return the namespaces of routers, DHCP and metadata servers with their Ethernet devices."""
    return {
        namespace: sorted(
            (one for one in host.devices.values() if one.namespace == namespace and one.ethernet),
            key=lambda one: one.name,
        )
        for namespace in host.namespaces
        if namespace.startswith(SERVICES)
    }


def network_of_nic(site: Site, nic: Nic) -> Row | None:
    """Return the network of a domain's interface, as Nova lists it."""
    for told in site.cloud.interfaces.get(nic.domain, ()):
        if told["mac_addr"] == nic.mac:
            return site.cloud.networks.get(told["net_id"])
    return None


def networks_of_trunk(site: Site, nic: Nic) -> list[Row]:
    """Return the networks of the sub-ports of the trunk of a domain's interface."""
    own = [told["port_id"] for told in site.cloud.interfaces.get(nic.domain, ()) if told["mac_addr"] == nic.mac]
    return [site.cloud.networks[sub["network_id"]] for parent in own for sub, _ in site.cloud.sub_ports(parent)]


def port_of_device(site: Site, host: Host, device: Device) -> Row | None:
    """Return the Neutron port of a device in a namespace: from the switch's port, else from the device's name.

    Neutron's device names are three letters and the beginning of the port's id.
    """
    plugged = host.ports.get(plug_of(host, device))
    if plugged is not None and plugged.iface_id:
        return site.cloud.ports.get(plugged.iface_id)
    found = [one for id_, one in site.cloud.ports.items() if id_[:11] == device.name[3:]]
    return found[0] if len(found) == 1 else None


def server_chains(site: Site) -> Iterator[Chain]:
    """Yield the chain of every interface of every server that libvirt knows; for a trunk, one for each network."""
    for host in site.hosts.values():
        for nic in own_nics(site, host):
            vnic = instance_vnic(host, nic)
            for network in (network_of_nic(site, nic), *networks_of_trunk(site, nic)):
                walk = Walk(site, host, network)
                walk.take(End("instance", "", nic.domain), vnic)
                yield _chain(walk, walk.from_device(vnic, nic.device))


def service_chains(site: Site) -> Iterator[Chain]:
    """Yield the chain of every interface of every router, DHCP and metadata server.

    The end of a wire in the namespace that leads outside has none: it belongs to a router's way out.
    """
    for host in site.hosts.values():
        for device in (one for devices in services(host).values() for one in devices):
            walk, wire = Walk(site, host, None), host.wire(device)
            if wire is None:
                yield _chain(walk, _from_service(walk, device))
            elif is_router_end(device):
                yield _chain(walk, _over_wire(walk, device, wire))


def _from_service(walk: Walk, device: Device) -> str:
    """Leave a namespace by a device; return why the walk ends before the switch."""
    port = port_of_device(walk.site, walk.host, device)
    walk.network = walk.site.cloud.networks.get(port["network_id"]) if port else None
    walk.take(End("vservice", walk.host.name, device.namespace), vnic := service_vnic(walk.host, device))
    return walk.from_device(vnic, plug_of(walk.host, device))


def _over_wire(walk: Walk, device: Device, far: Device) -> str:
    """Go from a distributed router to the namespace that leads outside, and continue from there."""
    host = walk.host
    walk.take(End("vservice", host.name, device.namespace), here := service_vnic(host, device))
    walk.take(here, there := service_vnic(host, far))
    walk.take(End("vservice", host.name, far.namespace), there)
    out = [one for one in services(host)[far.namespace] if host.wire(one) is None]
    stops = [_from_service(walk, one) for one in out]
    return " ".join(filter(None, stops)) if stops else f"{far.namespace} leads nowhere"


def is_router_end(device: Device) -> bool:
    """Return whether a device is a distributed router's end of the wire to the namespace that leads outside."""
    return device.name.startswith("rfp-")


def plug_of(host: Host, device: Device) -> str:
    """Return the outer end of a namespace's device: the veth's other end, else the device as Open vSwitch's port."""
    return host.outside(device) or device.name


def _chain(walk: Walk, stops: str) -> Chain:
    first = walk.links[0]
    return Chain(first.source, first.target, tuple(walk.links), stops)


def all_chains(site: Site) -> tuple[Chain, ...]:
    """Return the chains of everything, ordered."""
    found: Iterable[Chain] = [*server_chains(site), *service_chains(site)]
    return tuple(sorted(found, key=lambda one: (one.owner, one.interface)))
