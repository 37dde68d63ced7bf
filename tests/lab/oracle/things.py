# SPDX-License-Identifier: Apache-2.0
"""Every existing object, type by type, with its relevant facts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.lab.oracle.chains import (
    SERVER_HOST,
    instance_vnic,
    network_of_nic,
    own_nics,
    port_of_device,
    service_vnic,
    services,
)
from tests.lab.oracle.model import End, Thing, Value
from tests.lab.oracle.wiring import TUNNELLED, Site, network_of_bridge, otep, otep_type, pnic, tunnel_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.oracle.api import Row
    from tests.lab.oracle.hosts import Host

NETWORKING = {"DHCP agent", "L3 agent", "Metadata agent", "OVN Controller Gateway agent"}
"""Agents that make their host a network node."""
OF_ROUTERS = ("qrouter-", "snat-")


def all_things(site: Site) -> dict[End, Thing]:
    """Return all objects, by their ends."""
    found = [*_identity(site), *_compute(site), *_network(site), *_fabric(site)]
    for host in site.hosts.values():
        found += [*_interfaces(site, host), *_wiring(site, host), *_endpoints(site, host)]
    things = {one.end: one for one in found}
    assert len(things) == len(found), "two things have one name"
    return things


def _thing(type_: str, name: str, host: str = "", **facts: Value) -> Thing:
    return Thing(End(type_, host, name), facts)


def _identity(site: Site) -> Iterator[Thing]:
    for region in site.cloud.regions:
        yield _thing("region", region["id"])
    for id_, project in site.cloud.projects.items():
        if not project["is_domain"]:
            yield _thing("project", id_, label=project["name"], enabled=project["enabled"])


def zones(site: Site) -> dict[str, str]:
    """Return host -> zone: its nova-compute's, else that of its other services, else of its Neutron agents."""
    zone: dict[str, str] = {}
    for agent in site.cloud.agents.values():
        zone[agent["host"]] = agent["availability_zone"] or zone.get(agent["host"], "(no zone)")
    ranked = sorted(site.cloud.services, key=lambda row: row["binary"] == "nova-compute")
    return zone | {row["host"]: row["zone"] for row in ranked}


def _compute(site: Site) -> Iterator[Thing]:
    zone = zones(site)
    for name in {*zone.values(), *(row["zone"] for row in site.cloud.services)}:
        yield _thing("availability_zone", name, hosts=tuple(sorted(h for h, z in zone.items() if z == name)))
    for host, own in zone.items():
        binaries = {row["binary"] for row in site.cloud.services if row["host"] == host}
        agents = {row["agent_type"] for row in site.cloud.agents.values() if row["host"] == host}
        roles = {
            "Compute": "nova-compute" in binaries,
            "Controller": "nova-conductor" in binaries,
            "Network": bool(agents & NETWORKING),
        }
        yield _thing("host", host, host, zone=own, roles=tuple(sorted(role for role, so in roles.items() if so)))
    for row in site.cloud.aggregates:
        members = tuple(sorted(row["hosts"]))
        yield _thing("aggregate", row["name"], hosts=members, zone=row["availability_zone"])
        for host in members:
            yield _thing("host_ref", row["name"], host, there=host in zone)
    for id_, row in site.cloud.servers.items():
        yield _thing(
            "instance",
            id_,
            label=row["name"],
            on=row[SERVER_HOST],
            status=row["status"],
            project=row["tenant_id"],
            networks=tuple(sorted(_networks_of(site, id_))),
        )


def _networks_of(site: Site, server: str) -> set[str]:
    told = site.cloud.interfaces[server]
    subs = [sub for one in told for sub, _ in site.cloud.sub_ports(one["port_id"])]
    return {*(one["net_id"] for one in told), *(one["network_id"] for one in subs)}


def _network(site: Site) -> Iterator[Thing]:
    projects, subnets = site.cloud.projects, site.cloud.subnets.values()
    for id_, row in site.cloud.networks.items():
        yield _thing(
            "network",
            id_,
            label=row["name"],
            project=row["project_id"] if row["project_id"] in projects else None,
            kind=row["provider:network_type"],
            physical=row["provider:physical_network"],
            segment=row["provider:segmentation_id"],
            cidrs=tuple(sorted(one["cidr"] for one in subnets if one["network_id"] == id_)),
        )
    for id_, row in site.cloud.ports.items():
        yield _thing(
            "port",
            id_,
            network=row["network_id"],
            mac=row["mac_address"],
            device=row["device_id"],
            bound=row["binding:host_id"],
            status=row["status"],
            ips=_ips(row),
        )
    for row in site.cloud.agents.values():
        yield _thing("network_agent", row["binary"], row["host"], kind=row["agent_type"], alive=row["alive"])


def _ips(port: Row | None) -> tuple[str, ...]:
    return tuple(sorted(one["ip_address"] for one in port["fixed_ips"])) if port else ()


