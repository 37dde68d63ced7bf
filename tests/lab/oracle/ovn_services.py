# SPDX-License-Identifier: Apache-2.0
"""The services of OVN itself, from its tables: routers with ports and gateways, DHCP, and keys in tunnels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab.oracle.model import Chain, End, Link, Thing
from tests.lab.oracle.wiring import pnic, switch_exit, up_the_cable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.oracle.api import Row
    from tests.lab.oracle.hosts import Host
    from tests.lab.oracle.model import Value
    from tests.lab.oracle.ovn import Tables
    from tests.lab.oracle.wiring import Site

GATEWAY = "network:router_gateway"
NEUTRON = "neutron-"


def router(id_: str) -> End:
    """Name a router, which is on no particular host."""
    return End("vservice", "", id_)


def router_port(port: Row) -> End:
    """Name the router's end of a port, as Northbound does."""
    return End("router_port", "", f"lrp-{port['id']}")


def router_ports(site: Site, tables: Tables) -> list[Row]:
    """Return Neutron's router ports that are in Northbound."""
    ports = site.cloud.ports.values()
    owned = (one for one in ports if one["device_owner"].startswith("network:router"))
    return [one for one in owned if f"lrp-{one['id']}" in tables.router_ports]


def services(site: Site, tables: Tables) -> Iterator[Thing]:
    """Yield routers, their ports, and the DHCP service of every network that has one."""
    ports = router_ports(site, tables)
    for name in tables.routers:
        id_ = name.removeprefix(NEUTRON)
        own = [one for one in ports if one["device_id"] == id_]
        label = (site.cloud.routers.get(id_) or {}).get("name") or id_
        facts: dict[str, Value] = {
            "label": f"router-{label}",
            "networks": tuple(sorted({one["network_id"] for one in own})),
            "gateways": tuple(sorted(_gateway(one, tables) for one in own if one["device_owner"] == GATEWAY)),
        }
        yield Thing(router(id_), facts)
    for port in ports:
        told = tables.router_ports[f"lrp-{port['id']}"]
        ips = told["networks"] if isinstance(told["networks"], list) else [told["networks"]]
        yield Thing(
            router_port(port),
            {
                "owner": port["device_id"],
                "mac": told["mac"],
                "port": port["id"],
                "network": port["network_id"],
                "ips": tuple(sorted(ips)),
            },
        )
    for network in sorted({site.cloud.subnets[one]["network_id"] for one in tables.served}):
        named = site.cloud.networks[network]["name"] or network
        yield Thing(End("vservice", "", f"{network}|dhcp"), {"label": f"dhcp-{named}", "networks": (network,)})


def _gateway(port: Row, tables: Tables) -> tuple[str, tuple[Value, ...]]:
    """Return the host of a gateway, "" for none, and its group: hosts with their priorities."""
    binding = tables.bindings[f"cr-lrp-{port['id']}"]
    group = tables.groups.get(str(binding["ha_chassis_group"]), ())
    members = sorted(
        ((tables.chassis[one]["hostname"], priority) for one, priority in group), key=lambda row: row[::-1]
    )
    return tables.host_of(binding) or "", tuple(reversed(members))


def wire_facts(things: Mapping[End, Thing], site: Site, tables: Tables) -> dict[End, Thing]:
    """Add the datapath's key to networks, and the host of the binding and the security groups to ports."""
    found = dict(things)
    for end, one in things.items():
        if end.type == "network" and NEUTRON + end.name in tables.keys:
            found[end] = replace(one, facts={**one.facts, "key": tables.keys[NEUTRON + end.name]})
        if end.type == "port" and end.name in tables.bindings:
            own = {"at": tables.host_of(tables.bindings[end.name]), "security": _security(site, tables, end.name)}
            found[end] = replace(one, facts={**one.facts, **own})
    return found


def _security(site: Site, tables: Tables, port: str) -> tuple[Value, ...]:
    """Return a port's security groups, whether it passes only what they allow, and whether Neutron agrees."""
    of = [name for name, ports in tables.port_groups.items() if port in ports]
    groups = tuple(sorted(name.removeprefix("pg_").replace("_", "-") for name in of if name.startswith("pg_")))
    row, drops = site.cloud.ports[port], "neutron_pg_drop" in of
    wanted: tuple[object, ...] = (tuple(sorted(row["security_groups"])), row["port_security_enabled"])
    if row["device_owner"].startswith("network:"):
        wanted = ((), False)
    return groups, drops, (groups, drops) == wanted


def chains(site: Site, tables: Tables) -> Iterator[Chain]:
    """Yield the chain of every port of a router: a gateway's leads out by its chassis, any other into its network."""
    for port in router_ports(site, tables):
        owner, interface = router(port["device_id"]), router_port(port)
        links, stops = [Link(owner, interface)], ""
        if port["device_owner"] == GATEWAY:
            way, stops = _way_out(site, tables, port)
            links += [*way, *(Link(interface, vedge) for vedge in _standing_by(site, tables, port))]
        else:
            links.append(Link(interface, End("network", "", port["network_id"])))
        yield Chain(owner, interface, tuple(links), stops)


def _way_out(site: Site, tables: Tables, port: Row) -> tuple[list[Link], str]:
    """Return the links from a gateway to the switch, and why they end before it, if so."""
    host = site.hosts.get(tables.host_of(tables.bindings.get(f"cr-lrp-{port['id']}", {"chassis": ""})) or "")
    vedge = site.vedge(host) if host is not None else None
    if host is None or vedge is None:
        return [], "it is bound to no chassis"
    out, stops = leave(site, host, vedge, port["network_id"])
    return [Link(router_port(port), vedge), *out], stops


def _standing_by(site: Site, tables: Tables, port: Row) -> Iterator[End]:
    """Yield the switches of the other members of a gateway's group."""
    binding = tables.bindings[f"cr-lrp-{port['id']}"]
    members = (tables.chassis[one]["hostname"] for one, _ in tables.groups.get(str(binding["ha_chassis_group"]), ()))
    for host in members:
        vedge = site.vedge(site.hosts[host]) if host != tables.host_of(binding) else None
        if vedge is not None:
            yield vedge


def leave(site: Site, host: Host, vedge: End, network: str) -> tuple[list[Link], str]:
    """Return the links by which a network leaves a chassis untunnelled, and why there are none, if so."""
    overlay, ways = switch_exit(site, host, site.cloud.networks[network], ovn=True)
    if overlay is not None or not ways or any(way.bridges for way in ways):
        return [], f"{network} does not leave {host.name}"
    links = []
    for cable in (pnic(host, way.cable) for way in ways):
        links += [Link(vedge, cable), Link(cable, End("network", "", network)), *up_the_cable(site, host, cable.name)]
    return links, ""
