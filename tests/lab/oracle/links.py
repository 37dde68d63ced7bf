# SPDX-License-Identifier: Apache-2.0
"""Every existing link, on a chain or not, type by type, derived from the facts of the hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lab.oracle.chains import instance_vnic, is_router_end, own_nics, plug_of, service_vnic, services
from tests.lab.oracle.hosts import DEAD_VLAN, INTEGRATION_BRIDGE
from tests.lab.oracle.model import End, Link
from tests.lab.oracle.ways import of_device
from tests.lab.oracle.wiring import (
    TUNNELLED,
    Site,
    hosts_with,
    network_of_bridge,
    networks_on_switch,
    otep,
    otep_type,
    pnic,
    speaks,
    switch_exit,
    tunnel_exit,
    underlay,
    up_the_cable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.oracle.hosts import Host


def all_links(site: Site) -> frozenset[Link]:
    """Return every link."""
    found: set[Link] = set()
    for host in site.hosts.values():
        found |= {*_vnics(site, host), *_bridges(site, host), *_switch(site, host), *_endpoints(site, host)}
        found |= {*_vxlans(site, host), *_networks(site, host)}
        for cable in host.cables():
            found |= set(up_the_cable(site, host, cable))
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Plug:
    """An interface: its owner, the device that connects it, and whether that device exists and is on."""

    owner: End
    vnic: End
    device: str
    up: bool
    passes: bool = True
    """Whether frames pass at its port: its agent has not cut it off."""
    wire: End | None = None
    """For a router's end of the wire to the namespace that leads outside: the other end."""


def _plugs(site: Site, host: Host) -> Iterator[Plug]:
    for nic in own_nics(site, host):
        device = host.device(nic.device)
        up = device is not None and device.up
        yield Plug(
            End("instance", "", nic.domain), instance_vnic(host, nic), nic.device, up, alive(site, host, nic.device)
        )
    for namespace, devices in services(host).items():
        for device in devices:
            plug = plug_of(host, device)
            owner, far = End("vservice", host.name, namespace), host.wire(device)
            outer = service_vnic(host, far) if far is not None and is_router_end(device) else None
            passes = alive(site, host, plug) and (outer is None or bool(far and far.up))
            yield Plug(owner, service_vnic(host, device), plug, device.up, passes, outer)


def _links_of(site: Site, host: Host, plug: Plug) -> Iterator[Link]:
    """Yield the links from an interface's owner to it, and to what it is plugged into."""
    vedge, bridge = site.vedge(host), host.bridge_of(plug.device)
    yield Link(plug.owner, plug.vnic)
    if plug.wire is not None:
        yield Link(plug.vnic, plug.wire)
    elif bridge is not None:
        yield Link(plug.vnic, End("vconnector", host.name, bridge))
    elif plug.device in host.ports and vedge is not None:
        yield Link(plug.vnic, vedge)


def _vnics(site: Site, host: Host) -> Iterator[Link]:
    for plug in _plugs(site, host):
        yield from _links_of(site, host, plug)


def alive(site: Site, host: Host, device: str) -> bool:
    """Return False for a port of Open vSwitch that is cut off: in the dead VLAN, in none, or bound elsewhere."""
    port, vedge = host.ports.get(device), site.vedge(host)
    if port is None or port.tag == DEAD_VLAN:
        return port is None
    if vedge is None or port.bridge != INTEGRATION_BRIDGE or not port.iface_id:
        return True
    return speaks(site, host, port)


def links_down(site: Site) -> frozenset[Link]:
    """Return the links of interfaces whose device is off or missing, and those of ports that are cut off."""
    found = set()
    for host in site.hosts.values():
        for plug in _plugs(site, host):
            owned, *plugged = _links_of(site, host, plug)
            found |= {*([] if plug.up else [owned]), *([] if plug.up and plug.passes else plugged)}
        vedge = site.vedge(host)
        for bridge in host.bridges() if vedge is not None else ():
            dead = [peer for one in host.members(bridge) if (peer := host.peer(one)) and not alive(site, host, peer)]
            found |= {Link(End("vconnector", host.name, bridge), vedge) for _ in dead if vedge is not None}
    return frozenset(found)


def _bridges(site: Site, host: Host) -> Iterator[Link]:
    """Linux bridges: wires to Open vSwitch and to other bridges, the agent that runs them, cables in them."""
    vedge = site.vedge(host)
    for bridge in host.bridges():
        here = End("vconnector", host.name, bridge)
        for member in host.members(bridge):
            if vedge is not None and (host.peer(member) in host.ports or member in host.ports):
                yield Link(here, vedge)
            if member in host.cables():
                yield Link(here, pnic(host, member))
            other = host.bridge_of(host.peer(member) or "")
            if other not in (None, bridge) and not _has_cable(host, bridge):  # outwards: to the one that has a cable
                yield Link(here, End("vconnector", host.name, str(other)))
        if vedge is not None and vedge.name == "LXB" and bridge.startswith("brq"):
            yield Link(here, vedge)


def _has_cable(host: Host, bridge: str) -> bool:
    return any(member in host.cables() for member in host.members(bridge))


def _switch(site: Site, host: Host) -> Iterator[Link]:
    """Cables that are ports of Open vSwitch."""
    vedge = site.vedge(host)
    for port in host.ports.values():
        if vedge is not None and port.name in host.cables():
            yield Link(vedge, pnic(host, port.name))


def _endpoints(site: Site, host: Host) -> Iterator[Link]:
    """Endpoints of Open vSwitch: their switch, the cable that they use, and the endpoints to which they send."""
    overlay, vedge = otep_type(site, host), site.vedge(host)
    if overlay is None or vedge is None:
        return
    here = otep(host, overlay)
    yield Link(vedge, here)
    way = tunnel_exit(site, host)
    if way is not None:
        yield Link(here, End("vconnector", host.name, way.bridges[0]) if way.bridges else pnic(host, way.cable))
    for port in host.ports.values():
        if port.type in TUNNELLED:
            for other in hosts_with(site, port.remote):
                yield Link(here, otep(other, overlay))


def _vxlans(site: Site, host: Host) -> Iterator[Link]:
    """The same for endpoints that are VXLAN devices in a bridge."""
    for name, vxlan in host.vxlans.items():
        bridge = host.bridge_of(name)
        if bridge is None:
            continue
        yield Link(otep(host, name), End("vconnector", host.name, bridge))
        for way in underlay(host, vxlan):
            first = End("vconnector", host.name, way.bridges[0]) if way.bridges else pnic(host, way.cable)
            yield Link(otep(host, name), first)
        for other in (one for device, ip in host.remotes if device == name for one in hosts_with(site, ip)):
            for same in other.vxlans.values():
                if same.vni == vxlan.vni and other.bridge_of(same.name) is not None:
                    yield Link(otep(host, name), otep(other, same.name))


def _networks(site: Site, host: Host) -> Iterator[Link]:
    """Networks that a cable carries."""
    vedge = site.vedge(host)
    ovn = vedge is not None and vedge.name == "OVN"
    for network in networks_on_switch(site, host) if vedge is not None else ():
        for way in switch_exit(site, host, site.cloud.networks[network], ovn=ovn)[1]:
            yield Link(pnic(host, way.cable), End("network", "", network))
    for bridge in host.bridges():
        carried = network_of_bridge(site, host, bridge)
        for member in host.members(bridge) if carried is not None else ():
            vxlan = host.vxlans.get(member)
            ways = underlay(host, vxlan) if vxlan is not None else of_device(host, member, frozenset({bridge}))
            for way in ways:
                yield Link(pnic(host, way.cable), End("network", "", str(carried)))
