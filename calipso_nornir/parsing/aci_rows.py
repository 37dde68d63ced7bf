# SPDX-License-Identifier: Apache-2.0
"""Rows that ``parsing.aci`` makes of an ACI fabric's objects. ``node`` is the distinguished name of a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calipso_nornir.model.quickly_made import quickly_made

if TYPE_CHECKING:
    from calipso_nornir.parsing.aci_names import Path


@dataclass(frozen=True, slots=True)
class FabricNode:
    """A node of the fabric.

    Attributes:
        role: "leaf", "spine" or "controller".
        kind: "tier-2-leaf", "remote-leaf-wan" …; "unspecified" for a usual one.
        state: "active", "inactive", "commissioned" …
    """

    node: str
    name: str
    role: str
    kind: str | None = None
    state: str | None = None
    model: str | None = None
    serial: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class NodeSystem:
    """What a node reports about itself: its release, and its management addresses."""

    node: str
    version: str | None = None
    addresses: tuple[str, ...] = ()


@quickly_made
@dataclass(frozen=True, slots=True)
class FabricNeighbour:
    """A neighbour that a node's port hears by LLDP; ``peer``: its distinguished name if it is a node of the fabric."""

    node: str
    port: str
    system_name: str | None = None
    chassis_id: str | None = None
    port_id: str | None = None
    port_description: str | None = None
    peer: str | None = None
    peer_port: str | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class FabricEndpoint:
    """A MAC address, and the paths at which the fabric has learned it; ``dn`` names tenant, profile and group."""

    mac: str
    dn: str
    paths: tuple[Path, ...]
    encapsulation: str | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class FabricPort:
    """A port of a node.

    Attributes:
        usage: "epg", "fabric", "discovery" …, several separated by commas.
        up, reason: its state, and the switch's own word for it; None if the APIC does not report it.
        lag: the port channel that it is a member of ("po8").
    """

    node: str
    name: str
    enabled: bool
    description: str | None = None
    mtu: int | None = None
    mode: str | None = None
    usage: str | None = None
    up: bool | None = None
    reason: str | None = None
    speed: str | None = None
    lag: str | None = None


@dataclass(frozen=True, slots=True)
class PortChannel:
    """A port channel of a leaf: its name ("po8"), that of its policy group, and its members."""

    node: str
    name: str
    group: str
    up: bool | None = None
    mode: str | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VirtualPortChannel:
    """A leaf's end of a virtual port channel: the path to it, and the leaf's own port channel."""

    node: str
    number: str
    path: str
    lag: str | None = None