def _interfaces(site: Site, host: Host) -> Iterator[Thing]:
    for nic in own_nics(site, host):
        network = network_of_nic(site, nic)
        told = next((one for one in site.cloud.interfaces[nic.domain] if one["mac_addr"] == nic.mac), None)
        yield Thing(
            instance_vnic(host, nic),
            {
                "owner": nic.domain,
                "mac": nic.mac,
                "port": told["port_id"] if told else None,
                "network": network["id"] if network else None,
                "ips": tuple(sorted(one["ip_address"] for one in told["fixed_ips"])) if told else (),
                "trunk": _trunk(site, told["port_id"]) if told else None,
            },
        )
    for namespace, devices in services(host).items():
        of = namespace.partition("-")[2]
        routed = {row["network_id"] for row in site.cloud.ports.values() if row["device_id"] == of}
        serves = routed if namespace.startswith(OF_ROUTERS) else {of}
        yield _thing(
            *("vservice", namespace, host.name),
            networks=tuple(sorted(serves)),
            label=_label(site, namespace),
            ha={True: "active", False: "standby", None: None}[host.has_master_address(namespace)],
            floating=_floating(site, host, namespace),
        )
        for device in devices:
            port = port_of_device(site, host, device)
            yield Thing(
                service_vnic(host, device),
                {
                    "owner": namespace,
                    "mac": device.mac,
                    "port": port["id"] if port else None,
                    "network": port["network_id"] if port else None,
                    "ips": tuple(sorted(host.addresses.get((namespace, device.name), ()))),
                },
            )


def _floating(site: Site, host: Host, namespace: str) -> tuple[str, ...] | None:
    """Return the floating IPs that a namespace serves or passes on if routers are distributed; else None."""
    router = site.cloud.routers.get(namespace.partition("-")[2]) or {}
    if not router.get("distributed") and not namespace.startswith("fip-"):
        return None
    return tuple(sorted(ip for served, ip in host.floating if served == namespace))


def _trunk(site: Site, parent: str) -> tuple[Value, ...] | None:
    """Return VLAN, port and network of each sub-port of a trunk; None without a trunk."""
    return tuple(sorted((vlan, sub["id"], sub["network_id"]) for sub, vlan in site.cloud.sub_ports(parent))) or None


def _label(site: Site, namespace: str) -> str:
    kind, _, of = namespace.partition("-")
    rows: Mapping[str, Row] = site.cloud.routers if kind in ("qrouter", "snat") else site.cloud.networks
    return f"{kind}-{(rows[of]['name'] if of in rows else '') or of}"


def _wiring(site: Site, host: Host) -> Iterator[Thing]:
    for bridge in host.bridges():
        yield _thing(
            "vconnector",
            bridge,
            host.name,
            members=tuple(host.members(bridge)),
            network=network_of_bridge(site, host, bridge),
        )
    vedge = site.vedge(host)
    if vedge is not None:
        plugged = ((one.name, one.bridge, one.tag) for one in host.ports.values())
        bonds = ((one.name, one.mode, tuple(sorted(one.members.items()))) for one in host.bonds)
        yield Thing(vedge, {"ports": tuple(sorted(plugged)), "bonds": tuple(sorted(bonds)) or None})
    for device in host.cables():
        mac = host.devices["", device].mac
        yield Thing(pnic(host, device), {"mac": mac, "addresses": tuple(sorted(host.addresses.get(("", device), ())))})


def _endpoints(site: Site, host: Host) -> Iterator[Thing]:
    overlay, vedge = otep_type(site, host), site.vedge(host)
    if overlay is not None and vedge is not None:
        remotes = tuple(sorted(one.remote for one in host.ports.values() if one.type in TUNNELLED))
        ip = tunnel_address(site, host)
        yield Thing(otep(host, overlay), {"ip": ip, "remotes": remotes, "parent": vedge.name})
    for name, vxlan in host.vxlans.items():
        bridge = host.bridge_of(name)
        if bridge is not None:
            remotes = tuple(sorted(remote for device, remote in host.remotes if device == name))
            yield Thing(otep(host, name), {"ip": vxlan.local, "remotes": remotes, "parent": bridge})


def _fabric(site: Site) -> Iterator[Thing]:
    """Yield switches, and those of their ports that are cabled to a host of the cloud."""
    ends: defaultdict[End, list[tuple[Value, ...]]] = defaultdict(list)
    for (host, device), ports in site.port_ends().items():
        if host in site.hosts and device in site.hosts[host].cables():
            for port in ports:
                ends[port].append((host, device))
    for name in {end.host for end in ends}:
        yield _thing("switch", name, chassis=site.switches[name].chassis.get("mac"))
    for end, ears in ends.items():
        yield Thing(end, {"heard_by": tuple(sorted(ears, key=str))})
