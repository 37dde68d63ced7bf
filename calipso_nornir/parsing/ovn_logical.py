# SPDX-License-Identifier: Apache-2.0
"""OVN's Northbound database (ovn-nb(5)) as it is, whoever wrote it: switches, routers, and how their ports are joined.

``ovn_northbound`` reads what Neutron wrote, by Neutron's ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from calipso_nornir.parsing.ovn_northbound import Balancer, Nat, balancer_of, nat_of
from calipso_nornir.parsing.ovn_rows import Columns, Tables, by_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PARSER = "ovn_logical"
TABLES: Tables = (
    ("NB_Global", ("name",)),
    ("Logical_Switch", ("_uuid", "name", "ports", "other_config")),
    ("Logical_Switch_Port", ("_uuid", "name", "type", "options", "tag")),
    ("Logical_Router", ("_uuid", "name", "ports", "nat", "static_routes", "options", "enabled")),
    ("Logical_Router_Port", ("_uuid", "name", "mac", "networks", "enabled", "peer")),
    ("Logical_Router_Static_Route", ("_uuid", "ip_prefix", "nexthop", "policy", "route_table")),
    ("NAT", ("_uuid", "type", "external_ip", "logical_ip", "logical_port", "external_mac", "external_ids")),
    ("Load_Balancer", ("name", "vips", "protocol", "external_ids")),
)
ROUTER, LOCALNET, REMOTE = "router", "localnet", "remote"
"""Types of switch ports: the end of a router's port, a physical network, a port of another zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPort:
    """A port of a switch. ``router_port``: name of the router's port that it is joined to."""

    name: str
    type: str
    router_port: str | None
    physical_network: str | None
    tag: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A logical switch. ``transit``: it is the same one in several zones (``interconn-ts``)."""

    uuid: str
    name: str
    ports: tuple[SwitchPort, ...]
    subnet: str | None
    transit: bool

    @property
    def outside(self) -> SwitchPort | None:
        """The port to a physical network; None if there is none, or several."""
        found = [one for one in self.ports if one.type == LOCALNET]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPort:
    """A port of a router. ``peer``: name of another router's port that it is joined to without a switch."""

    name: str
    mac: str
    networks: tuple[str, ...]
    enabled: bool
    peer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A static route; ``by_source``: it looks at the packets' source address, not at their destination."""

    prefix: str
    next_hop: str
    by_source: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalRouter:
    """A logical router. ``chassis``: the chassis that it is pinned to, a gateway router; None if it is distributed."""

    uuid: str
    name: str
    enabled: bool
    chassis: str | None
    ports: tuple[RouterPort, ...]
    nat: tuple[Nat, ...]
    routes: tuple[Route, ...]
    """Those of its main table."""


Row = TypeVar("Row", Switch, LogicalRouter)


@dataclass(frozen=True)
class Logical:
    """A snapshot of the database. ``zone``: its name, if it is one of several zones; "global" is the only one."""

    zone: str | None
    switches: tuple[Switch, ...]
    routers: tuple[LogicalRouter, ...]
    balancers: tuple[Balancer, ...]

    @cached_property
    def joined(self) -> Mapping[str, tuple[Switch, SwitchPort]]:
        """The switch, and its port, that each router's port is joined to, by the port's name.

        Router ports that several switch ports name are left out: OVN joins only one of them, and does not say which.
        """
        ends: dict[str, list[tuple[Switch, SwitchPort]]] = {}
        for switch in self.switches:
            for port in switch.ports:
                if port.type == ROUTER and port.router_port:
                    ends.setdefault(port.router_port, []).append((switch, port))
        return {name: found[0] for name, found in ends.items() if len(found) == 1}

    @cached_property
    def switch_of(self) -> Mapping[str, Switch]:
        """The switch of each switch port, by the port's name, which the schema keeps unique."""
        return {port.name: switch for switch in self.switches for port in switch.ports}


def logical(text: str) -> Logical:
    """Read the tables."""
    rows = by_table(text, TABLES, parser=PARSER)
    switch_ports = {row.text("_uuid"): _switch_port(row) for row in rows["Logical_Switch_Port"]}
    router_ports = {row.text("_uuid"): _router_port(row) for row in rows["Logical_Router_Port"]}
    nat = {row.text("_uuid"): nat_of(row) for row in rows["NAT"]}
    routes = {row.text("_uuid"): row for row in rows["Logical_Router_Static_Route"]}
    return Logical(
        zone=_zone(rows["NB_Global"]),
        switches=_sorted(_switch(row, switch_ports) for row in rows["Logical_Switch"]),
        routers=_sorted(_router(row, router_ports, nat, routes) for row in rows["Logical_Router"]),
        balancers=tuple(sorted(map(balancer_of, rows["Load_Balancer"]), key=lambda one: (one.name, one.protocol))),
    )


def _sorted(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda one: (one.name, one.uuid)))


def _zone(rows: Iterable[Columns]) -> str | None:
    names = [name for row in rows if (name := row.text("name")) not in ("", "global")]
    return names[0] if len(names) == 1 else None


def _switch(row: Columns, ports: Mapping[str, SwitchPort]) -> Switch:
    config = row.table_of("other_config")
    own = (ports[uuid] for uuid in row.many("ports") if uuid in ports)
    return Switch(
        uuid=row.text("_uuid"),
        name=row.text("name"),
        ports=tuple(sorted(own, key=lambda one: one.name)),
        subnet=config.get("subnet") or None,
        transit="interconn-ts" in config,
    )


def _switch_port(row: Columns) -> SwitchPort:
    type_, options = row.text("type"), row.table_of("options")
    return SwitchPort(
        name=row.text("name"),
        type=type_,
        router_port=options.get("router-port"),
        physical_network=options.get("network_name") if type_ == LOCALNET else None,
        tag=row.number("tag"),
    )


def _router(
    row: Columns, ports: Mapping[str, RouterPort], nat: Mapping[str, Nat], routes: Mapping[str, Columns]
) -> LogicalRouter:
    own = (ports[uuid] for uuid in row.many("ports") if uuid in ports)
    translations = (nat[uuid] for uuid in row.many("nat") if uuid in nat)
    ways = (_route(routes[uuid]) for uuid in row.many("static_routes") if uuid in routes)
    return LogicalRouter(
        uuid=row.text("_uuid"),
        name=row.text("name"),
        enabled=row.flag("enabled") is not False,
        chassis=row.table_of("options").get("chassis") or None,
        ports=tuple(sorted(own, key=lambda one: one.name)),
        nat=tuple(sorted(translations, key=lambda one: (one.type, one.external_ip, one.logical_ip))),
        routes=tuple(sorted((one for one in ways if one), key=lambda one: (one.prefix, one.next_hop))),
    )


def _router_port(row: Columns) -> RouterPort:
    return RouterPort(
        name=row.text("name"),
        mac=row.text("mac").lower(),
        networks=row.many("networks"),
        enabled=row.flag("enabled") is not False,
        peer=row.one("peer"),
    )


def _route(row: Columns) -> Route | None:
    """Return a route of the main table; None for one of another table."""
    if row.row.get("route_table"):
        return None
    return Route(prefix=row.text("ip_prefix"), next_hop=row.text("nexthop"), by_source=row.one("policy") == "src-ip")
