# SPDX-License-Identifier: Apache-2.0
"""Queries that several fetchers share, each defined once: a scan sends equal queries only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calipso_nornir.fetchers.attributes import TAP_SUFFIX_LENGTH, tap_suffix
from calipso_nornir.model.agent_types import OVN_AGENTS, OVS_AGENT
from calipso_nornir.model.fetching import first_of
from calipso_nornir.model.ovs_columns import ACTIVE_MEMBER, READ, columns
from calipso_nornir.model.ovsdb import SETTINGS
from calipso_nornir.model.queries import ApiGet, Command, Lookup

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from calipso_nornir.model.answers import Answers
    from calipso_nornir.model.objects import InventoryObject
    from calipso_nornir.model.queries import Query
    from calipso_nornir.parsing.rows import FdbEntry, Interface, OvsBridge, OvsPort

# --- OpenStack API


def catalogue() -> ApiGet:
    """Ask for the services and endpoints of the token (Keystone v3, GET /v3/auth/catalog)."""
    return ApiGet("identity", "/auth/catalog", "catalog", cloud_wide=False, needed=("type", "endpoints"))


def projects() -> ApiGet:
    """Ask for all projects of all domains (Keystone v3)."""
    return ApiGet("identity", "/projects", "projects", needed=("id", "name"))


def zones(region: str) -> ApiGet:
    """Ask for Nova's zones with hosts and services; without /detail the zone "internal" is missing."""
    return ApiGet(
        "compute", "/os-availability-zone/detail", "availabilityZoneInfo", region=region, needed=("zoneName",)
    )


def hypervisors(region: str) -> ApiGet:
    """Ask for all compute nodes."""
    return ApiGet("compute", "/os-hypervisors/detail", "hypervisors", region=region, needed=("id",))


TELLING_OF_CELLS = "2.69"
"""Nova's microversion (Stein) since which answers show cells that do not answer (api-guide, "Handling Down Cells")."""


def services(region: str, *, telling_of_cells: bool = True) -> ApiGet:
    """Ask for Nova's services, including disabled ones."""
    version = TELLING_OF_CELLS if telling_of_cells else None
    return ApiGet("compute", "/os-services", "services", region=region, needed=("host", "binary"), microversion=version)


def server(region: str, id_: str, *, telling_of_cells: bool = True) -> ApiGet:
    """Ask for one server: 404 means that it is gone, even if its cell does not answer."""
    version = TELLING_OF_CELLS if telling_of_cells else None
    return ApiGet("compute", f"/servers/{id_}", "server", region=region, cloud_wide=False, microversion=version)


def aggregates(region: str) -> ApiGet:
    """Ask for the host aggregates."""
    return ApiGet("compute", "/os-aggregates", "aggregates", region=region, needed=("id", "name"))


def servers(region: str) -> ApiGet:
    """Ask for the servers of all projects: one list for all hosts."""
    return ApiGet(
        "compute",
        "/servers/detail",
        "servers",
        (("all_tenants", "1"),),
        region=region,
        needed=("id", "name"),
        narrow=(("instance", "uuid"), ("host", "host")),
    )


def networks(region: str) -> ApiGet:
    """Ask for the networks of all projects."""
    narrow = (("network", "id"), ("project", "project_id"))
    return ApiGet("network", "/networks", "networks", region=region, needed=("id",), narrow=narrow)


def subnets(region: str) -> ApiGet:
    """Ask for the subnets of all projects."""
    narrow = (("network", "network_id"),)
    return ApiGet("network", "/subnets", "subnets", region=region, needed=("id", "network_id"), narrow=narrow)


def ports(region: str) -> ApiGet:
    """Ask for the ports of all projects."""
    narrow = (("port", "id"), ("instance", "device_id"), ("network", "network_id"), ("host", "binding:host_id"))
    return ApiGet("network", "/ports", "ports", region=region, needed=("id", "network_id"), narrow=narrow)


def routers(region: str) -> ApiGet:
    """Ask for the routers of all projects."""
    return ApiGet("network", "/routers", "routers", region=region, needed=("id",))


def floating_ips(region: str) -> ApiGet:
    """Ask for the floating IP addresses of all projects."""
    narrow = (("port", "port_id"),)
    return ApiGet("network", "/floatingips", "floatingips", region=region, needed=("id",), narrow=narrow)


def agents(region: str) -> ApiGet:
    """Ask for Neutron's agents on all hosts."""
    narrow = (("host", "host"),)
    return ApiGet("network", "/agents", "agents", region=region, needed=("id", "host", "binary"), narrow=narrow)


def agent_of(host: InventoryObject, agent_type: str) -> Lookup:
    """Look up Neutron's agent of a type on a host."""
    return Lookup.of("network_agent", {"host": host.id, "agent_type": agent_type})


def switch_agent(
    host: InventoryObject,
) -> Generator[Sequence[Query], Answers, InventoryObject | None]:
    """Look up the agent that controls a host's Open vSwitch: preferably a live one, and OVN's before Neutron's own.

    After a host has moved to OVN, Neutron still lists its old, dead agent until an administrator removes it.
    """
    return min((yield from switch_agents(host)), key=lambda one: not one.get("alive"), default=None)


def switch_agents(host: InventoryObject) -> Generator[Sequence[Query], Answers, list[InventoryObject]]:
    """Look up all agents that control a host's Open vSwitch, or did so in the past."""
    lookups = [agent_of(host, agent_type) for agent_type in (*OVN_AGENTS, OVS_AGENT)]
    answers = yield lookups
    return [one for lookup in lookups for one in answers[lookup]]


