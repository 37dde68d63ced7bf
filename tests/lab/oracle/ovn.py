# SPDX-License-Identifier: Apache-2.0
"""OVN's own tables, compared with the hosts: logical ports and their bindings, chassis and their tunnels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.lab.oracle.hosts import INTEGRATION_BRIDGE, Host
from tests.lab.oracle.place import inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.oracle.wiring import Site

Record: TypeAlias = "Mapping[str, Any]"
TABLES = {
    "nb": {
        "Logical_Switch_Port": "name,type,addresses,up,enabled",
        "Logical_Router": "name",
        "Logical_Router_Port": "name,mac,networks",
        "DHCP_Options": "external_ids",
        "NAT": "type,external_ip,logical_port,external_mac,external_ids",
        "Load_Balancer": "name,vips,protocol,external_ids",
    },
    "sb": {
        "Port_Binding": "logical_port,parent_port,type,chassis,additional_chassis,mac,up,ha_chassis_group",
        "Datapath_Binding": "tunnel_key,external_ids",
        "HA_Chassis_Group": "_uuid,ha_chassis",
        "HA_Chassis": "_uuid,chassis,priority",
        "Chassis": "_uuid,name,hostname,encaps",
        "Encap": "_uuid,type,ip,chassis_name",
        "Port_Group": "name,ports",
    },
}


@dataclass(frozen=True, slots=True)
class Tables:
    """Rows of the tables that the oracle needs; sets and maps of OVSDB are lists and dictionaries."""

    switch_ports: Mapping[str, Record]
    router_ports: Mapping[str, Record]
    bindings: Mapping[str, Record]
    """By logical port."""
    chassis: Mapping[str, Record]
    """By UUID."""
    encaps: tuple[Record, ...]
    routers: frozenset[str]
    """Names in Northbound."""
    served: frozenset[str]
    """Subnets in which OVN answers DHCP requests."""
    keys: Mapping[str, int]
    """Name of a switch or router -> tunnel key of its datapath."""
    groups: Mapping[str, tuple[tuple[str, int], ...]]
    """UUID of a gateway group -> chassis and priority of each member."""

    nat: Mapping[str, Record]
    """Translations of floating IPs, by the floating IP's id."""
    balancers: tuple[Record, ...]
    port_groups: Mapping[str, frozenset[str]]
    """Name in Northbound -> names of the ports that it has on any switch, as northd has made them for the chassis."""

    def host_of(self, binding: Record) -> str | None:
        """Return the host of the chassis to which a port is bound."""
        chassis = binding["chassis"]
        return self.chassis[chassis]["hostname"] if isinstance(chassis, str) and chassis else None

    def is_bound(self, port: str, host: str) -> bool:
        """Return whether a logical port is on a host; a localport, of metadata services, is on every host."""
        binding = self.bindings.get(port)
        if binding is None:
            return False
        return binding["type"] == "localport" or host in (self.host_of(binding), *self.also_on(binding))

    def sub_ports(self, parent: str, host: str) -> list[str]:
        """Return the sub-ports in the trunk of a port that are on a host."""
        own = (name for name, row in self.bindings.items() if row["parent_port"] == parent)
        return [name for name in own if self.is_bound(name, host)]

    def also_on(self, binding: Record) -> tuple[str, ...]:
        """Return the hosts to which a port is being moved."""
        told = binding["additional_chassis"]
        return tuple(self.chassis[one]["hostname"] for one in (told if isinstance(told, list) else [told]))

    def endpoints(self, chassis: str) -> list[str]:
        """Return the addresses that a chassis has registered for tunnels."""
        return sorted({row["ip"] for row in self.encaps if row["chassis_name"] == chassis})


def read_tables() -> Tables:
    """Ask the databases on the controller."""
    told = {
        table: _rows(inside("ctl", f"ovn-{short}ctl -f json --columns={columns} list {table}"))
        for short, tables in TABLES.items()
        for table, columns in tables.items()
    }
    return Tables(
        switch_ports={row["name"]: row for row in told["Logical_Switch_Port"]},
        router_ports={row["name"]: row for row in told["Logical_Router_Port"]},
        bindings={row["logical_port"]: row for row in told["Port_Binding"]},
        chassis={row["_uuid"]: row for row in told["Chassis"]},
        encaps=tuple(told["Encap"]),
        routers=frozenset(row["name"] for row in told["Logical_Router"]),
        served=frozenset(row["external_ids"]["subnet_id"] for row in told["DHCP_Options"] if _of_subnet(row)),
        keys={row["external_ids"]["name"]: row["tunnel_key"] for row in told["Datapath_Binding"]},
        groups=_groups(told["HA_Chassis_Group"], told["HA_Chassis"]),
        nat={
            row["external_ids"]["neutron:fip_id"]: row for row in told["NAT"] if "neutron:fip_id" in row["external_ids"]
        },
        balancers=tuple(told["Load_Balancer"]),
        port_groups=_port_groups(told["Port_Group"]),
    )


