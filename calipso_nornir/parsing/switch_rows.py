# SPDX-License-Identifier: Apache-2.0
"""Rows of switches' answers, the same for all platforms: each kind of question gives rows of one of these classes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchIdentity:
    """The identity of a switch. ``chassis_id``: its id in LLDP; None if each port announces another one."""

    chassis_id: str | None = None
    chassis_id_type: str = "mac"
    hostname: str | None = None
    version: str | None = None
    model: str | None = None
    serial: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPort:
    """One port or LAG. ``up``: whether it carries frames; ``mtu``: maximum bytes of an IP packet."""

    name: str
    up: bool
    reason: str | None = None
    mtu: int | None = None
    mac_address: str | None = None
    description: str | None = None
    index: str | None = None
    bridge: str | None = None
    input_errors: int | None = None
    output_errors: int | None = None
    crc_errors: int | None = None
    input_discards: int | None = None
    output_discards: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortVlans:
    """VLANs of one port: all (``mode`` trunk: ``native``, ``allowed``; access: ``access``), or one (``vlan``).

    ``vlan_end``: the last VLAN, if the row is about a range. ``tagged``: whether frames of ``vlan`` leave tagged.
    """

    port: str
    mode: str | None = None
    access: int | None = None
    native: int | None = None
    allowed: str | None = None
    vlan: int | None = None
    vlan_end: int | None = None
    tagged: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedMac:
    """An address in the MAC table, and the port that it was learned on."""

    port: str
    mac_address: str
    vlan: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LagMember:
    """A port that is configured as a member of a LAG; ``active``: whether it carries the LAG's frames now."""

    lag: str
    port: str
    active: bool
    protocol: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchNeighbour:
    """An LLDP neighbour of a port."""

    port: str
    chassis_id: str
    chassis_id_type: str | None = None
    system_name: str | None = None
    port_id: str | None = None
    port_description: str | None = None
    management_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchBridge:
    """A bridge of a Linux-based switch; without ``vlan_aware``, its ports pass the frames of every VLAN unchanged."""

    name: str
    vlan_aware: bool


KINDS: Final = MappingProxyType(
    {
        "identity": SwitchIdentity,
        "ports": SwitchPort,
        "vlans": PortVlans,
        "macs": LearnedMac,
        "lags": LagMember,
        "neighbours": SwitchNeighbour,
        "bridges": SwitchBridge,
    }
)
"""Kind of question -> the class of its rows."""


def columns_of(kind: str) -> dict[str, str]:
    """Return the columns that rows of a kind have, each with its type as it is written above."""
    return {field.name: str(field.type) for field in fields(KINDS[kind])}


def needed_columns(kind: str) -> list[str]:
    """Return the columns that rows of a kind must have."""
    return [name for name, type_ in columns_of(kind).items() if "None" not in type_ and name != "chassis_id_type"]


Row = SwitchIdentity | SwitchPort | PortVlans | LearnedMac | LagMember | SwitchNeighbour | SwitchBridge


def as_values(one: Row) -> dict[str, Any]:
    """Return the columns of a row that have a value."""
    return {name: value for name in columns_of_row(one) if (value := getattr(one, name)) is not None}


def columns_of_row(one: Row) -> list[str]:
    """Return the names of a row's columns."""
    return [field.name for field in fields(one)]
