# SPDX-License-Identifier: Apache-2.0
"""Reads the truth: asks all sources, then derives."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.lab.oracle import ovn, ovn_moving, ovn_outside, ovn_services
from tests.lab.oracle.api import ask_cloud
from tests.lab.oracle.chains import all_chains
from tests.lab.oracle.hosts import read_host
from tests.lab.oracle.links import all_links, links_down
from tests.lab.oracle.model import Chain, Truth
from tests.lab.oracle.place import here
from tests.lab.oracle.things import all_things
from tests.lab.oracle.wiring import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.oracle.hosts import Host


def read() -> Truth:
    """Ask the API and every host, and derive the truth; raise an error if one of them does not answer."""
    return derive(read_site())


def read_site() -> Site:
    """Ask the API and every host."""
    place = here()
    names = [*place.hosts, *place.switches]
    with ThreadPoolExecutor(3) as pool:
        cloud = pool.submit(ask_cloud)
        told = dict(zip(names, pool.map(read_host, names), strict=True))
        # a machine without a known service of the cloud is not (or no longer) part of it
        known = {row["host"] for row in (*cloud.result().services, *cloud.result().agents.values())}
        return Site(
            cloud.result(),
            {name: told[name] for name in place.hosts if name in known},
            {name: told[name] for name in place.switches},
            ovn.read_tables() if place.variant == "ovn" else None,
        )


def derive(site: Site) -> Truth:
    """Derive the truth from all answers."""
    chains, links = all_chains(site), all_links(site)
    told = list(contradictions(site, chains))
    told += [f"{link} is on a chain but not a link" for chain in chains for link in chain.links if link not in links]
    truth = Truth(all_things(site), links, chains, links_down(site), tuple(told))
    return with_ovn(truth, site, site.tables) if site.tables is not None else truth


def with_ovn(truth: Truth, site: Site, tables: ovn.Tables) -> Truth:
    """Add the services of OVN itself."""
    things = ovn_services.wire_facts(truth.things, site, tables)
    routed = (
        *ovn_services.chains(site, tables),
        *ovn_outside.chains(site, tables, things),
        *ovn_moving.chains(site, tables, things),
    )
    made = (*ovn_services.services(site, tables), *ovn_outside.things(site, tables))
    return replace(
        truth,
        things=things | {one.end: one for one in made},
        links=truth.links | {link for chain in routed for link in chain.links},
        chains=(*truth.chains, *routed),
        contradictions=(*truth.contradictions, *ovn.contradictions(site, tables)),
    )


def contradictions(site: Site, chains: tuple[Chain, ...]) -> Iterator[str]:
    """Yield the contradictions between Nova, Neutron, libvirt and the host about an interface."""
    nics = {(nic.domain, nic.mac): (host.name, nic.device) for host in site.hosts.values() for nic in host.nics}
    for id_, server in site.cloud.servers.items():
        for told in site.cloud.interfaces[id_]:
            host, device = nics.get((id_, told["mac_addr"]), ("", ""))
            port = site.cloud.ports.get(told["port_id"], {})
            if (server["OS-EXT-SRV-ATTR:host"], port.get("binding:host_id")) != (host, host):
                yield f"server {id_}: Nova has it on {server['OS-EXT-SRV-ATTR:host']}, libvirt on {host or 'none'}"
            elif device != "-" and device[3:] != told["port_id"][:11]:
                yield f"server {id_}: port {told['port_id']} has the device {device}"
    yield from _masters(site)
    off = [id_[:11] for id_, port in site.cloud.ports.items() if not port["admin_state_up"]]
    for chain in chains:
        running = chain.owner.type != "instance" or site.cloud.servers[chain.owner.name]["status"] == "ACTIVE"
        wanted = chain.stops.endswith("is wired to no network") and any(device in chain.stops for device in off)
        if running and chain.stops and not wanted:
            yield f"{chain.owner}, {chain.interface}: {chain.stops}"


def _masters(site: Site) -> Iterator[str]:
    """Yield the routers of several hosts that have no master or several, or their addresses on another host."""
    for id_, router in site.cloud.routers.items():
        if not router.get("ha"):
            continue
        spaces = [(host, f"{kind}-{id_}") for host in site.hosts.values() for kind in ("qrouter", "snat")]
        spaces = [(host, space) for host, space in spaces if host.has_master_address(space) is not None]
        masters = [host.name for host, space in spaces if host.has_master_address(space)]
        if len(masters) != 1:
            yield f"router {id_} is active on {masters}"
        for host, space in spaces:
            routed = {ip for device in _inside(host, space, "qr-", "qg-", "sg-") for ip in _routed(host, space, device)}
            if bool(routed) != (host.name in masters):
                yield f"router {id_}: {host.name} has {sorted(routed)}, active is {masters}"


def _inside(host: Host, namespace: str, *prefixes: str) -> Iterator[str]:
    return (name for space, name in host.devices if space == namespace and name.startswith(prefixes))


def _routed(host: Host, namespace: str, device: str) -> Iterator[str]:
    return (ip for ip in host.addresses.get((namespace, device), ()) if not ip.startswith("fe80:"))