def _port_groups(rows: list[Record]) -> dict[str, frozenset[str]]:
    """Return the groups of Southbound, each of which northd has split by switch: "KEY_NAME"."""
    found: dict[str, frozenset[str]] = {}
    for row in rows:
        name, ports = row["name"].partition("_")[2], row["ports"]
        found[name] = found.get(name, frozenset()) | {*(ports if isinstance(ports, list) else [ports])}
    return found


def _of_subnet(options: Record) -> bool:
    return "subnet_id" in options["external_ids"] and "port_id" not in options["external_ids"]


def _groups(groups: list[Record], members: list[Record]) -> dict[str, tuple[tuple[str, int], ...]]:
    known = {row["_uuid"]: (row["chassis"], row["priority"]) for row in members}
    listed = {row["_uuid"]: row["ha_chassis"] for row in groups}
    return {
        uuid: tuple(known[one] for one in (rows if isinstance(rows, list) else [rows])) for uuid, rows in listed.items()
    }


def _rows(text: str) -> list[Record]:
    told = json.loads(text)
    return [dict(zip(told["headings"], map(_value, row), strict=True)) for row in told["data"]]


def _value(value: Any) -> Any:  # noqa: ANN401 - RFC 7047 section 5.1
    match value:
        case ["uuid", str(uuid)]:
            return uuid
        case ["set", list(values)]:
            return [_value(one) for one in values]
        case ["map", list(pairs)]:
            return {_value(key): _value(one) for key, one in pairs}
    return value


def contradictions(site: Site, tables: Tables) -> list[str]:
    """Return the contradictions between OVN's tables and the hosts."""
    return [*_chassis(site, tables), *_servers(site, tables), *_routers(site, tables)]


def _chassis(site: Site, tables: Tables) -> Iterator[str]:
    """Check chassis and endpoints: one for each host with br-int, and a tunnel from each to each."""
    named = {row["hostname"]: row for row in tables.chassis.values()}
    having = {host.name: host for host in site.hosts.values() if host.has_ovs}
    if named.keys() != having.keys():
        yield f"chassis {sorted(named)}, but hosts with Open vSwitch {sorted(having)}"
    for name in named.keys() & having.keys():
        host, chassis = having[name], named[name]
        if host.setting("ovs", "system-id") != chassis["name"]:
            yield f"{name}: its system-id is not its chassis' name {chassis['name']}"
        ips = {row["ip"] for row in tables.encaps if row["chassis_name"] == chassis["name"]}
        configured = host.setting("ovs", "ovn-encap-ip")
        if ips != {configured} or host.holder(configured) is None:
            yield f"{name}: its endpoint is {sorted(ips)}, but it is configured with {configured}"
        remotes = {port.remote for port in host.ports.values() if port.type == "geneve"}
        others = {row["ip"] for row in tables.encaps if row["chassis_name"] != chassis["name"]}
        if remotes != others:
            yield f"{name}: it has tunnels to {sorted(remotes)}, endpoints are {sorted(others)}"


def _servers(site: Site, tables: Tables) -> Iterator[str]:
    """Check every port of a running server: in both databases, bound and up on the host of its device."""
    for id_, server in site.cloud.servers.items():
        for told in site.cloud.interfaces[id_] if server["status"] == "ACTIVE" else ():
            port, host = told["port_id"], site.hosts[server["OS-EXT-SRV-ATTR:host"]]
            logical, binding = tables.switch_ports.get(port), tables.bindings.get(port)
            if logical is None or binding is None:
                yield f"port {port} of server {id_} is not in both databases"
                continue
            if told["mac_addr"] not in str(logical["addresses"]) or told["mac_addr"] not in str(binding["mac"]):
                yield f"port {port} has the MAC {told['mac_addr']}, OVN knows {logical['addresses']}, {binding['mac']}"
            if tables.host_of(binding) != host.name or binding["up"] is not True or logical["up"] is not True:
                where = tables.host_of(binding)
                yield f"port {port} of a server on {host.name} is bound to {where}, up {binding['up']}"
            if not _installed(host, port):
                yield f"no port of {host.name}'s {INTEGRATION_BRIDGE} has iface-id {port} and its flows installed"


def _installed(host: Host, port: str) -> bool:
    own = (one for one in host.ports.values() if one.iface_id == port and one.bridge == INTEGRATION_BRIDGE)
    return any(one.installed for one in own)


def _routers(site: Site, tables: Tables) -> Iterator[str]:
    """Check every port of a router: a logical router port with its MAC, of which both ends are bound as a patch."""
    for id_, port in site.cloud.ports.items():
        if not port["device_owner"].startswith("network:router"):
            continue
        here, there = tables.router_ports.get(f"lrp-{id_}"), tables.bindings.get(id_)
        if here is None or there is None:
            yield f"port {id_} of router {port['device_id']} is not in both databases"
        elif here["mac"] != port["mac_address"] or there["type"] != "patch":
            yield f"port {id_}: {port['mac_address']} at Neutron, {here['mac']} at OVN, a {there['type']} port"