# --- hosts

LIBVIRT = "virsh -c qemu:///system"
"""Without a URI, virsh connects an unprivileged user to qemu:///session, where the list is empty and the status 0."""


def interfaces(
    host: str, namespace: str | None = None
) -> Generator[Sequence[Query], Answers, tuple[Query, tuple[Interface, ...]]]:
    """Ask for all interfaces with details and addresses; return the query that was answered, and the rows."""
    if namespace is None:
        modern = Command(host, "ip -j -d address", "ip_address_json")
        old = Command(host, "ip -d address", "ip_address_text")
    else:
        inside = "ip netns exec {} ip "
        modern = Command.of(host, inside + "-j -d address", namespace, parser="ip_address_json", root=True)
        old = Command.of(host, inside + "-d address", namespace, parser="ip_address_text", root=True)
    return (yield from first_of(modern, old))


def namespaces(host: str) -> Generator[Sequence[Query], Answers, tuple[Query, Any]]:
    """Ask for the named network namespaces; return the query that was answered, and rows of ``Namespace``."""
    modern = Command(host, "ip -j netns list", "ip_netns_json", root=True)
    old = Command(host, "ip netns list", "ip_netns_text", root=True)
    answers = yield [
        modern,
        old,
    ]  # both at once: otherwise an old host would need a fourth round for the contents of its namespaces
    listed = modern if answers.failed(modern) is None else old
    return listed, answers[listed]


def forwarding(host: str) -> Generator[Sequence[Query], Answers, tuple[Query, Sequence[FdbEntry] | None]]:
    """Ask for forwarding entries; return the query that was answered, and the rows, None if there is no answer."""
    modern = Command(host, "bridge -j fdb show", "bridge_fdb_json")
    old = Command(host, "bridge fdb show", "bridge_fdb_text")
    answers = yield [modern, old]  # both at once, so that an old host needs no further round
    answered = modern if answers.failed(modern) is None else old
    return answered, answers.or_blank(answered)


def virtual_functions(host: str) -> Command:
    """Ask which devices are virtual functions, and of which physical function; for hosts whose cards have some."""
    return Command(host, r"find /sys/class/net/*/device/ -maxdepth 1 -name physfn -printf '%p %l\n'", "find_physfn")


def function_places(host: str) -> Command:
    """Ask for the PCI address of each virtual function of a card; for hosts whose cards have some."""
    text = r"find /sys/class/net/*/device/ -maxdepth 1 -name 'virtfn*' -printf '%p %l\n'"
    return Command(host, text, "find_virtfn")


def ovs_queries(host: str) -> tuple[Command, Command]:
    """Return the two commands for Open vSwitch's bridges, ports and interfaces: its tables, and its readable text."""
    return (
        Command(host, ovs_lists(), "ovs_bridges", root=True, formerly=ovs_lists(earlier=True)),
        Command(host, "ovs-vsctl show", "ovs_vsctl_show", root=True),
    )


def ovs_lists(*, earlier: bool = False) -> str:
    """Return the command that prints the columns; with ``earlier`` the one that earlier releases sent."""
    lists = (f"-- --columns=_uuid,{columns(table, earlier=earlier)} list {table}" for table in READ)
    return f"ovs-vsctl -f json {' '.join(lists)}"


def ovs_bridges(host: str) -> Generator[Sequence[Query], Answers, tuple[Query, tuple[OvsBridge, ...]]]:
    """Ask for the bridges of Open vSwitch with ports and interfaces; return the answered query and the rows."""
    return (yield from first_of(*ovs_queries(host)))


def ovs_bond(host: str, port: OvsPort) -> tuple[Command, Command]:
    """Return the commands for the state of an Open vSwitch bond: columns of its port, and those of its interfaces."""
    members = [one.name for one in port.interfaces]
    listed = "ovs-vsctl -f json --columns=name,{} list {} {}"
    of_port = listed.format(f"bond_mode,lacp,{ACTIVE_MEMBER}", "Port", "{}")
    of_members = listed.format("lacp_current", "Interface", " ".join("{}" for _ in members))
    return (
        Command.of(host, of_port, port.name, parser="ovs_table", root=True),
        Command.of(host, of_members, *members, parser="ovs_table", root=True),
    )


def ovs_settings(host: str) -> Command:
    """Ask for the configuration of ovn-controller: external_ids of Open_vSwitch (ovn-controller(8))."""
    return Command(host, SETTINGS, "ovs_table", root=True)


# --- the inventory


def ports_by_id(ports: Iterable[str]) -> Generator[Sequence[Query], Answers, dict[str, InventoryObject]]:
    """Look up Neutron ports by their full ids."""
    asked = {id_: Lookup.of("port", {"tap_suffix": id_[:TAP_SUFFIX_LENGTH]}) for id_ in ports}
    if not asked:
        return {}
    answers = yield list(dict.fromkeys(asked.values()))
    return {id_: one for id_, query in asked.items() for one in answers.or_blank(query, ()) if one.id == id_}


def ports_of_devices(
    devices: Iterable[str],
) -> Generator[Sequence[Query], Answers, dict[str, InventoryObject]]:
    """Look up the Neutron port of each device, by the part of the port's id in its name."""
    by_device = {
        device: Lookup.of("port", {"tap_suffix": suffix}) for device in devices if (suffix := tap_suffix(device))
    }
    if not by_device:
        return {}
    answers = yield list(dict.fromkeys(by_device.values()))
    found = {device: answers.or_blank(query) for device, query in by_device.items()}
    return {device: ports[0] for device, ports in found.items() if len(ports) == 1}
