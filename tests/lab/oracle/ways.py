# SPDX-License-Identifier: Apache-2.0
"""Ways out of a host: from a device or bridge, over everything that connects two devices, to the cables."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.lab.oracle.hosts import INTEGRATION_BRIDGE
from tests.lab.oracle.model import End, Link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.oracle.hosts import Host


@dataclass(frozen=True, slots=True)
class Way:
    """Linux bridges in the order in which frames pass them, and the cable by which they leave."""

    bridges: tuple[str, ...]
    cable: str


def of_device(host: Host, device: str, been: frozenset[str] = frozenset()) -> Iterator[Way]:
    """Yield the ways of frames that a device sends."""
    if device in host.cables():
        yield Way((), device)
    peer = host.peer(device)
    if peer is not None:
        yield from behind(host, peer, been)


def behind(host: Host, device: str, been: frozenset[str]) -> Iterator[Way]:
    """Yield the ways of frames that arrive by a device: they continue from the bridges of which it is a port."""
    bridge = host.bridge_of(device)
    if bridge is not None:
        yield from of_bridge(host, bridge, been)
    if device in host.ports:
        yield from of_switch(host, host.ports[device].bridge, been)


def of_bridge(host: Host, bridge: str, been: frozenset[str] = frozenset()) -> Iterator[Way]:
    """Yield the ways out of a Linux bridge."""
    if bridge in been:
        return
    for member in host.members(bridge):
        ways = list(of_device(host, member, been | {bridge}))
        if member in host.ports:
            ways += of_switch(host, host.ports[member].bridge, been | {bridge})
        yield from (replace(way, bridges=(bridge, *way.bridges)) for way in ways)


def of_switch(host: Host, bridge: str, been: frozenset[str] = frozenset()) -> Iterator[Way]:
    """Yield the ways out of a bridge of Open vSwitch, but not of the integration bridge, where flows decide."""
    if bridge in been or bridge == INTEGRATION_BRIDGE:
        return
    been |= {bridge}
    for port in host.ports.values():
        if port.bridge != bridge:
            continue
        yield from of_device(host, port.name, been)
        linux = host.bridge_of(port.name)
        if linux is not None:
            yield from of_bridge(host, linux, been)
        other = host.ports.get(port.peer)
        if port.type == "patch" and other is not None and other.peer == port.name:
            yield from of_switch(host, other.bridge, been)


def links_of_bridges(host: Host, bridges: tuple[str, ...], cable: str) -> list[Link]:
    """Return the links from the first of a chain of Linux bridges to the cable."""
    ends = [End("vconnector", host.name, one) for one in bridges] + [End("host_pnic", host.name, cable)]
    return [Link(one, other) for one, other in itertools.pairwise(ends)]
