# SPDX-License-Identifier: Apache-2.0
"""OVN's Northbound database (ovn-nb(5)): logical routers, NAT, DHCP, load balancers, port groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calipso_nornir.parsing.json_shapes import document
from calipso_nornir.parsing.ovn_rows import Columns, Tables, by_table, neutron_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PARSER = "ovn_northbound"
ROUTER_PORT = "lrp-"
"""Prefix that ML2/OVN adds to the id of a Neutron port to name the port's end at the router."""
REDIRECT = "cr-"
"""Prefix that northd adds to the name of a router's gateway port to name the port bound to its current chassis."""
FORWARDING = "port_forwarding_plugin"
"""Owner that Neutron records on load balancers that forward single ports of a floating IP."""
TABLES: Tables = (
    ("Logical_Router", ("name", "ports", "nat", "options", "enabled")),
    ("Logical_Router_Port", ("_uuid", "name", "mac", "networks", "enabled", "options")),
    ("NAT", ("_uuid", "type", "external_ip", "logical_ip", "logical_port", "external_mac", "external_ids")),
    ("DHCP_Options", ("cidr", "options", "external_ids")),
    ("Load_Balancer", ("name", "vips", "protocol", "external_ids")),
    ("Logical_Switch_Port", ("_uuid", "name")),
    ("Port_Group", ("name", "ports", "external_ids")),
)
DROP = "neutron_pg_drop"
"""Group of the ports that pass only what the rules of security groups allow."""
OF_SECURITY = "pg_"
"""Prefix that ML2/OVN adds to the id of a security group, with underscores, to name the group of its ports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPort:
    """A port of a router; ``port_id`` is the Neutron port's id."""

    name: str
    port_id: str
    mac: str
    networks: tuple[str, ...]
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Nat:
    """An address translation; a floating IP has a Neutron id, and is distributed when it has a MAC of its own."""

    type: str
    external_ip: str
    logical_ip: str
    logical_port: str | None
    external_mac: str | None
    floating_ip_id: str | None

    @property
    def distributed(self) -> bool:
        """Whether its packets leave from the host of its port rather than through the router's gateway."""
        return self.logical_port is not None and self.external_mac is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """A Neutron router. ``chassis``: the chassis that it is pinned to; None for a distributed router."""

    id: str
    enabled: bool
    chassis: str | None
    ports: tuple[RouterPort, ...]
    nat: tuple[Nat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dhcp:
    """The DHCP options that hosts hand out in a subnet, for all ports or for one."""

    cidr: str
    subnet_id: str | None
    port_id: str | None
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancer:
    """An OVN load balancer of one protocol: its addresses with ports, and the members behind each.

    Octavia's provider (ovn-octavia-provider) creates one per protocol, all named by its load balancer's id; Neutron
    creates one for the forwarded ports of a floating IP.
    """

    name: str
    protocol: str
    vips: Mapping[str, tuple[str, ...]]
    about: Mapping[str, str]
    """The owner's records (``external_ids``)."""

    @property
    def floating_ip_id(self) -> str | None:
        """The floating IP whose ports it forwards."""
        return self.about.get("neutron:fip_id") if self.about.get("neutron:device_owner") == FORWARDING else None

    @property
    def of_octavia(self) -> bool:
        """Whether Octavia created it; other services also create OVN load balancers."""
        return "neutron:vip" in self.about or "ls_refs" in self.about

    @property
    def networks(self) -> tuple[str, ...]:
        """Neutron ids of the networks that it serves."""
        found = document(self.about.get("ls_refs") or "{}", parser=PARSER)
        names = sorted(found) if isinstance(found, dict) else ()
        return tuple(id_ for name in names if (id_ := neutron_id(name)) is not None)

    @property
    def router_id(self) -> str | None:
        """Neutron id of the router that it is attached to."""
        return neutron_id(self.about.get("lr_ref", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """The limits of a port's traffic: the ids of its security groups, and whether it passes only what they allow."""

    security_groups: tuple[str, ...]
    default_drop: bool


@dataclass(frozen=True, slots=True)
class Northbound:
    """A snapshot of the database."""

    routers: Mapping[str, Router]
    """By the router's id in Neutron."""
    dhcp: tuple[Dhcp, ...]
    balancers: tuple[Balancer, ...] = ()
    """By name, protocol."""
    protection: Mapping[str, Protection] = field(default_factory=dict)
    """Of every port that the database has, by its name, which is the Neutron port's id."""


def northbound(text: str) -> Northbound:
    """Read the tables."""
    rows = by_table(text, TABLES, parser=PARSER)
    ports = {row.text("_uuid"): _port(row) for row in rows["Logical_Router_Port"]}
    nat = {row.text("_uuid"): nat_of(row) for row in rows["NAT"]}
    routers = [_router(row, ports, nat) for row in rows["Logical_Router"]]
    return Northbound(
        {router.id: router for router in routers if router is not None},
        tuple(map(_dhcp, rows["DHCP_Options"])),
        tuple(sorted(map(balancer_of, rows["Load_Balancer"]), key=lambda one: (one.name, one.protocol))),
        _protection(rows["Logical_Switch_Port"], rows["Port_Group"]),
    )


def _protection(ports: Sequence[Columns], groups: Sequence[Columns]) -> dict[str, Protection]:
    of_port: dict[str, list[str]] = {port.text("_uuid"): [] for port in ports}
    dropping: frozenset[str] = frozenset()
    for group in groups:
        name, members = group.text("name"), group.many("ports")
        if name == DROP:
            dropping = frozenset(members)
        elif name.startswith(OF_SECURITY):
            about = group.table_of("external_ids").get("neutron:security_group_id")
            id_ = about or name.removeprefix(OF_SECURITY).replace("_", "-")
            for uuid in members:
                of_port.setdefault(uuid, []).append(id_)
    return {
        port.text("name"): Protection(security_groups=tuple(sorted(of_port[uuid])), default_drop=uuid in dropping)
        for port in ports
        for uuid in (port.text("_uuid"),)
    }


def _router(row: Columns, ports: Mapping[str, RouterPort], nat: Mapping[str, Nat]) -> Router | None:
    id_ = neutron_id(row.text("name"))
    if id_ is None:
        return None
    own = (ports[uuid] for uuid in row.many("ports") if uuid in ports)
    translations = (nat[uuid] for uuid in row.many("nat") if uuid in nat)
    return Router(
        id=id_,
        enabled=row.flag("enabled") is not False,
        chassis=row.table_of("options").get("chassis"),
        ports=tuple(sorted(own, key=lambda one: one.name)),
        nat=tuple(sorted(translations, key=lambda one: (one.type, one.external_ip, one.logical_ip))),
    )


def _port(row: Columns) -> RouterPort:
    name = row.text("name")
    return RouterPort(
        name=name,
        port_id=name.removeprefix(ROUTER_PORT),
        mac=row.text("mac").lower(),
        networks=row.many("networks"),
        enabled=row.flag("enabled") is not False,
    )


def nat_of(row: Columns) -> Nat:
    """Return a row of the table NAT."""
    return Nat(
        type=row.text("type"),
        external_ip=row.text("external_ip"),
        logical_ip=row.text("logical_ip"),
        logical_port=row.one("logical_port"),
        external_mac=row.one("external_mac"),
        floating_ip_id=row.table_of("external_ids").get("neutron:fip_id"),
    )


def balancer_of(row: Columns) -> Balancer:
    """Return a row of the table Load_Balancer."""
    vips = {
        vip: tuple(sorted(one.strip() for one in members.split(",") if one.strip()))
        for vip, members in row.table_of("vips").items()
    }
    return Balancer(
        name=row.text("name"), protocol=row.one("protocol") or "tcp", vips=vips, about=row.table_of("external_ids")
    )


def _dhcp(row: Columns) -> Dhcp:
    about = row.table_of("external_ids")
    return Dhcp(
        cidr=row.text("cidr"),
        subnet_id=about.get("subnet_id"),
        port_id=about.get("port_id"),
        options=row.table_of("options"),
    )
