# SPDX-License-Identifier: Apache-2.0
"""Which gateway router the packets from a logical switch leave by, as the routes of OVN say."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network, IPv6Network

    from calipso_nornir.parsing.ovn_logical import Logical, LogicalRouter, RouterPort, Switch


@dataclass(frozen=True, slots=True)
class Way:
    """A route by source address: packets from ``prefix`` go to ``port`` of ``gateway``."""

    prefix: str
    next_hop: str
    gateway: LogicalRouter
    port: RouterPort


def ways_out(logical: Logical, switch: Switch) -> Iterator[Way]:
    """Yield the routes by source address for a switch's own network whose next hop is exactly one neighbour's port.

    Other next hops, such as the node's own interface (local gateway mode), lead to no router.
    """
    for router in logical.routers:
        own = {net for port in router.ports if _is_on(logical, port, switch) for net in networks_of(port)}
        routes = [one for one in router.routes if one.by_source and _network(one.prefix) in own] if own else []
        near = list(_neighbours(logical, router)) if routes else []
        for route in routes:
            found = [(other, port) for other, port in near if _has(port, route.next_hop)]
            if len(found) == 1:
                yield Way(route.prefix, route.next_hop, *found[0])


def networks_of(port: RouterPort) -> list[IPv4Network | IPv6Network]:
    """Return the address ranges that a router's port is in."""
    found = (_network(cidr) for cidr in port.networks)
    return [one for one in found if one is not None and not one.is_link_local]


def _is_on(logical: Logical, port: RouterPort, switch: Switch) -> bool:
    found = logical.joined.get(port.name)
    return found is not None and found[0].uuid == switch.uuid


def _neighbours(logical: Logical, router: LogicalRouter) -> Iterator[tuple[LogicalRouter, RouterPort]]:
    """Yield the ports of other routers that share a switch with a router, or are joined to one of its ports."""
    switches = {found[0].uuid for port in router.ports if (found := logical.joined.get(port.name)) is not None}
    names, peers = {port.name for port in router.ports}, {port.peer for port in router.ports}
    for other in logical.routers:
        for port in other.ports if other.uuid != router.uuid else ():
            found = logical.joined.get(port.name)
            shares = found is not None and found[0].uuid in switches
            if shares or (port.peer in names and port.name in peers):
                yield other, port


def _has(port: RouterPort, address: str) -> bool:
    try:
        return ip_address(address) in {ip_interface(cidr).ip for cidr in port.networks}
    except ValueError:
        return False


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
